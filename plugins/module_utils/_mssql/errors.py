# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of SQL Server and of its connections. Private to this collection."""

from __future__ import annotations

from .._text import one_line

LONGEST_TEXT = 2000
"""Characters of an error's text, as long as a message of SQL Server can be (sys.messages has 2048)."""

LOCK_TIMEOUT = 1222
DEADLOCK_VICTIM = 1205
INVALID_OBJECT = 208
TRANSACTION_COUNT_MISMATCH = 266
PERMISSION_DENIED = 229
DATABASE_READ_ONLY = 3906

RETRYABLE = frozenset({LOCK_TIMEOUT, DEADLOCK_VICTIM})


class MssqlError(Exception):
    """One sentence for the task's message."""


class ServerError(MssqlError):
    """An error that the server, or the driver on its behalf, reported for a statement."""

    def __init__(self, text: str, number: int = 0, sqlstate: str = "", lost: bool = False) -> None:
        self.text = one_line(text, LONGEST_TEXT)
        super().__init__(self.text)
        self.number = number
        """SQL Server's error number, 0 when the driver gave none."""
        self.sqlstate = sqlstate
        self.lost = lost
        """The connection was lost: what the statement did is not known."""

    def __str__(self) -> str:
        return f"{self.text} (error {self.number})" if self.number else self.text

    @property
    def retryable(self) -> bool:
        return self.number in RETRYABLE and not self.lost
