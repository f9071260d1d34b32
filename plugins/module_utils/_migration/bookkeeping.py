# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journal entries without running a script: baseline, adopt, repair. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .._ledger.model import timestamp
from .._mssql.api import Row
from .._mssql.errors import INVALID_OBJECT, ServerError
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry, State
from .._scripts.names import order
from .._scripts.phases import named
from .context import Context
from .errors import MigrationError
from .journal import Record, undone

_TABLE = re.compile(r"(?:\[[^\[\]]{1,128}\]|\w{1,128})(?:\.(?:\[[^\[\]]{1,128}\]|\w{1,128})){0,2}\Z")


@dataclass(frozen=True)
class Source:
    """Another tool's journal."""

    title: str
    table: str
    query: str
    match: Callable[[str, str], bool]
    """Whether an entry of it (first) is a script of this name (second)."""


def _base(entry: str, name: str) -> bool:
    return entry.replace("\\", "/").rpartition("/")[2].lower() == name.lower()


def _stem(entry: str, name: str) -> bool:
    return entry.lower() == name.lower().removesuffix(".sql")


def _embedded(entry: str, name: str) -> bool:
    """DbUp names a script by its resource: the assembly's name and the folders, with dots between."""
    return _base(entry, name) or entry.lower().endswith("." + name.lower())


SOURCES = {
    "efcore": Source(
        "Entity Framework Core", "dbo.[__EFMigrationsHistory]", "SELECT MigrationId, 1 FROM {table};", _stem
    ),
    "dbup": Source("DbUp", "dbo.SchemaVersions", "SELECT ScriptName, 1 FROM {table};", _embedded),
    "flyway": Source(
        "Flyway",
        "dbo.flyway_schema_history",
        "SELECT script, success, type, version FROM {table} WHERE script IS NOT NULL ORDER BY installed_rank;",
        _base,
    ),
    "grate": Source("grate", "grate.ScriptsRun", "SELECT script_name, 1 FROM {table} ORDER BY id;", _base),
}


def run(context: Context, action: str) -> None:
    """Plan the journal rows of an action, then write them unless in check mode."""
    request, report = context.request, context.report
    files = context.files(request.phase)
    with context.opened():
        entries = context.entries(request.phase)
        done = [entry for entry in entries.values() if entry.done]
        report.already_applied = len(done)
        report.last_applied = done[-1].script if done else None
        records = _ACTIONS[action](context, files, entries)
        report.planned = [
            {
                "script": record.file.name,
                "phase": record.file.phase.name,
                "checksum": record.file.checksum,
                "batches": 0,
                "transaction": True,
            }
            for record in records
        ]
        report.journalled = [record.file.name for record in records if record.file.phase is request.phase]
        report.changed = bool(records)
        if request.check_mode or not records:
            return
        with context.writing():
            context.journal.write(context.connection, records)
            report.changed = True


def _baseline(context: Context, files: list[ScriptFile], entries: Mapping[str, Entry]) -> list[Record]:
    """The scripts up to the wanted one count as applied, because what they do was done by other means."""
    last = context.request.baseline_to
    if last is not None and all(file.name != last for file in files):
        raise MigrationError(
            f"baseline_to is {last}, but {context.request.phase} holds no script of that name. Nothing was written."
        )
    return [
        Record(file, State.BASELINE, detail="taken as applied, not run")
        for file in files
        if (last is None or order(file.name) <= order(last)) and not _done(entries, file)
    ]


def _adopt(context: Context, files: list[ScriptFile], entries: Mapping[str, Entry]) -> list[Record]:
    """The scripts that another tool has in its journal count as applied."""
    if context.request.adopt_from is None:
        raise MigrationError("action: adopt expects adopt_from: name the tool whose journal is to be taken over.")
    source = SOURCES[context.request.adopt_from]
    table = context.request.adopt_table or source.table
    if not _TABLE.match(table):
        raise MigrationError(f"adopt_table is {table!r}, the name of a table is expected, such as {source.table}.")
    try:
        rows = context.connection.rows(source.query.format(table=table))
    except ServerError as error:
        if error.number == INVALID_OBJECT:
            raise MigrationError(
                f"The journal of {source.title}, {table}, does not exist in this database: set adopt_table, or use "
                "action: baseline. Nothing was written."
            ) from None
        raise MigrationError(f"The journal of {source.title}, {table}, could not be read: {error}.") from None
    failed = [str(row[0]) for row in rows if not row[1]]
    if failed:
        raise MigrationError(
            f"{source.title} has {failed[0]} in its journal as failed: repair it there first. Nothing was written."
        )
    names = _applied(rows)
    unmatched = [name for name in names if not any(source.match(name, file.name) for file in files)]
    context.report.unmatched = unmatched
    return [
        Record(file, State.ADOPTED, detail=f"applied by {source.title}")
        for file in files
        if not _done(entries, file) and any(source.match(name, file.name) for name in names)
    ]


def _applied(rows: Sequence[Row]) -> list[str]:
    """The entries that still hold: Flyway writes a row of type UNDO_SQL or DELETE for a version that it took back."""
    names: dict[str, str | None] = {}
    for name, _success, *more in rows:
        kind, version = more or ("", None)
        if str(kind).upper().startswith(("UNDO", "DELETE")):
            names = {one: other for one, other in names.items() if version is None or other != version}
        else:
            names[str(name)] = version
    return list(names)


def _repair(context: Context, files: list[ScriptFile], entries: Mapping[str, Entry]) -> list[Record]:
    """Scripts that differ from what was applied, or that were begun only, are accepted as they are now."""
    if not context.request.scripts:
        raise MigrationError("action: repair expects scripts: name each script that is to be accepted as it is now.")
    by_name = {file.name: file for file in files}
    records: list[Record] = []
    for name in context.request.scripts:
        file, entry = by_name.get(name), entries.get(name)
        if file is None:
            raise MigrationError(
                f"{context.request.phase} holds no script {name}, so it cannot be accepted. Nothing was written."
            )
        if entry is None or not (entry.done or entry.unfinished):
            raise MigrationError(
                f"{file.label} was never applied, so there is nothing to repair: run it. Nothing was written."
            )
        if entry.done and entry.checksum == file.checksum:
            continue
        was = f"{entry.state} at {timestamp(entry.written_at)} with checksum {entry.checksum}"
        records.append(Record(file, State.REPAIRED, detail=f"accepted on purpose; was {was}", release=entry.release))
    begun = [record.file.name for record in records if entries[record.file.name].unfinished]
    return records + _taken_back(context, begun)


def _taken_back(context: Context, scripts: Sequence[str]) -> list[Record]:
    """An undo script that is accepted as done has taken its expand script back, which no longer counts as applied."""
    if not scripts or not context.request.phase.undoes:
        return []
    entries = context.entries(named(context.request.phase.undoes))
    return [undone(entry) for name, entry in entries.items() if name in scripts and entry.done]


def _done(entries: Mapping[str, Entry], file: ScriptFile) -> bool:
    entry = entries.get(file.name)
    return entry is not None and entry.done


_ACTIONS = {"baseline": _baseline, "adopt": _adopt, "repair": _repair}
