# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaking changes: what a statement does to those who use the present schema. Private to the collection."""

from __future__ import annotations

from dataclasses import dataclass

from .statements import HOLE, Name

DROPPED = "dropped"
RENAMED = "renamed"
MOVED = "moved"
EMPTIED = "emptied"
CHANGED = "changed"
"""A procedure, view or function gets other code under the same name."""
RETYPED = "retyped"
"""A column gets another type, or no longer takes NULL."""


@dataclass(frozen=True)
class BreakingChange:
    """Something that a statement removes or changes: a table, a column of it, a routine or a type."""

    how: str
    schema: str
    """Lower case, like ``name`` and ``column``."""
    name: str
    column: str = ""
    """Empty: the whole object."""


def anything(how: str) -> BreakingChange:
    """A breaking change of an object whose name is not in the script: it may be any."""
    return BreakingChange(how, HOLE, HOLE, HOLE)


def broken(how: str, name: Name | None, column: str = "") -> BreakingChange | None:
    """The breaking change of an object, or of a column of it; None where the statement names nothing."""
    return None if name is None else BreakingChange(how, name.key[0], name.key[1], column.lower())
