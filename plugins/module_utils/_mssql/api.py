# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The abstract connection to SQL Server. Tests replace it with a script of statements and answers.

Private to this collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import MssqlError

Row = Sequence[Any]


@dataclass
class Reply:
    """The complete result of one batch."""

    sets: list[list[Row]] = field(default_factory=list)
    """The result sets; left empty where the caller wanted no rows."""
    rows_affected: int = 0
    """The sum of all row counts that the server reported."""
    counted: bool = False
    """Whether the server reported any row count at all (SET NOCOUNT ON silences it)."""
    messages: list[str] = field(default_factory=list)
    """What PRINT, RAISERROR and warnings said."""


class Connection(ABC):
    """One session. A batch goes to the server as it is; transactions are T-SQL in the batches."""

    @abstractmethod
    def execute(self, sql: str, *, keep_rows: bool = True) -> Reply:
        """Run one batch and read every result to its end. Raises ServerError, also for an error behind a result."""

    @abstractmethod
    def close(self) -> None:
        """End the session; the server rolls back what is open. Never raises."""

    def rows(self, sql: str) -> list[Row]:
        """The rows of the last result set of a batch."""
        sets = self.execute(sql).sets
        return sets[-1] if sets else []

    def row(self, sql: str) -> Row:
        """The first row of the last result set of a batch that gives one."""
        rows = self.rows(sql)
        if not rows:
            raise MssqlError(f"The server returned no row where one is expected, for: {sql[:200]}")
        return rows[0]

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()


class Connector(ABC):
    """Opens sessions with one and the same server and database."""

    @abstractmethod
    def connect(self) -> Connection:
        """A new session, its settings pinned. Raises MssqlError."""


def literal(value: str | int | None) -> str:
    """A value as T-SQL source. A string cannot end its own quotes: they are doubled, nothing else ends a literal."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if "\0" in value:
        raise ValueError("a text with a NUL character cannot be sent to the server")
    # A backslash before a line end would continue the literal and swallow both; a text with one is cut there.
    parts = value.replace("\\\r\n", "\\\n").split("\\\n")
    quoted = ["N'" + part.replace("'", "''") + "'" for part in parts]
    return " + N'\\' + NCHAR(10) + ".join(quoted)
