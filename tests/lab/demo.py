# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: the real playbook, over real protocols, under load, and one table that says what it cost.

The exit status says whether the run ended as its mode should: `naive` must lose requests, `broken` must fail and be
rolled back.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import ansible_cli, checks, net
from .load.records import Record, in_flight
from .loadrun import LoadRun
from .observer import Observer
from .stack import ROOT, Lab

OUTPUT = ROOT / "build" / "demo"
SAMPLE_S = 0.1
WARM_S = 2.0
BEFORE_S = 10.0
AFTER_S = 6.0
WANTED_REQUESTS = 10_500
LONGEST_LOAD_S = 1200.0
PLAYBOOK_LIMIT_S = 1080.0
NAIVE = ROOT / "tests" / "lab" / "playbooks" / "naive_deploy.yml"


@dataclass(frozen=True)
class Mode:
    """What is released, how, and over which kind of load balancer."""

    name: str
    version: str = "2.0.0"
    playbook: str = "zero_downtime.dotnet.rolling_deploy"
    cookie: bool = False
    reload: bool = False
    extra_vars: dict[str, Any] = field(default_factory=dict)


MODES = {
    mode.name: mode
    for mode in (
        Mode("rolling"),
        Mode("naive", playbook=str(NAIVE)),
        Mode("broken", version="2.0.1-broken"),
        Mode("cookie", cookie=True, extra_vars={"dotnet_drain_timeout_s": 12}),
        Mode("reload", reload=True),
    )
}


class Demo:
    """One run: lab, load, playbook, figures."""

    def __init__(self, mode: Mode, lab: Lab, output: Path) -> None:
        self.mode = mode
        self.lab = lab
        self.output = output
        self.observer = Observer(lab.admin_socket)
        self.reloaded: set[str] = set()
        self.report_file = lab.state / "report.json"

    def run(self) -> dict[str, Any]:
        self.output.mkdir(parents=True, exist_ok=True)
        self.lab.build(self.mode.version)
        load = LoadRun(self.lab, self.mode.name, self.output, longest_s=LONGEST_LOAD_S)
        load.start()
        self._watch(WARM_S + BEFORE_S)
        load.mark("deploy_start")
        begin = time.monotonic()
        returncode = self._deploy()
        deploy_s = time.monotonic() - begin
        load.mark("deploy_end")
        self._watch(AFTER_S)
        self._watch(LONGEST_LOAD_S, until=lambda: load.sent >= WANTED_REQUESTS)
        versions, members = self.lab.versions(), self.lab.members()
        figures = load.stop()
        return self._summary(returncode, deploy_s, versions, members, figures, load.records())

    # -- the parts
    def _watch(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            self.observer.sample()
            self._reload_when_draining()
            time.sleep(SAMPLE_S)

    def _deploy(self) -> int:
        extra_vars = {
            "dotnet_release": str(self.lab.artifacts_root / "shop" / self.mode.version),
            "dotnet_report": str(self.report_file),
            **self.mode.extra_vars,
        }
        color = {"ANSIBLE_FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
        sys.stdout.flush()
        playbook = ansible_cli.start(
            {**self.lab.environment, **color},
            ansible_cli.argv("ansible-playbook", self.mode.playbook, extra_vars=extra_vars),
        )
        try:
            self._watch(PLAYBOOK_LIMIT_S, until=lambda: playbook.poll() is not None)
            if playbook.poll() is None:
                raise RuntimeError(f"the playbook did not end within {PLAYBOOK_LIMIT_S:g} s")
            return playbook.returncode
        finally:
            _end(playbook)

    def _reload_when_draining(self) -> None:
        """MODE=reload: HAProxy gets a new worker in the middle of each drain, as when a certificate is renewed."""
        if not self.mode.reload or self.lab.haproxy is None:
            return
        for drain in self.observer.drains:
            if drain.node not in self.reloaded and time.monotonic() - drain.began > 0.5:
                self.reloaded.add(drain.node)
                self.lab.haproxy.popen.send_signal(signal.SIGUSR2)

    # -- the figures
    def _summary(
        self,
        returncode: int,
        deploy_s: float,
        versions: dict[str, str],
        members: dict[str, str],
        load: dict[str, Any],
        records: list[Record],
    ) -> dict[str, Any]:
        report: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            report = json.loads(self.report_file.read_text())
        drains = {node: self.observer.first_drain(node) for node in self.lab.nodes}
        seen = {node: drain for node, drain in drains.items() if drain is not None}
        return {
            "mode": self.mode.name,
            "released": self.mode.version,
            "playbook_exit": returncode,
            **{key: load[key] for key in ("requests", "requests_per_s", "failed_requests", "failed_by_kind")},
            **{key: load[key] for key in ("lost_writes", "duplicated_writes", "acknowledged_writes", "max_gap_ms")},
            **{key: load[key] for key in ("p50_ms", "p99_ms", "failure_bound_95", "requests_by_kind")},
            "min_servers_up": self.observer.min_up,
            "deploy_s": round(deploy_s, 2),
            "drain_s": {n: None if d.seconds is None else round(d.seconds, 2) for n, d in seen.items()},
            "in_flight_at_drain": {node: drain.in_flight for node, drain in seen.items()},
            "slow_in_flight_at_drain": {
                node: in_flight(records, drain.began, node.upper()) for node, drain in seen.items()
            },
            "versions": versions,
            "members": members,
            "touched": sorted(self.observer.left),
            "reloaded": sorted(self.reloaded),
            "outcomes": {node: result["outcome"] for node, result in report.get("nodes", {}).items()},
            "lease": self.lab.lease(),
            "versions_seen": load["versions_seen"],
            "haproxy": self.observer.counters,
            "generator_max_lag_ms": load["max_lag_ms"],
            "observer": {"samples": self.observer.samples, "missed": self.observer.missed},
        }


def _end(playbook: subprocess.Popen[bytes]) -> None:
    """Ctrl-C has reached it already; a second one, and at last the hard way."""
    for number, patience_s in ((signal.SIGINT, 10), (signal.SIGTERM, 3), (signal.SIGKILL, 3)):
        if playbook.poll() is not None:
            return
        playbook.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            playbook.wait(patience_s)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description="A release under load, and what it cost.")
    parser.add_argument("--mode", choices=sorted(MODES), default="rolling")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--net", type=int, help="number of the loopback net; without it the first free one")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where summary.json and requests.jsonl go")
    options = parser.parse_args(argv)
    mode = MODES[options.mode]
    signal.signal(signal.SIGTERM, _interrupt)
    begin = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            holder = net.allocate() if options.net is None else net.hold(options.net)
            where = stack.enter_context(holder)
            print(f"demo: starting a lab on {where.haproxy} ...", flush=True)
            lab = stack.enter_context(Lab(where, options.nodes, cookie=mode.cookie))
            print(f"demo: it serves after {time.monotonic() - begin:.1f} s; load for {BEFORE_S:g} s, then the release")
            summary = Demo(mode, lab, options.output).run()
    except KeyboardInterrupt:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return 130
    summary["total_s"] = round(time.monotonic() - begin, 1)
    found = checks.check(summary)
    summary["as_expected"] = all(check.holds for check in found)
    (options.output / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(checks.table(summary, found))
    return 0 if summary["as_expected"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
