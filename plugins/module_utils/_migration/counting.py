# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the rows that a round of a backfill changed are counted. Private to this collection.

The counts that a server reports are no proof: a trigger that writes adds its own, SET NOCOUNT ON in a trigger or a
called procedure hides them, OUTPUT turns them into rows, and SELECT @x = ... reports one. @@ROWCOUNT directly behind a
statement that changes rows is exact. So, where a script's statements run one after the other whatever happens, a
variable takes it behind each of them, and the last result of the batch is their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .._scripts.batches import Batch
from .._scripts.reader import Script
from .._tsql.analysis import Unit, read_script
from .._tsql.extent import target

_CHANGES = frozenset({"UPDATE", "DELETE", "INSERT", "MERGE"})
_UNCOUNTED = frozenset({"EXEC", "UNKNOWN", "WHILE", "BULK INSERT", "TRUNCATE TABLE"})
"""What may change rows, and how many @@ROWCOUNT behind it does not tell."""
_READS = frozenset({"@@ROWCOUNT", "ROWCOUNT_BIG"})
_VARIABLE = "@zero_downtime_rows"


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def statements(script: Script) -> int:
    """How many statements of a round change rows, 1 at least."""
    return max(1, sum(batch.repeat * sum(map(_changes, _units(batch))) for batch in script.batches))


def counted(script: Script) -> Script | None:
    """The script with its rows counted, each batch ending with their number as its last result; None where that is
    not possible.
    """
    batches = [_counted(batch) for batch in script.batches]
    found = [batch for batch in batches if batch is not None]
    return replace(script, batches=found) if found and len(found) == len(batches) else None


def _counted(batch: Batch) -> Batch | None:
    units = _units(batch)
    changing = [at for at, unit in enumerate(units) if _changes(unit)]
    if not units or any(_unclear(unit) for unit in units) or _overlap(units) or _read_elsewhere(units, changing):
        return None
    names = [f"{_VARIABLE}{number}" for number in range(1, len(changing) + 1)]
    edits = [edit for at, name in zip(changing, names) for edit in _edits(units, at, name)]
    text = _edited(batch.text, edits)
    return replace(batch, text=f"{text}\n;SELECT {' + '.join(names) or '0'} AS zero_downtime_rows;")


def _units(batch: Batch) -> Sequence[Unit]:
    return read_script("", batch.text).units


def _changes(unit: Unit) -> bool:
    """Whether a statement changes rows of a table that stays."""
    name = target(unit)
    if name is not None and (name.temporary or name.base.startswith("@")):
        return False
    return unit.statement.kind in _CHANGES


def _unclear(unit: Unit) -> bool:
    """Whether a statement may not run, or changes rows that are not counted."""
    statement = unit.statement
    inside = unit.guards or unit.jumps or unit.in_string or statement.module is not None
    return bool(inside) or statement.kind in _UNCOUNTED


def _overlap(units: Sequence[Unit]) -> bool:
    """Whether one statement is inside another: INSERT ... SELECT ... FROM (MERGE ... OUTPUT ...)."""
    return any(one.statement.last > other.statement.first for one, other in zip(units, units[1:]))


def _read_elsewhere(units: Sequence[Unit], changing: Sequence[int]) -> bool:
    """Whether the script reads @@ROWCOUNT itself, other than directly behind a statement that changes rows."""
    for at, unit in enumerate(units):
        reads = {token.text.upper() for token in unit.words()} & _READS
        if reads and (at - 1 not in changing or reads != {"@@ROWCOUNT"}):
            return True
    return False


def _edits(units: Sequence[Unit], at: int, name: str) -> Iterator[_Edit]:
    """Take @@ROWCOUNT behind a statement; the next one, if it reads @@ROWCOUNT, reads the variable."""
    end = units[at].words()[-1].end
    yield _Edit(end, end, f" ;DECLARE {name} INT = @@ROWCOUNT;")
    for token in units[at + 1].words() if at + 1 < len(units) else ():
        if token.text.upper() == "@@ROWCOUNT":
            yield _Edit(token.start, token.end, name)


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
