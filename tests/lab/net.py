# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of a lab: every lab owns one loopback net 127.77.N.0/24, so labs side by side never share a port."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST_FREE = 100
LAST_FREE = 250
MAX_NODES = 9

HAPROXY_FRONTEND_PORT = 8080
HAPROXY_ADMIN_PORT = 9999
ARTIFACTS_PORT = 8443
SQLSERVER_PORT = 1433
SITE_PORT = 8080
SITE_HOST = "shop.test"
_LISTEN = "0A"


@dataclass(frozen=True)
class Net:
    """The loopback net 127.77.<number>.0/24 and who lives where in it."""

    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= LAST_FREE:
            raise ValueError(f"lab net {self.number} found, a number from 1 to {LAST_FREE} expected")

    def address(self, host: int) -> str:
        return f"127.77.{self.number}.{host}"

    @property
    def haproxy(self) -> str:
        return self.address(1)

    @property
    def artifacts(self) -> str:
        return self.address(5)

    @property
    def sqlserver(self) -> str:
        return self.address(20)

    def web(self, index: int) -> str:
        """Address of the web node number `index`, counted from 1 (web01 is .11)."""
        if not 1 <= index <= MAX_NODES:
            raise ValueError(f"node number {index} found, 1 to {MAX_NODES} expected: .20 is the database's address")
        return self.address(10 + index)

    def every_address(self, nodes: int = MAX_NODES) -> list[str]:
        return [self.haproxy, self.artifacts, *(self.web(i) for i in range(1, nodes + 1)), self.sqlserver]


def _lock_directory() -> Path:
    directory = Path(tempfile.gettempdir()) / "zero-downtime-lab-nets"
    directory.mkdir(exist_ok=True)
    with contextlib.suppress(OSError):
        directory.chmod(0o1777)  # every user of the machine takes his locks here
    return directory


def _try_lock(number: int) -> int | None:
    """A file descriptor that holds the lock of net `number`, or None when a living lab has it."""
    path = _lock_directory() / f"{number}.lock"
    try:
        # No O_CREAT when the file exists: in a sticky directory the kernel refuses that for a file of another user.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _listens(number: int) -> bool:
    """Whether a socket of the net is in use (proc_pid_net(5): the address in hexadecimal, its bytes reversed)."""
    end = f"{number:02X}4D7F"
    sockets = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split()[1:4] for line in sockets]
    return any(state == _LISTEN and local.partition(":")[0].endswith(end) for local, _remote, state in rows)


@contextlib.contextmanager
def hold(number: int) -> Iterator[Net]:
    """The net of that number for as long as the block runs. The lock dies with the process: none is left behind."""
    net = Net(number)
    descriptor = _try_lock(number)
    if descriptor is None:
        raise RuntimeError(f"lab net {number} is in use by another lab: stop that one or take another number")
    try:
        yield net
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def allocate(first: int = FIRST_FREE, last: int = LAST_FREE) -> Iterator[Net]:
    """The first free net from `first` to `last`, held for as long as the block runs.

    A net where something listens is not free, although a lab that was killed has left no lock.
    """
    for number in range(first, last + 1):
        if _listens(number) or (descriptor := _try_lock(number)) is None:
            continue
        try:
            yield Net(number)
        finally:
            os.close(descriptor)
        return
    raise RuntimeError(f"every lab net from {first} to {last} is in use: stop a lab")
