# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one script: all of it and its row in the journal, or nothing. Private to this collection."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._mssql.api import Connection, Connector, Row, literal
from .._mssql.errors import INVALID_OBJECT, LOCK_TIMEOUT, TRANSACTION_COUNT_MISMATCH, ServerError
from .._progress import Progress
from .._scripts.journal import Entry, State
from .._scripts.reader import Script
from .._tsql.lexer import scan
from .._wait import Sleep
from .errors import MigrationError
from .journal import Journal, Record
from .lock import MigrationLock

T = TypeVar("T")

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 15.0
_MOST_MESSAGES = 50
_WHICH = "CURRENT_TRANSACTION_ID() AS id, DB_NAME() AS db"
# Whatever a script has set: with XACT_ABORT OFF a failed INSERT would not keep the COMMIT behind it from running.
_COMMIT_SETTINGS = "SET XACT_ABORT ON; SET NOCOUNT OFF;"


@dataclass
class Applied:
    """The result of running a script."""

    script: str
    phase: str
    checksum: str
    batches: int = 0
    rows: int = 0
    duration_ms: int = 0
    retries: int = 0
    rounds: int = 1
    messages: list[str] = field(default_factory=list)


@dataclass
class Sent:
    """What the server answered to a script's batches."""

    affected: int = 0
    """The sum of all counts of rows that it reported."""
    counted: bool = False
    """Whether it reported any."""
    last_rows: list[Row] = field(default_factory=list)
    """The last row of each batch, where rows were kept."""
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Begun:
    """A transaction that was begun for a script."""

    transaction: int
    database: str


@dataclass
class Runner:
    """Holds the session that a script runs in. Each script and each attempt begins in a fresh one.

    What a script sets or leaves behind (SET, IDENTITY_INSERT, temporary tables, EXECUTE AS) ends with it.
    """

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

    def record(self, script: Script, state: State, applied: Applied) -> Record:
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
        """The session of the script that runs."""
        if self._connection is None:
            self._connection = self.connector.connect()
        return self._connection

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(self, script: Script, also: Sequence[Record] = ()) -> Applied:
        """Run a script with its journal rows in one transaction; retry after a lock timeout or a deadlock."""
        try:
            return self.retried(script, lambda retries: self._in_transaction(script, retries, also))
        finally:
            self.close()

    def run_alone(self, script: Script, begun: Entry | None, also: Sequence[Record] = ()) -> Applied:
        """Run a script that cannot run in a transaction. The journal knows that it was begun before it begins."""
        try:
            if begun is None:
                self.write(script, [Record(script.file, State.BEGUN, release=self.release(script))])
                self.close()
            applied = self.retried(script, lambda retries: self._alone(script, retries))
            self.close()
            self._write_alone(script, [self.record(script, State.APPLIED, applied), *also])
            return applied
        finally:
            self.close()

    def _alone(self, script: Script, retries: int) -> Applied:
        connection = self.session()
        began = self.clock()
        applied = self._applied(script, self.send(connection, script), began, retries)
        if int(connection.row("SELECT @@TRANCOUNT AS transactions;")[0]):
            raise MigrationError(
                f"{script.file.label} left a transaction open although it runs without one (@@TRANCOUNT is not 0): it "
                "was rolled back. Remove BEGIN TRANSACTION from it."
            )
        return applied

    def _write_alone(self, script: Script, records: Sequence[Record]) -> None:
        """The row of a script that has run already: only the row is tried again, never the script."""
        try:
            self.retried(script, lambda _retries: self.write(script, records))
        except MigrationError as error:
            raise MigrationError(
                f"{script.file.label} ran to its end without a transaction, but its row in the journal could not be "
                f"written, so the journal has it as begun. Nothing was rolled back. Accept it with action: repair, "
                f"scripts: [{script.file.name}]. The reason: {error}"
            ) from None

    def _applied(self, script: Script, sent: Sent, began: float, retries: int) -> Applied:
        file = script.file
        return Applied(
            file.name,
            file.phase.name,
            file.checksum,
            script.sends,
            sent.affected,
            round((self.clock() - began) * 1000),
            retries,
            messages=sent.messages,
        )

    def write(self, script: Script, records: Sequence[Record]) -> None:
        """Write to the journal outside of a script's transaction, if the lock is still this run's."""
        rows = " ".join(self.journal.insertion(record) for record in records)
        written = self.session().rows(
            f"{_COMMIT_SETTINGS} BEGIN TRANSACTION; {self.lock.hold('@@TRANCOUNT = 1')} "
            f"IF @@ROWCOUNT = 1 BEGIN {rows} COMMIT TRANSACTION; SELECT 1 AS written; END; ELSE ROLLBACK TRANSACTION;"
        )
        if not written:
            raise _lock_lost(script)

    def retried(self, script: Script, attempt: Callable[[int], T]) -> T:
        """The result of an attempt, which gets the number of those that failed before it."""
        retries = 0
        while True:
            try:
                return attempt(retries)
            except ServerError as error:
                self._roll_back(error)
                if not error.retryable or retries >= self.retries:
                    raise _failed(script, error, retries) from None
                self.give_way(script, error, retries)
                retries += 1

    def give_way(self, script: Script, error: ServerError, retries: int) -> None:
        """Back off: wait longer after each attempt, with jitter."""
        pause_s = min(_FIRST_PAUSE_S * 2**retries, _LONGEST_PAUSE_S) * (0.5 + self.jitter() / 2)
        why = "a lock that the application holds" if error.number == LOCK_TIMEOUT else "a deadlock"
        self.progress.say(
            f"{script.file.label} gave way to {why}; attempt {retries + 2} of {self.retries + 1} in {pause_s:.1f} s"
        )
        self.pause(pause_s)

    def _roll_back(self, error: ServerError) -> None:
        """End the session with nothing open: its locks are gone before the next attempt begins."""
        if self._connection is not None and not error.lost:
            with contextlib.suppress(ServerError):
                self._connection.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        self.close()

    def begin(self) -> Begun:
        """Begin a transaction, and note which one and where, to be compared when it ends."""
        transaction, database = self.session().row(f"BEGIN TRANSACTION; SELECT {_WHICH};")
        return Begun(int(transaction), str(database))

    def _in_transaction(self, script: Script, retries: int, also: Sequence[Record]) -> Applied:
        began = self.clock()
        begun = self.begin()
        applied = self._applied(script, self.send(self.session(), script), began, retries)
        written = [self.record(script, State.APPLIED, applied), *also]
        self.commit(script, begun, [self.journal.insertion(row) for row in written])
        return applied

    def send(self, connection: Connection, script: Script, *, keep_rows: bool = False) -> Sent:
        """Send the batches, every result read to its end. An error names the batch."""
        sent = Sent()
        for batch in script.batches:
            for _repeat in range(batch.repeat):
                try:
                    reply = connection.execute(batch.text, keep_rows=keep_rows)
                except ServerError as error:
                    if len(script.batches) > 1 or batch.line > 1:
                        error.text = f"in the batch that begins in line {batch.line}: {error.text}"
                    raise
                sent.affected += reply.rows_affected
                sent.counted = sent.counted or reply.counted
                sent.last_rows += reply.sets[-1][-1:] if reply.sets else []
                sent.messages += reply.messages[: _MOST_MESSAGES - len(sent.messages)]
        return sent

    def commit(self, script: Script, begun: Begun, statements: Sequence[str]) -> None:
        """Commit the script and its rows of the journal, if the lock is still this run's and the transaction the same.

        A transaction that cannot be committed any more (XACT_STATE() is -1) fails at the first write.
        """
        hold = self.lock.hold(
            f"@@TRANCOUNT = 1 AND CURRENT_TRANSACTION_ID() = {begun.transaction} "
            f"AND DB_NAME() = {literal(begun.database)}"
        )
        batch = (
            f"{_COMMIT_SETTINGS} {hold} IF @@ROWCOUNT = 1 BEGIN {' '.join(statements)} COMMIT TRANSACTION; "
            "SELECT 1 AS committed; END;"
        )
        answer: Sequence[Row] = ()
        try:
            if self.session().rows(batch):
                return
            answer = self.session().rows(f"SELECT @@TRANCOUNT AS transactions, {_WHICH};")
        except ServerError as error:
            if error.number == INVALID_OBJECT:
                raise MigrationError(
                    f"{script.file.label} left a session that does not find the journal any more: remove USE, and what "
                    f"changes the user. The script was rolled back ({error})."
                ) from None
            raise
        raise _not_committed(script, begun, answer)


