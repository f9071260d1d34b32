# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm under load: a real HAProxy, servers that are real processes, and users who count what fails."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import net as lab_net
from ..proc import Process
from ..waiting import LIMIT_S
from .balancer import Balancer
from .farm import BACKEND, Farm
from .launch import launch
from .users import MIXED, Kind, Users

_READY_S = LIMIT_S


class Scene:
    """One farm; the tests act on it."""

    def __init__(self, farm: Farm, net: lab_net.Net, directory: Path) -> None:
        self.farm = farm
        self.net = net
        self.directory = directory
        self.balancer = Balancer(farm, net, directory)
        self._origins: dict[str, Process] = {}

    def start_origin(self, name: str, *options: str) -> None:
        address = self.net.web(int(name[3:]))
        process = launch(
            f"origin-{name}",
            [
                sys.executable,
                "-m",
                "lab.haproxy.origin",
                address,
                "--release",
                str(self.directory / "release"),
                *options,
            ],
            self.directory,
        )
        self._origins[name] = process
        process.wait_ready(_READY_S)

    def kill_origin(self, name: str) -> None:
        self._origins.pop(name).kill()

    def stop(self) -> None:
        self.balancer.stop()
        for process in self._origins.values():
            process.kill()

    def release(self) -> None:
        """What /hold holds comes to its end, and is held no more."""
        (self.directory / "release").touch()

    def users(self, kinds: tuple[Kind, ...] = MIXED) -> Users:
        return Users(self.balancer.frontend, kinds, self.release)

    def wait_busy(self, least: int = 2, server: str = "web01", timeout_s: float = LIMIT_S) -> None:
        """Until so many requests are in flight to a server, and stay so for a moment."""
        wait_busy(lambda: int(self.balancer.column("scur", server)), least, timeout_s)


def wait_busy(count: Callable[[], int], least: int, timeout_s: float) -> None:
    """Until a count has been high enough several times in a row: one quick request is not enough."""
    deadline = time.monotonic() + timeout_s
    seen = 0
    while seen < 4:
        seen = seen + 1 if count() >= least else 0
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count()} requests are in flight, {least} expected")
        time.sleep(0.04)


@contextlib.contextmanager
def scene(farm: Farm | None = None, *, agent: str = "", cold_s: float = 0.0) -> Iterator[Scene]:
    """A farm with everything up."""
    farm = farm or Farm()
    with lab_net.allocate() as net, tempfile.TemporaryDirectory(prefix="zd") as directory:
        made = Scene(farm, net, Path(directory))
        try:
            options = [*(["--agent", agent] if agent else []), *(["--cold", str(cold_s)] if cold_s else [])]
            for index in range(1, farm.servers + 1):
                made.start_origin(f"web{index:02}", *options)
            made.balancer.start()
            for backend in (BACKEND, *farm.more_backends):
                for index in range(1, farm.servers + 1):
                    wanted = "UP" if farm.checks else "no check"
                    made.balancer.wait_status(wanted, f"web{index:02}", backend=backend)
            yield made
        finally:
            made.stop()
