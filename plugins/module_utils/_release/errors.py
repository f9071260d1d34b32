# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a release. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 10


class ReleaseError(Exception):
    """A release that cannot be used: what was found, what is expected."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a file."""

    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    message: str


class InvalidFile(ReleaseError):
    """A release.yml with problems: one line for each, ``FILE:LINE:COLUMN: message``."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems)
        lines = [f"{file}:{one.line}:{one.column}: {one.message}" for one in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"{file}: {len(self.problems) - _SHOWN} more problems")
        super().__init__("\n".join(lines))


class MissingLibrary(ReleaseError):
    """PyYAML is not installed for the Python that runs this."""