def _lock_lost(script: Script) -> MigrationError:
    return MigrationError(
        f"The lock on migrations was lost at {script.file.label}, and another run has taken it: what had not been "
        "committed was rolled back. Check what the other run did, then run this one again."
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
    ended = f"{label} ended the task's transaction by itself (@@TRANCOUNT is {transactions}, 1 is expected)"
    if _only_rolls_back(script):
        return MigrationError(
            f"{ended}: its ROLLBACK took back what it had done before it; what came behind it ran without the "
            "transaction. Nothing is in the journal. Remove ROLLBACK from the script, or put it into a TRY with "
            "THROW behind."
        )
    return MigrationError(
        f"{ended}: what it committed is in the database, but not in the journal. Remove COMMIT and ROLLBACK from it, "
        "and from what it calls, and undo by hand what it did."
    )


def _only_rolls_back(script: Script) -> bool:
    """Whether nothing in the text can have committed: neither COMMIT nor a procedure that might."""
    words = {token.key for token in scan(script.sent).tokens}
    return "ROLLBACK" in words and not words & {"COMMIT", "EXEC", "EXECUTE"}


def _failed(script: Script, error: ServerError, retries: int) -> MigrationError:
    label = script.file.label
    if error.lost:
        return MigrationError(
            f"{label}: the connection was lost ({error}). The server rolls back what was not committed; "
            "run the task again, the journal tells what is still to do."
        )
    if error.number == TRANSACTION_COUNT_MISMATCH:
        return MigrationError(
            f"{label}: a procedure that it calls ended the task's transaction ({error}): what was committed is in the "
            "database, but not in the journal. Remove COMMIT and ROLLBACK from the procedure, and undo by hand "
            "what it did."
        )
    tried = f" after {retries + 1} attempts" if retries else ""
    done = "The script was rolled back."
    if script.header.no_transaction:
        done = "It runs without a transaction, so nothing rolled it back: check what it did."
    hint = ""
    if error.retryable:
        hint = " The application held its locks all the time: run the task again at a quieter moment, or raise retries."
    return MigrationError(f"{label} failed{tried}, {error}. {done}{hint}")
