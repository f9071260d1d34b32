# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backfill phase: existing rows brought up to date in small transactions, while the application writes.

A script with the header `-- migrate: batch ROWS pause MILLISECONDSms` is run again and again, each round in a transaction
of its own together with its progress in the journal, until a round changes no row. So it can be killed at any moment.
Private to this collection.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._mssql.api import Connection
from .._mssql.errors import ServerError
from .._scripts.journal import Entry, State
from .._scripts.reader import Script
from .apply import Applied, Runner
from .context import Context
from .errors import MigrationError
from .journal import Record
from .plan import compare


def run(context: Context) -> None:
    """Plan; then run each script to its end."""
    request, report = context.request, context.report
    files = context.files(request.phase)
    with context.opened():
        entries = context.entries(request.phase)
        plan = compare(files, entries, request.out_of_order)
        context.note(plan, entries)
        for file in plan.todo:
            script = context.prepare(file)
            context.refuse_unguarded(plan, script)
        report.changed = bool(plan.todo)
        if request.check_mode or not report.changed:
            return
        with context.writing() as runner:
            for number, file in enumerate(plan.todo, 1):
                context.announce(number, len(plan.todo), file)
                script = context.script(file)
                if script.header.batch_rows is None:
                    report.applied.append(context.apply(runner, plan, script))
                else:
                    backfill = Backfill(context, runner, script)
                    report.applied.append(backfill.applied)
                    backfill.run(plan.begun.get(file.name))
                report.changed = True


@dataclass
class _Round:
    rows: int
    messages: list[str]


class Backfill:
    """One script, run in rounds."""

    def __init__(self, context: Context, runner: Runner, script: Script) -> None:
        self._context = context
        self._runner = runner
        self._script = script
        self._began = runner.clock()
        self._earlier_rows = 0
        self._remaining: int | None = None
        self._entry_id = 0
        file = script.file
        self.applied = Applied(file.name, file.phase.name, file.checksum, 0, 0, 0, 0, rounds=0)

    def run(self, begun: Entry | None) -> None:
        """Round after round, from where an earlier run stopped, until nothing is left to do."""
        header = self._script.header
        if begun is not None and begun.checksum == self._script.file.checksum:
            self._entry_id = begun.id
            self._earlier_rows = begun.rows
            self.applied.rounds = begun.rounds
        else:
            self._entry_id = self._begin()
        self._remaining = self._estimate()
        while True:
            self._throttle()
            done = self._runner.retried(self._script, self._round)
            self.applied.messages += done.messages[: 50 - len(self.applied.messages)]
            if done.rows == 0:
                return
            self._context.progress.tell(self.progress)
            if header.pause_ms:
                self._runner.pause(header.pause_ms / 1000)

    def _begin(self) -> int:
        connection = self._runner.session()
        self._runner.write(
            self._script, [Record(self._script.file, State.RUNNING, release=self._script.header.release)]
        )
        entries = self._context.journal.read(connection, self._script.file.phase)
        self._runner.close()
        return entries[self._script.file.name].id

    def _round(self, retries: int) -> _Round:
        applied = self.applied
        if retries:
            applied.retries += 1
        begun = self._runner.begin()
        rows, messages = self._runner.send(self._runner.session(), self._script)
        total = Applied(
            applied.script,
            applied.phase,
            applied.checksum,
            applied.batches + self._script.sends,
            self._earlier_rows + applied.rows + rows,
            round((self._runner.clock() - self._began) * 1000),
            applied.retries,
            applied.rounds + 1,
            applied.messages,
        )
        journal = self._context.journal
        statements = [journal.progress(self._entry_id, total.rows, total.rounds, total.duration_ms, total.retries)]
        if rows == 0:
            statements.append(journal.insertion(self._runner.record(self._script, State.APPLIED, total)))
        self._runner.commit(self._script, begun, statements)
        applied.batches = total.batches
        applied.rows += rows
        applied.rounds = total.rounds
        applied.duration_ms = total.duration_ms
        return _Round(rows, messages)

    def _estimate(self) -> int | None:
        query = self._script.header.remaining
        if query is None:
            return None
        return int(
            _number(self._context.connection, query, f"the query '-- migrate: remaining' of {self._script.file.label}")
        )

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
        return float(rows[0][0] or 0)
    except (IndexError, TypeError, ValueError):
        raise MigrationError(f"{what} did not answer with one number.") from None
    except ServerError as error:
        raise MigrationError(f"{what} failed: {error}.") from None
