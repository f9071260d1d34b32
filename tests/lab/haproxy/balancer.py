# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HAProxy in master-worker mode: started, reloaded, killed, asked and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path
from types import TracebackType

from ..net import HAPROXY_ADMIN_PORT, HAPROXY_FRONTEND_PORT, Net
from ..proc import Process, ProcessFailed
from ..waiting import LIMIT_S
from .farm import BACKEND, Farm
from .launch import launch

#: Another version of HAProxy than the distribution's: see versions.py.
PROGRAM = os.environ.get("LAB_HAPROXY", "haproxy")
_START_S = LIMIT_S


class Balancer:
    """One HAProxy on its own loopback address, with its sockets in its own directory."""

    def __init__(self, farm: Farm, net: Net, directory: Path, *, host: int = 1) -> None:
        self.farm = farm
        self.net = net
        self.directory = directory
        self.host = net.address(host)
        self._host = host
        self.admin = directory / "admin.sock"
        self.operator = directory / "operator.sock"
        self.user = directory / "user.sock"
        self.master = directory / "master.sock"
        self.state_file = directory / "servers.state"
        self.tcp = f"{self.host}:{HAPROXY_ADMIN_PORT}"
        self.frontend = (self.host, HAPROXY_FRONTEND_PORT)
        self._process: Process | None = None

    def __enter__(self) -> Balancer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.state_file.touch()
        config = self.directory / "haproxy.cfg"
        config.write_text(self.farm.text(self.net, self.directory, host=self._host))
        self._process = launch(
            "haproxy", [PROGRAM, "-W", "-S", f"{self.master},mode,600", "-f", config], self.directory
        )
        self._process.wait_ready(_START_S, self.answers)

    def answers(self) -> bool:
        """Whether the runtime API answers."""
        with contextlib.suppress(OSError):
            return "Pid:" in self.ask("show info")
        return False

    def stop(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
            self._process.stop(2.0)
            self._process = None

    def kill(self) -> None:
        """As if its machine lost power."""
        assert self._process is not None
        self._process.kill()

    def reload(self) -> None:
        """Reload in master-worker mode and wait until a new worker answers."""
        assert self._process is not None
        former = self.worker()
        os.kill(self._process.pid, signal.SIGUSR2)
        deadline = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(OSError, StopIteration):
                if self.worker() != former:
                    return
            if time.monotonic() > deadline:
                raise ProcessFailed(f"HAProxy was not reloaded within {_START_S:g} s:\n{self._process.tail()}")
            time.sleep(0.02)

    def wait_master(self) -> None:
        """Until the master process, which re-executes itself at a reload, answers again."""
        deadline = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(OSError):
                if "# old workers" in self.ask("show proc", self.master):
                    return
            if time.monotonic() > deadline:
                raise TimeoutError("HAProxy's master process names no old worker")
            time.sleep(0.05)

    def worker(self) -> str:
        """The process id of the worker that answers."""
        return next(line[5:] for line in self.ask("show info").splitlines() if line.startswith("Pid: "))

    def ask(self, command: str, path: Path | None = None) -> str:
        """One command, and the whole answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30)
            connection.connect(str(path or self.admin))
            connection.sendall(command.encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            chunks = []
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks).decode()

    def column(self, name: str, server: str = "web01", backend: str = BACKEND) -> str:
        """A column of "show stat"."""
        header, *lines = self.ask("show stat").lstrip("# ").splitlines()
        names = header.split(",")
        for line in lines:
            row = dict(zip(names, line.split(","), strict=False))
            if row.get("pxname") == backend and row.get("svname") == server:
                return row[name]
        raise LookupError(f"HAProxy has no {backend}/{server}")

    def status(self, server: str = "web01", backend: str = BACKEND) -> str:
        return self.column("status", server, backend)

    def wait_status(
        self, wanted: str, server: str = "web01", timeout_s: float = LIMIT_S, backend: str = BACKEND
    ) -> None:
        deadline = time.monotonic() + timeout_s
        while self.status(server, backend) != wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{server} is {self.status(server, backend)}, {wanted} expected")
            time.sleep(0.02)
