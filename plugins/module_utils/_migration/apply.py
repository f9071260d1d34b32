# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one script: all of it and its row in the journal, or nothing. Private to this collection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._mssql.api import Connection, Connector, Row, literal
from .._mssql.errors import INVALID_OBJECT, LOCK_TIMEOUT, ServerError
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
_STILL = "@@TRANCOUNT = 1 AND CURRENT_TRANSACTION_ID() ="
_WHICH = "CURRENT_TRANSACTION_ID() AS id, DB_NAME() AS db"


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


@dataclass(frozen=True)
class Begun:
    """A transaction that was begun for a script."""

    transaction: int
    database: str


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
    _begun: Begun | None = None

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
        self._begun = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(self, script: Script, also: Sequence[Record] = (), more: bool = False) -> Applied:
        """Run a script with its journal rows in one transaction; give way and try again when the application is in the way.

        With `more` the next transaction is begun along with this one's end, which saves a round trip.
        """
        return self.retried(script, lambda retries: self._in_transaction(script, retries, also, more))

    def run_alone(self, script: Script, begun: Entry | None) -> Applied:
        """Run a script that cannot run in a transaction. The journal knows that it was begun before it begins."""
        if self._begun is not None:
            self._begun = None
            self.session().execute("ROLLBACK TRANSACTION;")
        if begun is None:
            self.write(Record(script.file, "begun", release=self.release(script)), script)
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
        self.write(self.record(script, "applied", applied), script)
        return applied

    def write(self, record: Record, script: Script) -> None:
        """Write to the journal outside of a script's transaction, if the lock is still this run's."""
        reply = self.session().execute(f"SET NOCOUNT OFF; {self.journal.insertion(record, self.lock.row())}")
        if reply.rows_affected != 1:
            raise _lock_lost(script)

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
        self._begun = None
        if error.lost or self._connection is None:
            self.close()
            return
        try:
            self._connection.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        except ServerError:
            self.close()

    def begin(self) -> Begun:
        """Begin a transaction, and note which one and where, to be compared when it ends."""
        begun, self._begun = self._begun, None
        if begun is None:
            transaction, database = self.session().row(f"BEGIN TRANSACTION; SELECT {_WHICH};")
            begun = Begun(int(transaction), str(database))
        return begun

    def _in_transaction(self, script: Script, retries: int, also: Sequence[Record], more: bool) -> Applied:
        began = self.clock()
        begun = self.begin()
        rows, messages = self.send(self.session(), script)
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
        if more and not also and not script.leaves_traces:
            self._go_on(script, begun, written[0])
        else:
            self.commit(script, begun, [self.journal.insertion(row) for row in written])
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

    def commit(self, script: Script, begun: Begun, statements: Sequence[str]) -> None:
        """Commit the script and its rows of the journal, if the lock is still this run's and the transaction the same.

        A transaction that cannot be committed any more (XACT_STATE() is -1) fails at the first write.
        """
        # Only a script that leaves traces can have changed the database.
        there = f" AND DB_NAME() = {literal(begun.database)}" if script.leaves_traces else ""
        hold = self.lock.hold(str(self.lock.token), f"{_STILL} {begun.transaction}{there}")
        self._committed(
            script,
            begun,
            f"{hold} IF @@ROWCOUNT = 1 BEGIN {' '.join(statements)} COMMIT TRANSACTION; "
            "SELECT CURRENT_TRANSACTION_ID() AS id; END;",
        )

    def _go_on(self, script: Script, begun: Begun, row: Record) -> None:
        """Commit a script, and begin the transaction of the next one along with it: one round trip, and one plan for all.

        Transactions are counted where a batch with parameters ends: they are as many as where it began.
        """
        statement, values = self.journal.prepared(row)
        following = self._committed(
            script,
            begun,
            f"{self.lock.hold('?', f'{_STILL} ?')} IF @@ROWCOUNT = 1 BEGIN {statement} COMMIT TRANSACTION; "
            "BEGIN TRANSACTION; SELECT CURRENT_TRANSACTION_ID() AS id; END;",
            [self.lock.token, begun.transaction, *values],
        )
        self._begun = Begun(following, begun.database)

    def _committed(self, script: Script, begun: Begun, batch: str, parameters: Sequence[str | int] = ()) -> int:
        answer: Sequence[Row] = ()
        try:
            committed = self.session().rows(batch, parameters)
            if committed:
                return int(committed[0][0])
            answer = self.session().rows(f"SELECT @@TRANCOUNT AS transactions, {_WHICH};")
        except ServerError as error:
            if error.number == INVALID_OBJECT:
                self.close()
                raise MigrationError(
                    f"{script.file.label} left a session that does not find the journal any more: remove USE, and what "
                    f"changes the user. The script was rolled back ({error})."
                ) from None
            raise
        self.close()
        raise _not_committed(script, begun, answer)


def _lock_lost(script: Script) -> MigrationError:
    return MigrationError(
        f"The lock on migrations was lost at {script.file.label}, and another run has taken it: what had not been "
        "committed was rolled back. Look at what the other run did, then run this one again."
    )


def _not_committed(script: Script, begun: Begun, answer: Sequence[Row]) -> MigrationError:
    label = script.file.label
    if not answer:
        return MigrationError(
            f"{label} left SET NOEXEC ON or SET PARSEONLY ON behind, so nothing more would have run: remove it. "
            "The script was rolled back."
        )
    transactions, transaction, now_in = answer[0]
    if str(now_in) != begun.database:
        return MigrationError(f"{label} changed to the database {now_in}: remove USE. The script was rolled back.")
    if int(transactions) > 1:
        return MigrationError(
            f"{label} left {int(transactions) - 1} transaction(s) open (@@TRANCOUNT is {transactions}, 1 is expected): "
            "the task owns the transaction. The script was rolled back."
        )
    if int(transactions) == 1 and int(transaction) == begun.transaction:
        return _lock_lost(script)
    return MigrationError(
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
