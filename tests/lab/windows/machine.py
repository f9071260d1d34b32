# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs on the host can reach: the drive, IIS, the configuration, and the record of what ran."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .config import Config
from .drive import Drive
from .iis.server import Iis
from .rights import AccessLists

T = TypeVar("T")

TOOLS = {
    "appcmd.exe": "C:\\Windows\\System32\\inetsrv\\appcmd.exe",
    **{
        name: f"C:\\Windows\\System32\\{name}"
        for name in (
            "cmd.exe", "curl.exe", "tar.exe", "certutil.exe", "fsutil.exe", "where.exe", "hostname.exe", "chcp.com",
            "timeout.exe", "whoami.exe", "netsh.exe", "cacls.exe", "icacls.exe",
        )
    },
}  # fmt: skip
DIRECTORIES = ["Windows\\Temp", "inetpub\\wwwroot", "Users\\Public", "Program Files"]


@dataclass
class InjectedFailure:
    """appcmd fails with this code for command lines that contain `match`, so many times."""

    match: str
    code: int
    times: int = 1


@dataclass
class Record:
    """What happened on the host, for tests."""

    counters: dict[str, int] = field(default_factory=dict)
    transcript: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + by


class Machine:
    """One simulated Windows host, without its network services."""

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop) -> None:
        self.config = config
        self.name = config.name.upper()[:15]
        self.loop = loop
        self.drive = Drive(config.drive, config.drive_limit_bytes)
        self.access = AccessLists()
        self.record = Record()
        self.appcmd_failures: list[InjectedFailure] = []
        self.closing = threading.Event()
        self.iis = Iis(config, self.drive)
        self._install()

    def _install(self) -> None:
        missing = {name.lower() for name in self.config.missing_tools}
        for name, path in TOOLS.items():
            local = self.drive.local(path)
            local.parent.mkdir(parents=True, exist_ok=True)
            if name in missing:
                local.unlink(missing_ok=True)
            else:
                local.touch()
        for directory in DIRECTORIES:
            self.drive.local("C:\\" + directory).mkdir(parents=True, exist_ok=True)
        for user in self.config.users:
            self.drive.local("C:\\Users\\" + user.rsplit("\\", 1)[-1]).mkdir(parents=True, exist_ok=True)

    def environment(self, user: str) -> dict[str, str]:
        """The environment of a program that the user starts."""
        short = user.rsplit("\\", 1)[-1]
        return {
            "ALLUSERSPROFILE": "C:\\ProgramData",
            "COMPUTERNAME": self.name,
            "COMSPEC": "C:\\Windows\\System32\\cmd.exe",
            "PATH": "C:\\Windows\\System32;C:\\Windows",
            "PATHEXT": ".COM;.EXE",
            "PROGRAMFILES": "C:\\Program Files",
            "SYSTEMDRIVE": "C:",
            "SYSTEMROOT": "C:\\Windows",
            "TEMP": "C:\\Windows\\Temp",
            "TMP": "C:\\Windows\\Temp",
            "USERNAME": short,
            "USERPROFILE": f"C:\\Users\\{short}",
            "WINDIR": "C:\\Windows",
        }

    def in_loop(self, function: Callable[[], T]) -> T:
        """Runs a function on the event loop's thread, where IIS lives, and hands its result to a program's thread."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(timeout=30)
