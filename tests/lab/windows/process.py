# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on the simulated host: its streams, its environment, and how it ends or refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine

UNSIMULATED_EXIT = 250
TERMINATED_EXIT = 0xC000013A - (1 << 32)
_CODEPAGES = {65001: "utf-8", 437: "cp437", 850: "cp850", 1252: "cp1252"}


class Unsimulated(Exception):
    """Something that Windows may support and this host does not: refused with an error, never skipped."""


class Terminated(Exception):
    """The program was terminated."""


class Output:
    """Output of a program that was not fetched yet."""

    def __init__(self, on_data: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._data = bytearray()
        self._on_data = on_data

    def write(self, data: bytes) -> None:
        if data:
            with self._lock:
                self._data += data
            self._on_data()

    def take(self, most: int) -> bytes:
        with self._lock:
            taken = bytes(self._data[:most])
            del self._data[:most]
            return taken

    def __len__(self) -> int:
        return len(self._data)


class Input:
    """Standard input: bytes as they arrive, then the end."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._data = bytearray()
        self._ended = False

    def feed(self, data: bytes) -> None:
        with self._condition:
            self._data += data
            self._condition.notify_all()

    def end(self) -> None:
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def read(self, most: int, cancelled: threading.Event) -> bytes:
        """Some bytes, or none at the end."""
        with self._condition:
            while not self._data and not self._ended:
                self._condition.wait(0.25)
                if cancelled.is_set():
                    raise Terminated
            taken = bytes(self._data[:most])
            del self._data[:most]
            return taken


@dataclass
class Context:
    """Everything that a running program sees."""

    machine: Machine
    argv: list[str]
    line: str
    stdin: Input
    stdout: Output
    stderr: Output
    cancelled: threading.Event
    env: dict[str, str]
    cwd: str = "C:\\"
    codepage: int = 437
    on_cancel: list[Callable[[], None]] = field(default_factory=list)

    @property
    def program(self) -> str:
        """The file name of the program in small letters, with .exe."""
        name = self.argv[0].replace("/", "\\").rsplit("\\", 1)[-1].lower()
        return name if name.endswith((".exe", ".com")) else name + ".exe"

    @property
    def arguments(self) -> list[str]:
        return self.argv[1:]

    def out(self, text: str) -> None:
        self.stdout.write(self.encode(text))

    def err(self, text: str) -> None:
        self.stderr.write(self.encode(text))

    @property
    def encoding(self) -> str:
        return _CODEPAGES.get(self.codepage, "cp437")

    def encode(self, text: str) -> bytes:
        return text.encode(self.encoding, "replace")

    def read_all(self) -> bytes:
        """Standard input to its end."""
        parts = []
        while part := self.stdin.read(1 << 16, self.cancelled):
            parts.append(part)
        return b"".join(parts)

    def check(self) -> None:
        """Called in loops: raises Terminated after a request to terminate."""
        if self.cancelled.is_set():
            raise Terminated

    def wait(self, seconds: float) -> None:
        if self.cancelled.wait(seconds):
            raise Terminated

    def cancel(self) -> None:
        """Terminates the program and what it waits for."""
        self.cancelled.set()
        self.stdin.end()
        for take_away in self.on_cancel:
            take_away()

    def with_line(self, argv: list[str], line: str) -> Context:
        """The same streams for another program."""
        return replace(self, argv=argv, line=line)
