# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: which scripts were applied, when, and with which checksum. It lies beside the schema that it describes.

Its states and how it is read are in `_scripts/journal.py`. Private to this collection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._mssql.api import Connection, literal
from .._mssql.own_tables import OwnTables
from .._names import cut, identity
from .._scripts.find import ScriptFile
from .._scripts.journal import JOURNAL, PROGRESS, Entry, State, read_entries
from .._scripts.phases import Phase, named

TABLES = OwnTables(
    component="migration journal",
    version=1,
    probe=JOURNAL,
    ddl=(
        f"CREATE TABLE {JOURNAL} ("
        "id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_migration_journal PRIMARY KEY, app NVARCHAR(64) NOT NULL, "
        "phase NVARCHAR(16) NOT NULL, script NVARCHAR(255) NOT NULL, checksum CHAR(64) NOT NULL, "
        "state NVARCHAR(16) NOT NULL, release NVARCHAR(100) NULL, run_id NVARCHAR(100) NULL, "
        "batches INT NOT NULL, rows_affected BIGINT NOT NULL, rounds BIGINT NOT NULL, duration_ms BIGINT NOT NULL, "
        "retries INT NOT NULL, "
        "written_at DATETIME2(3) NOT NULL CONSTRAINT df_migration_journal_written_at DEFAULT (SYSUTCDATETIME()), "
        "login_name NVARCHAR(128) NOT NULL CONSTRAINT df_migration_journal_login_name DEFAULT (ORIGINAL_LOGIN()), "
        "client NVARCHAR(200) NOT NULL, detail NVARCHAR(2000) NULL);",
        f"CREATE TABLE {PROGRESS} ("
        "entry_id BIGINT NOT NULL CONSTRAINT pk_migration_progress PRIMARY KEY, rows_affected BIGINT NOT NULL, "
        "rounds BIGINT NOT NULL, duration_ms BIGINT NOT NULL, retries INT NOT NULL, written_at DATETIME2(3) NOT NULL);",
        "CREATE TABLE deploy.migration_release ("
        "id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_migration_release PRIMARY KEY, app NVARCHAR(64) NOT NULL, "
        "release NVARCHAR(100) NOT NULL, first_seen_at DATETIME2(3) NOT NULL, "
        "CONSTRAINT uq_migration_release UNIQUE (app, release));",
        "CREATE TABLE deploy.migration_lock ("
        "name NVARCHAR(100) NOT NULL CONSTRAINT pk_migration_lock PRIMARY KEY, token BIGINT NOT NULL, "
        "holder NVARCHAR(400) NOT NULL, taken_at DATETIME2(3) NOT NULL, released_at DATETIME2(3) NULL);",
    ),
)


@dataclass(frozen=True)
class Record:
    """A row to be written."""

    file: ScriptFile
    state: State
    batches: int = 0
    rows: int = 0
    rounds: int = 0
    duration_ms: int = 0
    retries: int = 0
    detail: str | None = None
    release: str | None = None


def undone(entry: Entry) -> Record:
    """The row for a script that counts as undone from now on."""
    return Record(ScriptFile(named(entry.phase), entry.script, "", entry.checksum), State.UNDONE, release=entry.release)


class Journal:
    """The journal of one application. Every time in it is the server's."""

    def __init__(self, app: str, release: str | None, run_id: str | None, client: str) -> None:
        self._app = identity(app)
        self._release = release
        self._run_id = run_id
        self._client = cut(client, 200)

    def read(self, connection: Connection, phase: Phase) -> dict[str, Entry]:
        """How all the scripts of a phase stand, in the order of their last rows."""
        where = f"app = {literal(self._app)} AND phase = {literal(phase.name)}"
        return {entry.script: entry for entry in read_entries(connection.rows, where)}

    def insertion(self, record: Record) -> str:
        """The statement that adds a row."""
        columns = self._columns(record)
        values = ", ".join(literal(value) for value in columns.values())
        return f"INSERT INTO {JOURNAL} ({', '.join(columns)}) VALUES ({values});"

    def _columns(self, record: Record) -> dict[str, str | int]:
        release = record.release if record.release is not None else self._release
        optional = {"release": release, "run_id": self._run_id, "detail": _cut(record.detail)}
        return {
            "app": self._app,
            "phase": record.file.phase.name,
            "script": record.file.name,
            "checksum": record.file.checksum,
            "state": str(record.state),
            "batches": record.batches,
            "rows_affected": record.rows,
            "rounds": record.rounds,
            "duration_ms": record.duration_ms,
            "retries": record.retries,
            "client": self._client,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def progress(self, entry_id: int, rows: int, rounds: int, duration_ms: int, retries: int) -> str:
        """The statements that record how far the backfill of a journal row has come."""
        values = f"{int(entry_id)}, {int(rows)}, {int(rounds)}, {int(duration_ms)}, {int(retries)}, SYSUTCDATETIME()"
        return (
            f"UPDATE {PROGRESS} SET rows_affected = {int(rows)}, rounds = {int(rounds)}, "
            f"duration_ms = {int(duration_ms)}, retries = {int(retries)}, written_at = SYSUTCDATETIME() "
            f"WHERE entry_id = {int(entry_id)}; IF @@ROWCOUNT = 0 "
            f"INSERT INTO {PROGRESS} (entry_id, rows_affected, rounds, duration_ms, retries, written_at) "
            f"VALUES ({values});"
        )

    def write(self, connection: Connection, records: Iterable[Record]) -> None:
        """Rows on their own, in one transaction."""
        statements = [self.insertion(record) for record in records]
        if not statements:
            return
        connection.execute("BEGIN TRANSACTION;")
        for at in range(0, len(statements), 50):
            connection.execute(" ".join(statements[at : at + 50]))
        connection.execute("COMMIT TRANSACTION;")

    def releases(self, connection: Connection) -> list[str]:
        """The releases whose scripts this database has seen, the oldest first."""
        rows = connection.rows(
            f"SELECT release FROM deploy.migration_release WHERE app = {literal(self._app)} ORDER BY id;"
        )
        return [row[0] for row in rows]

    def add_release(self, connection: Connection, release: str) -> None:
        connection.execute(
            "INSERT INTO deploy.migration_release (app, release, first_seen_at) "
            f"VALUES ({literal(self._app)}, {literal(release)}, SYSUTCDATETIME());"
        )


def _cut(text: str | None) -> str | None:
    return cut(text, 2000) if text else None
