# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rows that a round of a backfill changed are counted. Private to this collection.

The counts that a server reports are no proof: a trigger that writes adds its own, SET NOCOUNT ON in a trigger or a
called procedure hides them, OUTPUT turns them into rows, and SELECT @x = ... reports one. Where a script ends with
its one statement that changes rows, @@ROWCOUNT behind it is exact.
"""

from __future__ import annotations

from .._scripts.reader import Script
from .._tsql.analysis import Unit, read_script

_CHANGES = frozenset({"UPDATE", "DELETE", "INSERT", "MERGE"})
COUNT = "\n;SELECT @@ROWCOUNT AS zero_downtime_rows;"
"""Sent behind the script in the same batch."""


def exact(script: Script) -> bool:
    """Whether @@ROWCOUNT behind the script is the number of rows that it changed."""
    if len(script.batches) != 1 or script.batches[0].repeat != 1:
        return False
    units = read_script(script.file.path, script.text).units
    changing = [unit for unit in units if _changes(unit)]
    if len(changing) != 1 or changing[0] is not units[-1] or _conditional(units):
        return False
    return changing[0].statement.kind in _CHANGES


def _changes(unit: Unit) -> bool:
    """Whether a statement changes rows of a table, or may do so."""
    kind = unit.statement.kind
    name = unit.statement.name
    if kind in _CHANGES and name is not None and (name.temporary or name.base.startswith("@")):
        return False
    return kind in _CHANGES or kind in ("EXEC", "UNKNOWN")


def _conditional(units: list[Unit]) -> bool:
    return any(unit.guards or unit.jumps or unit.in_string or unit.statement.kind == "WHILE" for unit in units)
