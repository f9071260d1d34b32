# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drain costs beside community.general.haproxy, and what each loses: writes build/bench/drain.json.

The same drains of the same real HAProxy by both modules, each in a process of its own. The other collection comes from
the package `ansible`, and lies in build/bench only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "build" / "collections")]

from lab.haproxy.farm import Farm
from lab.haproxy.module import ModuleRun
from lab.haproxy.scene import Scene, scene
from lab.haproxy.users import MIXED, Kind

BENCH = ROOT / "build" / "bench"
OTHER = "ansible_collections.community.general.plugins.modules.haproxy"
OTHER_FILE = "ansible_collections/community/general/plugins/modules/haproxy.py"
MANIFEST = "ansible_collections/community/general/MANIFEST.json"
SAMPLES_NEEDED_MS = 100 + 2 * 25
DRAINS = 20
BUSY_COOKIES = (Kind(12, cookies=True, think_s=0.02), Kind(8, "/slow/0.6", cookies=True, think_s=0.01))


def fetch_other() -> str:
    """community.general's module alone, unpacked from the package; its version."""
    target = BENCH / "collections"
    if not (target / OTHER_FILE).exists():
        with tempfile.TemporaryDirectory(dir=BENCH) as directory:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory, "ansible"]
            subprocess.run(command, check=True)
            with zipfile.ZipFile(next(Path(directory).glob("ansible-*.whl"))) as archive:
                for name in (OTHER_FILE, MANIFEST):
                    archive.extract(name, target)
    return str(json.loads((target / MANIFEST).read_text())["collection_info"]["version"])


Drain = Callable[[Scene], ModuleRun]


def ours(made: Scene, **args: Any) -> ModuleRun:
    return ModuleRun(
        "lb_member",
        {"member": "web01", "state": "drained", "socket": str(made.balancer.admin), "timeout_s": 30, **args},
    )


def other(made: Scene, interval_s: int = 1, **args: Any) -> ModuleRun:
    """Its best correct settings: both flags that make it wait for requests, and the shortest pause it takes."""
    options = {"drain": True, "wait": True, "wait_interval": interval_s, "wait_retries": 30 if interval_s else 200_000}
    socket_path = {"socket": str(made.balancer.admin)}
    return ModuleRun(OTHER, {"host": "web01", "backend": "web", "state": "disabled", **socket_path, **options, **args})


def back(made: Scene) -> None:
    made.balancer.ask("set server web/web01 state ready")
    made.balancer.wait_status("UP")


