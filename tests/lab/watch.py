# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook under load while HAProxy is watched from outside: what the demo shows, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import ansible_cli
from .load import records
from .loadrun import LoadRun
from .observer import Observer
from .stack import Lab

_SAMPLE_S = 0.1


@dataclass
class Watched:
    """How it went."""

    returncode: int
    output: str
    observer: Observer
    load: dict[str, Any]
    records: list[records.Record] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def story(self) -> str:
        return ansible_cli.story(self.output)

    def outcomes(self) -> dict[str, str]:
        return {node: result["outcome"] for node, result in self.report.get("nodes", {}).items()}

    def slow_in_flight(self, node: str) -> int:
        drain = self.observer.first_drain(node)
        return records.in_flight(self.records, drain.began, node.upper()) if drain else 0


def watch_playbook(
    lab: Lab,
    load: LoadRun,
    playbook: str,
    *arguments: str,
    extra_vars: Mapping[str, Any] | None = None,
    before_s: float = 6.0,
    after_s: float = 1.0,
    timeout_s: float = 600.0,
    meanwhile: Callable[[Observer], None] = lambda observer: None,
) -> Watched:
    """Some load first, so that slow requests are under way, then the playbook, then a little more load."""
    observer = Observer(lab.admin_socket)
    target = playbook if "/" in playbook else f"zero_downtime.dotnet.{playbook}"
    log = lab.logs / f"playbook-{time.monotonic_ns()}.log"

    def watch(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            observer.sample()
            meanwhile(observer)
            time.sleep(_SAMPLE_S)

    watch(before_s)
    load.mark("deploy_start")
    with log.open("wb") as output:
        running = ansible_cli.start(
            lab.environment,
            ansible_cli.argv("ansible-playbook", target, *arguments, extra_vars=extra_vars),
            stdout=output,
            stderr=output,
        )
        try:
            watch(timeout_s, until=lambda: running.poll() is not None)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
    load.mark("deploy_end")
    watch(after_s)
    figures = load.stop()
    return Watched(running.returncode, log.read_text(errors="replace"), observer, figures, load.records())
