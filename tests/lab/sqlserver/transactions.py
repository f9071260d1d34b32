# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transaction of a session: @@TRANCOUNT, and PostgreSQL's BEGIN, COMMIT and savepoints."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from .backend import Backend, BackendError
from .errors import Cancelled, ConnectionGone, SqlError

_IDS = itertools.count(100_000)


def uncommittable(*, aborts: str = "") -> SqlError:
    return SqlError(
        3930,
        "The current transaction cannot be committed and cannot support operations that write to the log file. Roll "
        "back the transaction.",
        aborts=aborts,
    )


class Transactions:
    """`on_event` is called with "begin", "commit" and "rollback" of the outermost transaction."""

    def __init__(self, backend: Backend, on_event: Callable[[str], None]) -> None:
        self.backend = backend
        self.on_event = on_event
        self.count = 0
        self.doomed = False
        self.id = next(_IDS)
        self.isolation = ""
        self._depth = 0
        self._marks: set[int] = set()
        self.name = ""  # of the outermost transaction
        self._savepoints: list[str] = []
        self.internal = False  # an autocommit statement with several parts
        self.settings: dict[str, str] = {}
        self._settings_changed = False

    # ---- settings of the connection, which PostgreSQL would roll back with the transaction

    def setting(self, name: str, value: str) -> None:
        if self.settings.get(name) == value:
            return
        self.settings[name] = value
        self.backend.command(f"SET {name} = {value}")
        if self.backend.in_transaction:
            self._settings_changed = True

    def _settings_again(self) -> None:
        if self._settings_changed:
            self._settings_changed = False
            self.backend.command("; ".join(f"SET {k} = {v}" for k, v in self.settings.items()))

    # ---- the outermost transaction

    def begin(self, name: str = "") -> None:
        if self.count == 0:
            self.name = name
            self.backend.command("BEGIN" + self.isolation)
            self.fresh()
            self.id = next(_IDS)
            self.on_event("begin")
        self.count += 1

    def fresh(self) -> None:
        self.doomed = False
        self._marks.clear()
        self._savepoints.clear()

    def commit(self) -> None:
        if self.count == 0:
            raise SqlError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        if self.doomed:
            raise uncommittable()
        if self.count == 1:
            self.backend.command("COMMIT")
            self.count = 0
            self.fresh()
            self._settings_changed = False
            self.id = next(_IDS)
            self.on_event("commit")
        else:
            self.count -= 1

    def rollback(self) -> None:
        """Roll back everything, at any nesting level."""
        self.count = 0
        self.internal = False
        self.fresh()
        self.id = next(_IDS)
        if self.backend.in_transaction:
            self.backend.command("ROLLBACK")
            self._settings_again()
        self.on_event("rollback")

    def rollback_requested(self) -> None:
        """ROLLBACK without the name of a savepoint."""
        if self.count == 0:
            raise SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self.rollback()

    def save(self, name: str) -> None:
        if self.count == 0:
            raise SqlError(628, "Cannot issue SAVE TRANSACTION when there is no active transaction.")
        if self.doomed:
            raise uncommittable()
        self._drop_marks()
        self._savepoints.append(name)
        self.backend.command(f"SAVEPOINT u_{len(self._savepoints)}")

    def rollback_to(self, name: str) -> None:
        """Roll back to the last savepoint of that name, or everything when it is the transaction's own name.

        Names of transactions and savepoints are case-sensitive whatever the collation.
        """
        if name not in self._savepoints:
            if self.count and name != self.name:
                raise SqlError(6401, f"Cannot roll back {name}. No transaction or savepoint of that name was found.")
            self.rollback_requested()
            return
        if self.doomed:
            raise SqlError(
                3931,
                "The current transaction cannot be committed and cannot be rolled back to a savepoint. Roll back the "
                "entire transaction.",
            )
        while self._savepoints[-1] != name:
            self._savepoints.pop()
        self._marks.clear()
        self.backend.command(f"ROLLBACK TO SAVEPOINT u_{len(self._savepoints)}")

    # ---- statements

    def _drop_marks(self) -> None:
        if self._marks:
            lowest = min(self._marks)
            self._marks.clear()
            self.backend.command(f"RELEASE SAVEPOINT lab_{lowest}")

    @contextlib.contextmanager
    def guard(self, savepoint: bool) -> Iterator[None]:
        """A failed statement rolls back its own work only."""
        if not (savepoint and self.backend.in_transaction):
            yield
            return
        depth = self._depth
        if depth in self._marks:
            self._marks = {m for m in self._marks if m < depth}
            self.backend.command(f"RELEASE SAVEPOINT lab_{depth}; SAVEPOINT lab_{depth}")
        else:
            self.backend.command(f"SAVEPOINT lab_{depth}")
        self._marks.add(depth)
        self._depth += 1
        try:
            yield
        except (BackendError, SqlError, Cancelled):
            if depth in self._marks and self.backend.in_transaction:
                self._marks = {m for m in self._marks if m <= depth}
                self.backend.command(f"ROLLBACK TO SAVEPOINT lab_{depth}")
            raise
        finally:
            self._depth = depth

    @contextlib.contextmanager
    def atomic(self, savepoint: bool = True) -> Iterator[None]:
        """Several statements of PostgreSQL that are one of SQL Server."""
        if self.backend.in_transaction:
            with self.guard(savepoint):
                yield
            return
        self.backend.command("BEGIN" + self.isolation)
        self.internal = True
        self.id = next(_IDS)  # a statement outside of a transaction is one of its own
        try:
            yield
        except BaseException as error:
            self.internal = False
            if not isinstance(error, ConnectionGone) and self._end("ROLLBACK"):
                self._settings_again()
            raise
        self.internal = False
        if self._end("COMMIT"):
            self._settings_changed = False

    def _end(self, command: str) -> bool:
        """Ends PostgreSQL's transaction by COMMIT or ROLLBACK; whether one was open."""
        if not self.backend.in_transaction:
            return False
        self.backend.command(command)
        return True

    def cancelled(self, abort: bool) -> None:
        """After an attention: PostgreSQL's transaction may have failed."""
        if self.count and (abort or self.backend.failed):
            self.rollback()


Event = Callable[[str], Any]
