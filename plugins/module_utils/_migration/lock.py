# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One migration at a time in a database. Private to this collection.

The lock is an application lock on a session of its own, so it ends with that session and never outlives its owner.
Should that session die unnoticed, another run can take the lock: then it takes a greater token too, and the old run's
next commit, which checks the token in the same transaction, is refused.
"""

from __future__ import annotations

from typing import Any

from .._ledger.model import timestamp
from .._mssql import applock
from .._mssql.api import Connection, Connector, literal
from .._mssql.errors import ServerError
from .._names import cut
from .._progress import Progress
from .._wait import Deadline
from .errors import MigrationError

RESOURCE = "zero_downtime.dotnet/migration"
_SLICE_MS = 1000


def last_holder(connection: Connection) -> dict[str, Any]:
    """Who took the lock last, and whether somebody holds it now; `held` is None for a login that may not ask."""
    rows = connection.rows(f"SELECT holder, taken_at FROM deploy.migration_lock WHERE name = {literal(RESOURCE)};")
    free = applock.is_free(connection, RESOURCE)
    return {
        "held": None if free is None else not free,
        "holder": rows[0][0] if rows else None,
        "taken_at": timestamp(rows[0][1]) if rows else None,
    }


class MigrationLock:
    """Held from `acquire` to `release`; its session begins with `connect`."""

    def __init__(self, connector: Connector, holder: str, progress: Progress) -> None:
        self._connector = connector
        self._holder = cut(holder, 400)
        self._progress = progress
        self._connection: Connection | None = None
        self.token = 0
        self.waited_ms = 0

    @property
    def connection(self) -> Connection:
        """The lock's own session."""
        if self._connection is None:
            raise RuntimeError("the lock has no session")
        return self._connection

    def connect(self) -> Connection:
        """Open the lock's own session."""
        self._connection = self._connector.connect()
        return self._connection

    def acquire(self, wait_s: float) -> None:
        """Take the lock. Raises MigrationError, with its holder, when it is not free in time."""
        applock.prepare(self.connection)
        deadline = Deadline(wait_s)
        while True:
            slice_ms = min(_SLICE_MS, int(deadline.left_s * 1000))
            if applock.take(self.connection, RESOURCE, "Session", slice_ms) is applock.Grant.GRANTED:
                self.waited_ms = deadline.elapsed_ms
                return
            if deadline.expired:
                raise MigrationError(
                    f"Another migration of this database is running: {self._who()}. Waited {wait_s:g} s "
                    "(migration_lock_timeout_s); nothing was applied."
                )
            self._progress.tell(lambda: f"waits for another migration of this database: {self._who()}")

    def _who(self) -> str:
        try:
            rows = self.connection.rows(
                "SELECT holder, taken_at FROM deploy.migration_lock "
                f"WHERE name = {literal(RESOURCE)} AND released_at IS NULL;"
            )
        except ServerError:
            rows = []
        if not rows:
            return "the lock is held by a run that has not recorded its name yet"
        return f"the lock is held by {rows[0][0]} since {timestamp(rows[0][1])}"

    def announce(self) -> None:
        """Record who holds the lock, and take the next fencing token."""
        where = f"WHERE name = {literal(RESOURCE)}"
        changed = self.connection.execute(
            f"UPDATE deploy.migration_lock SET token = token + 1, holder = {literal(self._holder)}, "
            f"taken_at = SYSUTCDATETIME(), released_at = NULL {where};"
        ).rows_affected
        if not changed:
            self.connection.execute(
                "INSERT INTO deploy.migration_lock (name, token, holder, taken_at) "
                f"VALUES ({literal(RESOURCE)}, 1, {literal(self._holder)}, SYSUTCDATETIME());"
            )
        self.token = int(self.connection.row(f"SELECT token FROM deploy.migration_lock {where};")[0])

    def hold(self, condition: str) -> str:
        """A statement that changes one row if the lock is still this run's, and holds it until the transaction ends."""
        return (
            f"UPDATE deploy.migration_lock SET token = token WHERE name = {literal(RESOURCE)} "
            f"AND token = {self.token} AND {condition};"
        )

    def release(self) -> None:
        """Release the lock. Never raises: at worst the lock ends with its session."""
        if self._connection is None:
            return
        try:
            if self.token:
                self._connection.execute(
                    "UPDATE deploy.migration_lock SET released_at = SYSUTCDATETIME() "
                    f"WHERE name = {literal(RESOURCE)} AND token = {self.token};"
                )
            applock.release(self._connection, RESOURCE)
        except ServerError:
            pass
        self._connection.close()
        self._connection = None
