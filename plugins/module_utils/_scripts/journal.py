# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of migrations as it is read: its states, and the one query for them. `_migration/journal.py` writes it.

Rows are added, and never changed or removed: the last row of a script says how it stands. How far a backfill has come
is in a table of its own, whose rows change with every round. Private to this collection.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

JOURNAL = "deploy.migration_journal"
PROGRESS = "deploy.migration_progress"
ENTRIES_SQL = (
    "SELECT id, app, phase, script, checksum, state, release, COALESCE(p.written_at, j.written_at) AS written_at, "
    "COALESCE(p.rows_affected, j.rows_affected) AS rows_affected, COALESCE(p.rounds, j.rounds) AS rounds "
    "FROM deploy.migration_journal AS j LEFT JOIN deploy.migration_progress AS p ON p.entry_id = j.id{where} "
    "ORDER BY id;"
)


class State(str, enum.Enum):
    """How a script stands, as the journal's column `state` has it."""

    APPLIED = "applied"
    """It was run to its end."""
    BASELINE = "baseline"
    """Taken as applied: the database had it before there was a journal."""
    ADOPTED = "adopted"
    """Applied by another tool, whose journal says so."""
    REPAIRED = "repaired"
    """Accepted by a person as it is now."""
    BEGUN = "begun"
    """Began without a transaction, and its end was not written."""
    RUNNING = "running"
    """A backfill under way, or one that stopped in between."""
    WAITING = "waiting"
    """Known, and not due yet."""
    UNDONE = "undone"
    """Applied once, and undone since."""

    def __str__(self) -> str:
        return self.value

    @property
    def done(self) -> bool:
        """Whether the script counts as applied."""
        return self in _DONE

    @property
    def unfinished(self) -> bool:
        """Whether the script was begun and did not come to its end."""
        return self in _UNFINISHED


_DONE = frozenset({State.APPLIED, State.BASELINE, State.ADOPTED, State.REPAIRED})
_UNFINISHED = frozenset({State.BEGUN, State.RUNNING})


@dataclass(frozen=True)
class Entry:
    """How a script stands, by its last row."""

    id: int
    app: str
    phase: str
    script: str
    checksum: str
    state: State
    release: str | None
    written_at: datetime.datetime
    rows: int = 0
    rounds: int = 0

    @property
    def done(self) -> bool:
        return self.state.done

    @property
    def unfinished(self) -> bool:
        return self.state.unfinished


Query = Callable[[str], Iterable[Sequence[Any]]]


def read_entries(query: Query, where: str = "") -> list[Entry]:
    """How all scripts stand, in the order of their last rows. `where` is a condition that the caller has quoted.

    Raises ValueError for a state that this version does not know: it cannot be taken for any other.
    """
    last: dict[tuple[str, str, str], Entry] = {}
    for row in query(ENTRIES_SQL.format(where=f" WHERE {where}" if where else "")):
        number, app, phase, script, checksum, state, release, written_at, rows, rounds = row
        key = (str(app), str(phase), str(script))
        last.pop(key, None)
        last[key] = Entry(
            int(number),
            *key,
            str(checksum).strip(),
            State(str(state)),
            release,
            written_at,
            int(rows),
            int(rounds),
        )
    return list(last.values())