class SlowRequest:
    """One request in flight to web01, and the moment at which it ended."""

    def __init__(self, made: Scene, seconds: float) -> None:
        self._seconds = seconds
        self._frontend = made.balancer.frontend
        self.ended = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        made.balancer.ask("set server web/web02 state drain")
        self._thread.start()
        made.wait_busy(1)
        made.balancer.ask("set server web/web02 state ready")
        made.balancer.wait_status("UP", "web02")

    def _run(self) -> None:
        with socket.create_connection(self._frontend) as connection:
            connection.sendall(f"GET /slow/{self._seconds} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            while connection.recv(4096):
                pass
        self.ended = time.monotonic()

    def wait(self) -> None:
        self._thread.join()


def lag_ms(made: Scene, drain: Drain, place: int) -> float:
    """From the end of the last request in flight to the end of the module."""
    # Spread over a second, the shortest pause of the other module, so that no phase of it is preferred.
    request = SlowRequest(made, 1.2 + 0.05 * (place % 20))
    run = drain(made)
    result = run.result()
    ended = time.monotonic()
    request.wait()
    assert not result.get("failed"), result
    assert made.balancer.status() == "MAINT"
    assert ended > request.ended, "the module returned before the last request had ended"
    back(made)
    return (ended - request.ended) * 1000


def startup_ms(made: Scene, drain: Drain) -> float:
    """The whole time of the module where there is nothing to do, without what it says that it waited."""
    times = []
    made.balancer.ask("set server web/web01 state maint")
    for _attempt in range(5):
        began = time.monotonic()
        result = drain(made).result()
        assert not result.get("failed"), result
        times.append((time.monotonic() - began) * 1000 - result.get("waited_ms", 0))
    back(made)
    return float(statistics.median(times))


@contextlib.contextmanager
def counted(made: Scene) -> Iterator[dict[str, int]]:
    """A socket in front of HAProxy's that counts commands and bytes."""
    path = made.directory / "counted.sock"
    seen = {"commands": 0, "bytes": 0}
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(16)

    def serve() -> None:
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            with client:
                command = client.makefile("rb").readline().decode().strip()
                answer = made.balancer.ask(command).encode()
                seen["commands"] += command.count(";") + 1
                seen["bytes"] += len(answer)
                client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield seen
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        path.unlink()


def cost_per_second(made: Scene, drain: Callable[[Scene, str], ModuleRun], seconds: float = 3.0) -> dict[str, float]:
    """Commands and kilobytes for each second of waiting."""
    request = SlowRequest(made, seconds + 1.5)
    with counted(made) as seen:
        run = drain(made, str(made.directory / "counted.sock"))
        time.sleep(1.0)
        before = dict(seen)
        time.sleep(seconds)
        after = dict(seen)
        run.result()
    request.wait()
    back(made)
    return {
        "commands": round((after["commands"] - before["commands"]) / seconds, 1),
        "kilobytes": round((after["bytes"] - before["bytes"]) / seconds / 1000, 1),
    }


def failed_requests(farm: Farm, kinds: tuple[Kind, ...], drain: Drain, *, agent: str = "", reload: bool = False) -> Any:
    """Requests lost when web01 is killed after the module has said that it is drained; no kill when it has failed."""
    with scene(farm, agent=agent) as made:
        with made.users(kinds) as users:
            made.wait_busy(2)
            time.sleep(0.4)
            if reload:
                made.balancer.reload()
            result = drain(made).result(timeout_s=90)
            failed = bool(result.get("failed"))
            status = made.balancer.status()
            if not failed:
                made.kill_origin("web01")
            time.sleep(1.0)
        tally = users.tally
    return {
        "failed_requests": tally.failed,
        "requests": tally.requests,
        "module": "failed" if failed else "ok",
        "left_in": status,
        "message": result.get("msg", ""),
    }


def run(drains: int) -> dict[str, Any]:
    BENCH.mkdir(parents=True, exist_ok=True)
    version = fetch_other()
    os.environ["PYTHONPATH"] = str(BENCH / "collections")
    found: dict[str, Any] = {"drains": drains, "community_general_version": version}
    with scene() as made:
        found["haproxy_version"] = made.balancer.ask("show info").split("Version: ")[1].split("\n")[0]
        ours_ms = [lag_ms(made, ours, place) for place in range(drains)]
        other_ms = [lag_ms(made, other, place) for place in range(drains)]
        spinning = [lag_ms(made, lambda made: other(made, interval_s=0), place) for place in range(5)]
        found |= {
            "ours_lag_ms": round(statistics.median(ours_ms)),
            "ours_lag_longest_ms": round(max(ours_ms)),
            "ours_lag_goal_ms": SAMPLES_NEEDED_MS + 50,
            "community_general_lag_ms": round(statistics.median(other_ms)),
            "community_general_lag_longest_ms": round(max(other_ms)),
            "community_general_without_pause_lag_ms": round(statistics.median(spinning)),
            "ratio": round(statistics.median(other_ms) / statistics.median(ours_ms), 1),
            "ours_startup_ms": round(startup_ms(made, ours)),
            "community_general_startup_ms": round(startup_ms(made, lambda made: other(made, drain=False))),
        }
    per_second: dict[str, Any] = {}
    for servers in (2, 20, 200):
        with scene(Farm(idle=servers - 2)) as made:
            per_second[str(servers)] = {
                "ours": cost_per_second(made, lambda made, path: ours(made, socket=path)),
                "community_general": cost_per_second(made, lambda made, path: other(made, socket=path)),
                "community_general_without_pause": cost_per_second(
                    made, lambda made, path: other(made, interval_s=0, socket=path)
                ),
            }
    found["per_second_of_waiting_by_servers"] = per_second
    short = {"wait_retries": 8}
    long = (Kind(6), Kind(4, "/slow/2.5"))
    found["failed_requests"] = {
        "cookie": {
            "ours": failed_requests(Farm(cookie=True), BUSY_COOKIES, lambda made: ours(made, bleed_s=2)),
            "community_general": failed_requests(Farm(cookie=True), BUSY_COOKIES, lambda made: other(made, **short)),
        },
        "reload": {
            "ours": failed_requests(Farm(), long, ours, reload=True),
            "community_general": failed_requests(Farm(), long, other, reload=True),
        },
        "agent_check": {
            "ours": failed_requests(Farm(agent=True), MIXED, ours, agent="ready"),
            "community_general": failed_requests(
                Farm(agent=True), MIXED, lambda made: other(made, agent=True, **short), agent="ready"
            ),
        },
    }
    return found


def table(found: dict[str, Any]) -> str:
    lines = [
        f"HAProxy {found['haproxy_version']}, community.general {found['community_general_version']}, "
        f"{found['drains']} drains each",
        f"{'':44}{'lb_member':>12}{'community':>12}",
        f"{'end of the last request to return, median ms':44}{found['ours_lag_ms']:>12}"
        f"{found['community_general_lag_ms']:>12}   ratio {found['ratio']}",
        f"{'  without any pause between its polls, ms':44}{'':>12}"
        f"{found['community_general_without_pause_lag_ms']:>12}",
        f"{'start-up of the module, ms':44}{found['ours_startup_ms']:>12}{found['community_general_startup_ms']:>12}",
    ]
    for servers, cost in found["per_second_of_waiting_by_servers"].items():
        for unit in ("commands", "kilobytes"):
            lines.append(
                f"{f'{unit} a second of waiting, {servers} servers':44}{cost['ours'][unit]:>12}"
                f"{cost['community_general'][unit]:>12}"
            )
    for case, both in found["failed_requests"].items():
        cells = ""
        for who in ("ours", "community_general"):
            cells += f"{both[who]['failed_requests']:>12}"
            if both[who]["module"] == "failed":
                cells += f" (module failed, server left in {both[who]['left_in']})"
        lines.append(f"{f'requests failed, {case}':44}{cells}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drains", type=int, default=DRAINS)
    found = run(parser.parse_args().drains)
    target = BENCH / "drain.json"
    target.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))
    print(f"written to {target.relative_to(ROOT)}")
    lost = [case for case, both in found["failed_requests"].items() if both["ours"]["failed_requests"]]
    if lost or found["ours_lag_ms"] > found["ours_lag_goal_ms"]:
        print(
            f"MISSED: lag {found['ours_lag_ms']} ms of {found['ours_lag_goal_ms']}, requests lost in {lost or 'none'}"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
