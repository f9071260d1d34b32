# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One script of the backfill phase: it updates existing rows in small transactions, while the application writes.

A script with the header `-- migrate: batch ROWS pause MILLISECONDSms` is run again and again, each round in a
transaction of its own together with its progress in the journal, until it is known that nothing is left. So it can be
killed at any moment. The end is proven by a round that changed no row, counted, and the remaining-query where there is
one. Private to this collection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._mssql.api import Connection
from .._mssql.errors import ServerError
from .._scripts.journal import Entry, State
from .._scripts.reader import Script
from . import counting
from .apply import Applied, Runner
from .context import Context
from .errors import MigrationError
from .journal import Record

_MOST_MESSAGES = 50
_SHORT_ROUNDS = 20
"""So many rounds in a row that change rows, but fewer than a batch holds, and none that changes nothing: a fault."""
_ASK_EVERY = 25
"""The remaining-query reads the whole table, so it is asked once in so many rounds, and whenever a round is short."""
_ROWS_SQL = (
    "SELECT COALESCE(SUM(p.rows), 0) AS n FROM sys.partitions AS p JOIN sys.tables AS t ON t.object_id = p.object_id "
    "WHERE p.index_id IN (0, 1);"
)
"""How many rows all tables hold: no backfill that takes each row once changes more."""
_STALLED = 4
"""So many answers of the remaining-query in a row without a new minimum: a fault."""


@dataclass
class _Round:
    rows: int
    exact: bool
    """Whether the rows were counted behind each statement; otherwise the server's own counts, which prove less."""
    counted: bool
    messages: list[str]
    left: int | None
    """What the remaining-query answered; None where it was not asked."""

    @property
    def finished(self) -> bool:
        """Nothing was changed, and nothing is left as far as anybody can be asked."""
        if self.left is not None:
            return self.left == 0 and not (self.exact and self.rows)
        return self.counted and self.rows == 0


@dataclass
class _Progress:
    """Whether the rounds come to an end."""

    least: int | None = None
    stalled: int = 0
    short: int = 0


