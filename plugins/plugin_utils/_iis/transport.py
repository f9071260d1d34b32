# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one program on a node.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from ...module_utils._text import one_line
from .quoting import join_arguments

_LONGEST_SUMMARY = 300


@dataclass(frozen=True)
class Command:
    """A program by its full path, with arguments that are not quoted yet, or a `tail` that is used as it is."""

    program: str
    arguments: tuple[str, ...] = ()
    stdin: bytes | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    tail: str = ""

    @property
    def argument_line(self) -> str:
        """The command line behind the program."""
        return " ".join(part for part in (join_arguments(self.arguments), self.tail) if part)

    @property
    def name(self) -> str:
        """The program's file name, for messages."""
        return self.program.rsplit("\\", 1)[-1]


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a program."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def summary(self) -> str:
        """The output on one line, for messages. It is localized: never decide on it."""
        return one_line(f"{self.stderr} {self.stdout}", _LONGEST_SUMMARY)


class CommandRunner(ABC):
    """Runs programs on one node."""

    @abstractmethod
    def run(self, command: Command) -> CommandResult:
        """Run a program to its end; raises ConnectionLost, CommandTimeout or ProgramMissing."""
