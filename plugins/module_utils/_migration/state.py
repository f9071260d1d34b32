# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a database's migrations, read only. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._ledger.model import timestamp
from .._ledger.order import ReleaseOrder
from .._mssql import applock
from .._mssql.api import Connection
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry
from .._scripts.names import order
from .._scripts.phases import CONTRACT, PHASES, Phase
from . import users
from .journal import TABLES, Journal
from .loading import find
from .lock import RESOURCE, last_holder
from .refusals import refusals


def read_state(
    connection: Connection,
    app: str,
    path: str | None,
    release: str | None = None,
    variables: Mapping[str, str] | None = None,
    encoding: str = "",
) -> dict[str, Any]:
    """All that the journal tells, and what it says about the scripts in a directory: the plan of every phase.

    `refusals` says in sentences why the release, or a script of any of its phases, cannot run or could not be undone.
    """
    files = {phase: find(path, phase, encoding) for phase in PHASES} if path is not None else {}
    exists = TABLES.exist(connection)
    journal = Journal(app, None, None, "")
    entries: dict[Phase, dict[str, Entry]] = {
        phase: journal.read(connection, phase) if exists else {} for phase in PHASES
    }
    releases = journal.releases(connection) if exists else []
    locked_out = applock.refusal(connection, RESOURCE) if release is not None else None
    result: dict[str, Any] = {
        "exists": exists,
        "releases": releases,
        "rollback_horizon": users.horizon(entries[CONTRACT], ReleaseOrder()),
        "refusals": [*filter(None, [locked_out]), *refusals(release, files, entries, variables or {})],
        "scripts": [_public(entry) for phase in PHASES for entry in entries[phase].values()],
        "lock": last_holder(connection) if exists else {"held": False, "holder": None, "taken_at": None},
    }
    if path is not None:
        result["phases"] = {phase.name: _compare(files[phase], entries[phase]) for phase in PHASES}
    return result


def _public(entry: Entry) -> dict[str, Any]:
    return {
        "phase": entry.phase,
        "script": entry.script,
        "state": str(entry.state),
        "release": entry.release,
        "checksum": entry.checksum,
        "written_at": timestamp(entry.written_at),
        "rows": entry.rows,
        "rounds": entry.rounds,
    }


def _compare(files: Sequence[ScriptFile], entries: Mapping[str, Entry]) -> dict[str, list[str]]:
    names = {file.name for file in files}
    found: dict[str, list[str]] = {"pending": [], "changed": [], "missing": [], "unfinished": []}
    for file in files:
        entry = entries.get(file.name)
        if entry is not None and entry.done:
            if entry.checksum != file.checksum:
                found["changed"].append(file.name)
            continue
        found["pending"].append(file.name)
        if entry is not None and entry.unfinished:
            found["unfinished"].append(file.name)
    found["missing"] = sorted((name for name, entry in entries.items() if entry.done and name not in names), key=order)
    return found