class Backfill:
    """One script, run in rounds."""

    def __init__(self, context: Context, runner: Runner, script: Script) -> None:
        self._context = context
        self._runner = runner
        exact = counting.counted(script)
        self._script = exact or script
        self._exact = exact is not None
        self._statements = counting.statements(script)
        self._began = runner.clock()
        self._earlier_rows = 0
        self._remaining: int | None = None
        self._progress = _Progress()
        self._entry_id = 0
        file = script.file
        self.applied = Applied(file.name, file.phase.name, file.checksum, rounds=0)
        context.report.applied.append(self.applied)

    def run(self, begun: Entry | None) -> None:
        """Round after round, from where an earlier run stopped, until nothing is left to do."""
        try:
            self._run(begun)
        finally:
            self._runner.close()

    def _run(self, begun: Entry | None) -> None:
        if begun is not None and begun.checksum == self._script.file.checksum:
            self._entry_id = begun.id
            self._earlier_rows = begun.rows
            self.applied.rounds = begun.rounds
        else:
            self._entry_id = self._begin()
        self._remaining = self._ask(self._context.connection)
        while True:
            self._throttle()
            done = self._runner.retried(self._script, self._round)
            self.applied.messages += done.messages[: _MOST_MESSAGES - len(self.applied.messages)]
            self._context.report.changed = True
            if done.finished:
                return
            self._refuse_standstill(done)
            self._context.progress.tell(self.progress)
            if self._script.header.pause_ms:
                self._runner.pause(self._script.header.pause_ms / 1000)

    def _begin(self) -> int:
        file = self._script.file
        record = Record(file, State.RUNNING, release=self._runner.release(self._script))
        self._runner.retried(self._script, lambda _retries: self._runner.write(self._script, [record]))
        self._runner.close()
        self._context.report.changed = True
        return self._context.entries(file.phase)[file.name].id

    def _round(self, retries: int) -> _Round:
        applied = self.applied
        if retries:
            applied.retries += 1
        begun = self._runner.begin()
        session = self._runner.session()
        sent = self._runner.send(session, self._script, keep_rows=self._exact)
        counted = self._exact or sent.counted
        rows = sum(int(row[0]) for row in sent.last_rows) if self._exact else sent.affected
        short = not counted or rows < (self._script.header.batch_rows or 0)
        left = self._ask(session) if short or (applied.rounds + 1) % _ASK_EVERY == 0 else None
        done = _Round(rows, self._exact, counted, sent.messages, left)
        total = replace(
            applied,
            batches=applied.batches + self._script.sends,
            rows=self._earlier_rows + applied.rows + rows,
            duration_ms=round((self._runner.clock() - self._began) * 1000),
            rounds=applied.rounds + 1,
        )
        journal = self._context.journal
        statements = [journal.progress(self._entry_id, total.rows, total.rounds, total.duration_ms, total.retries)]
        if done.finished:
            statements.append(journal.insertion(self._runner.record(self._script, State.APPLIED, total)))
        self._runner.commit(self._script, begun, statements)
        applied.batches, applied.rounds, applied.duration_ms = total.batches, total.rounds, total.duration_ms
        applied.rows += rows
        return done

    def _refuse_standstill(self, done: _Round) -> None:
        """Stop when the rounds do not come nearer to an end, and say why."""
        if done.left is None and not done.counted:
            raise self._standstill(
                "the server reported no count of rows for a round, so nobody knows whether rows are left. "
                "Write plain UPDATE, INSERT, DELETE or MERGE statements, without IF, WHILE, EXEC and @@ROWCOUNT, or "
                "add the header '-- migrate: remaining SELECT COUNT(*) ...'"
            )
        state = self._progress
        state.short = state.short + 1 if done.rows < (self._script.header.batch_rows or 0) else 0
        if done.left is not None:
            state.stalled = 0 if state.least is None or done.left < state.least else state.stalled + 1
            state.least = done.left if state.least is None else min(state.least, done.left)
            if state.stalled >= _STALLED or (done.counted and done.rows == 0):
                changed = "change no row" if done.counted and done.rows == 0 else "do not make them fewer"
                raise self._standstill(
                    f"{done.left} rows remain (the query '-- migrate: remaining'), and the rounds {changed}: the "
                    "script and the query look for different rows, or what the script writes does not take a row "
                    "out of its own condition (NULL stays NULL)"
                )
            return
        if state.short >= _SHORT_ROUNDS:
            raise self._standstill(
                f"{state.short} rounds in a row changed fewer rows than a batch holds, and none changed no row: the "
                "script finds rows again that it has changed already, or the counts of other statements are among its "
                "own (with IF, WHILE or EXEC it cannot be counted exactly). Correct its condition, or add the header "
                "'-- migrate: remaining SELECT COUNT(*) ...'"
            )
        if self.applied.rounds % _ASK_EVERY == 0:
            held = int(self._context.connection.row(_ROWS_SQL)[0])
            if self.applied.rows > 2 * held * self._statements:
                raise self._standstill(
                    f"it changed more rows than twice those of all tables ({held}) for each of its statements, so it "
                    "changes the same rows again and again. Correct its condition (NULL stays NULL), or add the header "
                    "'-- migrate: remaining SELECT COUNT(*) ...'"
                )

    def _standstill(self, reason: str) -> MigrationError:
        return MigrationError(
            f"{self._script.file.label} was stopped after {self.applied.rounds} rounds and "
            f"{self._earlier_rows + self.applied.rows} rows, without an end: {reason}. What was committed stays; the "
            "script counts as not complete."
        )

    def _ask(self, connection: Connection) -> int | None:
        query = self._script.header.remaining
        if query is None:
            return None
        return int(_number(connection, query, f"the query '-- migrate: remaining' of {self._script.file.label}"))

    def _throttle(self) -> None:
        """Ask the user's query whether to go on: 0 goes on, more is a pause in milliseconds, less stops."""
        query = self._context.request.throttle_query
        if query is None:
            return
        while True:
            answer = _number(self._context.connection, query, "throttle_query")
            if answer < 0:
                raise MigrationError(
                    f"{self._script.file.label} was stopped by throttle_query, which answered {answer:g}, after "
                    f"{self.applied.rows} rows: run the task again later, it goes on from there."
                )
            if answer == 0:
                return
            self._context.progress.tell(lambda: f"{self._script.file.label} is slowed down by throttle_query")
            self._runner.pause(min(answer, 60000) / 1000)

    def progress(self) -> str:
        """Rows done, rate and estimate, for a person to read."""
        seconds = max(self._runner.clock() - self._began, 0.001)
        rate = self.applied.rows / seconds
        line = f"{self._script.file.label}: {self._earlier_rows + self.applied.rows:,} rows, {rate:,.0f} rows/s"
        if self._remaining is not None and rate > 0:
            left = max(self._remaining - self.applied.rows, 0)
            line += f", about {left / rate:,.0f} s for {left:,} rows left"
        return line


def _number(connection: Connection, query: str, what: str) -> float:
    try:
        rows = connection.rows(query)
        return float(rows[0][0])
    except (IndexError, TypeError, ValueError):
        raise MigrationError(f"{what} did not answer with one number.") from None
    except ServerError as error:
        if error.retryable:
            raise
        raise MigrationError(f"{what} failed: {error}.") from None
