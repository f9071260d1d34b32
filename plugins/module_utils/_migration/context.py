# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one task, for every phase. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from .._mssql.api import Connection, Connector
from .._mssql.errors import DATABASE_READ_ONLY, MssqlError, ServerError
from .._progress import Progress
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry
from .._scripts.phases import Phase
from .._scripts.reader import Script
from .apply import Applied, Runner
from .errors import MigrationError
from .journal import TABLES, Journal, Record
from .loading import find, load
from .lock import MigrationLock
from .plan import Plan
from .report import Report, Request

_FEW = 50
_ROOM_BYTES = 8 * 1024 * 1024
_SCRIPT_BYTES = 4096


class Context:
    """One task: its connections, journal, lock and report. In check mode it holds no lock and writes nothing."""

    def __init__(self, connector: Connector, request: Request, progress: Progress) -> None:
        self.connector = connector
        self.request = request
        self.progress = progress
        self.report = Report(request)
        self.journal = Journal(request.app, request.release, request.run_id, request.holder)
        self.lock = MigrationLock(connector, request.holder, progress)
        self.connection: Connection
        self.journal_exists = False
        self._scripts: dict[str, Script] = {}
        self._room = _ROOM_BYTES
        self.origins: dict[str, str | None] = {}
        """The release that a script came with, where it is not the task's own."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Connected; with the lock and the journal's tables, unless in check mode."""
        if self.request.check_mode:
            with self.connector.connect() as connection:
                self.connection = connection
                self._refuse_read_only()
                self.journal_exists = TABLES.exist(connection)
                yield
            return
        try:
            self.connection = self.lock.connect()
            self._refuse_read_only()
            self.lock.acquire(self.request.migration_lock_timeout_s)
            self.report.waited_ms = self.lock.waited_ms
            if not TABLES.exist(self.connection):
                self._create_tables()
            self.journal_exists = True
            yield
        finally:
            self.lock.release()

    def _refuse_read_only(self) -> None:
        name, updateability = self.connection.row(
            "SELECT DB_NAME() AS db, CAST(DATABASEPROPERTYEX(DB_NAME(), N'Updateability') AS NVARCHAR(60)) AS u;"
        )
        if updateability != "READ_WRITE":
            raise MigrationError(
                f"The database {name} is {updateability}, READ_WRITE is expected: connect to the primary, or make it "
                "writable. Nothing was applied."
            )

    def _create_tables(self) -> None:
        try:
            TABLES.create(self.connection)
        except ServerError as error:
            if error.number == DATABASE_READ_ONLY:
                raise MssqlError(f"The database is read-only: {error}. Nothing was applied.") from None
            raise MssqlError(
                f"The journal's tables in schema deploy could not be created: {error}. Give the login the rights in "
                "docs/sql/permissions.sql, or let an administrator run the first migration. Nothing was applied."
            ) from None

    def files(self, phase: Phase) -> list[ScriptFile]:
        """The scripts that the release has for a phase, in order."""
        return find(self.request.path, phase, self.request.encoding)

    def entries(self, phase: Phase) -> dict[str, Entry]:
        """How the scripts of a phase stand in the journal."""
        return self.journal.read(self.connection, phase) if self.journal_exists else {}

    def releases(self) -> list[str]:
        return self.journal.releases(self.connection) if self.journal_exists else []

    def prepare(self, file: ScriptFile) -> Script:
        """Read a script and refuse a bad one, before anything is applied; note it in the plan."""
        script = load(file, self.request.variables)
        size = _SCRIPT_BYTES + 4 * len(script.source)
        if size <= self._room:
            self._room -= size
            self._scripts[file.label] = script
        self.report.planned.append(
            {
                "script": file.name,
                "phase": file.phase.name,
                "checksum": file.checksum,
                "batches": script.sends,
                "transaction": not script.header.no_transaction,
            }
        )
        if self.request.want_sql:
            self.report.sql.append((file.label, script.source))
        return script

    def leave(self, file: ScriptFile) -> None:
        """Take the script that was prepared last out of the plan again: it is not due."""
        self._scripts.pop(file.label, None)
        self.report.planned.pop()
        if self.report.sql:
            self.report.sql.pop()

    def declared_release(self, file: ScriptFile) -> str | None:
        """The release that a script's header names."""
        return load(file, self.request.variables).header.release

    def note(self, plan: Plan, entries: Mapping[str, Entry]) -> None:
        """Put into the report what the comparison found."""
        self.report.already_applied = plan.done
        self.report.last_applied = next((name for name, entry in reversed(list(entries.items())) if entry.done), None)
        self.report.missing, self.report.out_of_order = plan.missing, plan.out_of_order

    def refuse_unguarded(self, plan: Plan, script: Script) -> None:
        """A script without a transaction that was begun runs again only if it says itself what is there already."""
        begun = plan.begun.get(script.file.name)
        if begun is not None and script.header.no_transaction and not script.guarded:
            raise MigrationError(
                f"{script.file.label} was begun at {begun.written_at:%Y-%m-%dT%H:%M:%SZ} without a transaction and did "
                "not end: check what it did; then either begin it with IF, so that it can run again, or "
                "accept it as done with action: repair. Nothing was applied."
            )

    def apply_all(self, runner: Runner, plan: Plan) -> None:
        """Run the scripts of a plan one by one; the report is right at any moment."""
        for number, file in enumerate(plan.todo, 1):
            self.announce(number, len(plan.todo), file)
            self.report.applied.append(self.apply(runner, plan, self.script(file)))
            self.report.changed = True

    def apply(self, runner: Runner, plan: Plan, script: Script, also: Sequence[Record] = ()) -> Applied:
        """Run one script in the way that its header asks for, with further rows of the journal."""
        if script.header.no_transaction:
            return runner.run_alone(script, plan.begun.get(script.file.name), also)
        return runner.run(script, also)

    def announce(self, number: int, of: int, file: ScriptFile) -> None:
        """Report which script runs now; for many scripts only from time to time."""
        line = f"{number} of {of}: {file.label}"
        if of <= _FEW:
            self.progress.say(line)
        else:
            self.progress.tell(lambda: line)

    def script(self, file: ScriptFile) -> Script:
        """A script that was prepared; read again when there was no room to keep it."""
        kept = self._scripts.pop(file.label, None)
        return kept if kept is not None else load(file, self.request.variables)

    def runner(self) -> Runner:
        """A runner with sessions of its own."""
        return Runner(
            self.connector, self.journal, self.lock, self.progress, self.request.retries, origins=self.origins
        )

    @contextmanager
    def writing(self) -> Iterator[Runner]:
        """From here on the database changes: the lock's holder is recorded, and `changed` says what was done."""
        self.report.changed = False
        self.lock.announce()
        runner = self.runner()
        try:
            yield runner
        finally:
            runner.close()
