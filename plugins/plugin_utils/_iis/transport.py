# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one program on a node: what every transport must do.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from .quoting import join_arguments


@dataclass(frozen=True)
class Command:
    """A program by its full path, with arguments that are still to be quoted, or with a tail that is used as it stands."""

    program: str
    arguments: tuple[str, ...] = ()
    stdin: bytes | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    tail: str = ""

    @property
    def argument_line(self) -> str:
        """Everything behind the program on the command line."""
        return " ".join(part for part in (join_arguments(self.arguments), self.tail) if part)

    @property
    def name(self) -> str:
        """The program's file name, for messages."""
        return self.program.rsplit("\\", 1)[-1]


@dataclass(frozen=True)
class CommandResult:
    """What a program left behind."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def said(self) -> str:
        """Its output on one line, for messages; localized, so nothing is decided on it."""
        text = " ".join((self.stderr + " " + self.stdout).split())
        return text if len(text) <= 300 else text[:297] + "..."


class CommandRunner(ABC):
    """Runs programs on one node."""

    @abstractmethod
    def run(self, command: Command) -> CommandResult:
        """Run it to its end; raises ConnectionLost, CommandTimeout or ProgramMissing."""
