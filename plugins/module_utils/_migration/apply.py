# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one script: all of it and its row in the journal, or nothing. Private to this collection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._mssql.api import Connection, Connector, literal
from .._mssql.errors import LOCK_TIMEOUT, ServerError
from .._progress import Progress
from .._wait import Sleep
from .errors import MigrationError
from .journal import Entry, Journal, Record
from .lock import MigrationLock
from .scripts import Script

T = TypeVar("T")

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 15.0
_MOST_MESSAGES = 50


@dataclass
class Applied:
    """What running a script came to."""

    script: str
    phase: str
    checksum: str
    batches: int
    rows: int
    duration_ms: int
    retries: int
    rounds: int = 1
    messages: list[str] = field(default_factory=list)


@dataclass
class Runner:
    """Keeps the session that scripts run in, and replaces it when a script has left traces in it."""

    connector: Connector
    journal: Journal
    lock: MigrationLock
    progress: Progress
    retries: int
    jitter: Callable[[], float] = random.random
    pause: Sleep = time.sleep
    clock: Callable[[], float] = time.monotonic
    origins: Mapping[str, str | None] = field(default_factory=dict)
    _connection: Connection | None = None

    def record(self, script: Script, state: str, applied: Applied) -> Record:
        """The journal's row for what was run."""
        return Record(
            script.file,
            state,
            applied.batches,
            applied.rows,
            applied.rounds,
            applied.duration_ms,
            applied.retries,
            "\n".join(applied.messages) or None,
            self.release(script),
        )

    def release(self, script: Script) -> str | None:
        """The release that brought the script, where it is not the task's own."""
        return script.header.release or self.origins.get(script.file.name)

    def session(self) -> Connection:
        if self._connection is None:
            self._connection = self.connector.connect()
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(self, script: Script, also: Sequence[Record] = ()) -> Applied:
        """Run a script with its journal rows in one transaction; give way and try again when the application is in the way."""
        return self.retried(script, lambda retries: self._in_transaction(script, retries, also))

    def run_alone(self, script: Script, begun: Entry | None) -> Applied:
        """Run a script that cannot run in a transaction. The journal knows that it was begun before it begins."""
        if begun is None:
            self.checked(self.journal.insertion(Record(script.file, "begun", release=self.release(script))), script)
        return self.retried(script, lambda retries: self._alone(script, retries))

    def _alone(self, script: Script, retries: int) -> Applied:
        connection = self.session()
        began = self.clock()
        rows, messages = self.send(connection, script)
        duration_ms = round((self.clock() - began) * 1000)
        file = script.file
        applied = Applied(
            file.name, file.phase, file.checksum, script.sends, rows, duration_ms, retries, messages=messages
        )
        if int(connection.row("SELECT @@TRANCOUNT AS transactions;")[0]):
            self.close()
            raise MigrationError(
                f"{file.label} left a transaction open although it runs without one (@@TRANCOUNT is not 0): it was rolled "
                "back. Remove BEGIN TRANSACTION from it."
            )
        self.checked(self.journal.insertion(self.record(script, "applied", applied)), script)
        return applied

    def checked(self, statement: str, script: Script) -> None:
        """Write to the journal in a transaction of its own, if the lock is still this run's."""
        answer = self.session().row(
            f"DECLARE @outcome NVARCHAR(20); SET @outcome = N'lock'; BEGIN TRANSACTION; IF {self.lock.condition()} BEGIN "
            f"{statement} SET @outcome = N'committed'; END; COMMIT TRANSACTION; SELECT @outcome AS outcome;"
        )
        if answer[0] != "committed":
            raise MigrationError(
                f"The lock on migrations was lost at {script.file.label}, and another run has taken it. "
                "Look at what the other run did, then run this one again."
            )

    def retried(self, script: Script, attempt: Callable[[int], T]) -> T:
        """The result of an attempt, which gets the number of those that failed before it."""
        retries = 0
        while True:
            try:
                result = attempt(retries)
            except ServerError as error:
                self._undo(error)
                if not error.retryable or retries >= self.retries:
                    raise _failed(script, error, retries) from None
                self.give_way(script, error, retries)
                retries += 1
                continue
            except BaseException:
                self.close()
                raise
            if script.leaves_traces:
                self.close()
            return result

    def give_way(self, script: Script, error: ServerError, retries: int) -> None:
        """Wait a while, longer each time and never for as long as another who waits."""
        pause_s = min(_FIRST_PAUSE_S * 2**retries, _LONGEST_PAUSE_S) * (0.5 + self.jitter() / 2)
        why = "a lock that the application holds" if error.number == LOCK_TIMEOUT else "a deadlock"
        self.progress.say(
            f"{script.file.label} gave way to {why}; attempt {retries + 2} of {self.retries + 1} in {pause_s:.1f} s"
        )
        self.pause(pause_s)

    def _undo(self, error: ServerError) -> None:
        if error.lost or self._connection is None:
            self.close()
            return
        try:
            self._connection.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        except ServerError:
            self.close()

    def begin(self, connection: Connection) -> tuple[int, str]:
        """Begin a transaction, and note which one and where, to be compared when it ends."""
        transaction, database = connection.row(
            "BEGIN TRANSACTION; SELECT CURRENT_TRANSACTION_ID() AS id, DB_NAME() AS db;"
        )
        return int(transaction), str(database)

    def _in_transaction(self, script: Script, retries: int, also: Sequence[Record]) -> Applied:
        connection = self.session()
        began = self.clock()
        transaction, database = self.begin(connection)
        rows, messages = self.send(connection, script)
        applied = Applied(
            script.file.name,
            script.file.phase,
            script.file.checksum,
            script.sends,
            rows,
            round((self.clock() - began) * 1000),
            retries,
            messages=messages,
        )
        written = [self.record(script, "applied", applied), *also]
        self.commit(connection, script, transaction, database, " ".join(self.journal.insertion(row) for row in written))
        return applied

    def send(self, connection: Connection, script: Script) -> tuple[int, list[str]]:
        """Send the batches, every result read to its end. An error names the batch."""
        rows = 0
        messages: list[str] = []
        for batch in script.batches:
            for _repeat in range(batch.repeat):
                try:
                    reply = connection.execute(batch.text, keep_rows=False)
                except ServerError as error:
                    if len(script.batches) > 1 or batch.line > 1:
                        error.text = f"in the batch that begins in line {batch.line}: {error.text}"
                    raise
                rows += reply.rows_affected
                messages += reply.messages[: _MOST_MESSAGES - len(messages)]
        return rows, messages

    def commit(self, connection: Connection, script: Script, transaction: int, database: str, row: str) -> None:
        """Commit the script and its journal row, if the transaction is still the one that was begun for it."""
        answer = connection.rows(
            "DECLARE @outcome NVARCHAR(20); SET @outcome = N'transaction'; "
            f"IF @@TRANCOUNT = 1 AND XACT_STATE() = 1 AND CURRENT_TRANSACTION_ID() = {transaction} "
            f"AND DB_NAME() = {literal(database)} BEGIN "
            f"IF {self.lock.condition()} BEGIN "
            f"{row} COMMIT TRANSACTION; SET @outcome = N'committed'; END ELSE SET @outcome = N'lock'; END; "
            "SELECT @outcome AS outcome, @@TRANCOUNT AS transactions, XACT_STATE() AS state, DB_NAME() AS db;"
        )
        if answer and answer[0][0] == "committed":
            return
        label = script.file.label
        self.close()
        if not answer:
            raise MigrationError(
                f"{label} left SET NOEXEC ON or SET PARSEONLY ON behind, so nothing more would have run: remove it. "
                "The script was rolled back."
            )
        outcome, transactions, _state, now_in = answer[0]
        if outcome == "lock":
            raise MigrationError(
                f"The lock on migrations was lost while {label} ran, and another run has taken it: the script was rolled "
                "back. Look at what the other run did, then run this one again."
            )
        if str(now_in) != database:
            raise MigrationError(f"{label} changed to the database {now_in}: remove USE. The script was rolled back.")
        if int(transactions) > 1:
            raise MigrationError(
                f"{label} left {int(transactions) - 1} transaction(s) open (@@TRANCOUNT is {transactions}, 1 is expected): "
                "the task owns the transaction. The script was rolled back."
            )
        raise MigrationError(
            f"{label} ended the task's transaction by itself (@@TRANCOUNT is {transactions}, 1 is expected): what it "
            "committed is in the database, but not in the journal. Remove COMMIT and ROLLBACK from it, and from what it "
            "calls, and undo by hand what it did."
        )


def _failed(script: Script, error: ServerError, retries: int) -> MigrationError:
    if error.lost:
        return MigrationError(
            f"{script.file.label}: the connection was lost ({error}). The server rolls back what was not committed; "
            "run the task again, the journal tells what is still to do."
        )
    tried = f" after {retries + 1} attempts" if retries else ""
    hint = ""
    if error.retryable:
        hint = " The application held its locks all the time: run the task again at a quieter moment, or raise retries."
    return MigrationError(f"{script.file.label} failed{tried}, {error}. The script was rolled back.{hint}")
