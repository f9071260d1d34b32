# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the versions that still run allow. The oldest one decides, never the order of scripts.

The order of releases is the order in which their expand phases were first run in this database. A version that is not
among them counts as older than all.
Private to this collection.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .._ledger.model import Consumer, Node
from .._ledger.sql import SqlLedgerStore
from .._ledger.store import LedgerStore
from .._mssql.api import Connection
from .._mssql.errors import MssqlError
from .._scripts.journal import Entry, State
from .._scripts.phases import CONTRACT
from .context import Context
from .errors import MigrationError

_SETTLED = frozenset({"succeeded", "unchanged", "rolled_back", "skipped"})


@dataclass(frozen=True)
class Field:
    """What is known about who uses the database."""

    releases: Sequence[str]
    nodes: Sequence[Node] = ()
    consumers: Sequence[Consumer] = ()
    programs: Sequence[str] = ()
    """Program names of the live sessions that are a veto."""

    def rank(self, release: str | None) -> int:
        """Where a release stands in the order, -1 for one that the database has never seen."""
        return self.releases.index(release) if release in self.releases else -1


def why_not(field: Field, origin: str | None, contract_after: int) -> str | None:
    """Why the contract scripts of a release are not due yet; None when they are."""
    if origin is None:
        return "no release is known for it: give the task release, or the script '-- migrate: release VERSION'"
    rank = field.rank(origin)
    if rank < 0:
        return f"the release {origin} was never expanded in this database"
    newer = len(field.releases) - 1 - rank
    if newer < contract_after:
        return (
            f"{newer} release(s) came after {origin}, {contract_after} are expected (contract_after), so that "
            "there is a way back"
        )
    if not field.nodes:
        return "the ledger knows no node of the application, so nobody knows what runs"
    for node in field.nodes:
        if node.outcome not in _SETTLED:
            return f"the node {node.name} is recorded as {node.outcome}, so what it runs is not certain"
        if field.rank(node.version) < rank:
            return f"the node {node.name} runs {node.version or 'an unknown version'}, which is older than {origin}"
    for consumer in field.consumers:
        if field.rank(consumer.version) < rank:
            return (
                f"the program {consumer.name} is registered for "
                f"{consumer.version or 'no version'}, which is older than {origin}"
            )
    if field.programs:
        return f"sessions of {', '.join(sorted(set(field.programs)))} are open, and they are a veto"
    return None


def horizon(entries: Mapping[str, Entry], releases: Sequence[str]) -> str | None:
    """The rollback horizon: the newest release whose contract was begun. Nothing older can run any more."""
    passed = {entry.release for entry in entries.values() if entry.done or entry.state is State.BEGUN}
    known = [release for release in releases if release in passed]
    return known[-1] if known else None


def read_field(context: Context) -> Field:
    """Ask the ledger and the server who uses the database."""
    request = context.request
    nodes: list[Node] = []
    consumers: list[Consumer] = []
    with _ledger(context) as connection:
        store: LedgerStore = SqlLedgerStore(connection, request.app)
        if store.exists():
            nodes, consumers = store.nodes(), store.consumers()
    programs = _live(context.connection, request.veto_programs) if request.veto_programs else []
    return Field(context.releases(), nodes, consumers, programs)


class _Borrowed(AbstractContextManager[Connection]):
    """The task's own session, which is not closed by who borrows it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, *_unused: object) -> None:
        return None


def _ledger(context: Context) -> AbstractContextManager[Connection]:
    if context.request.ledger is None:
        return _Borrowed(context.connection)
    return context.request.ledger.connect()


def _live(connection: Connection, patterns: Sequence[str]) -> list[str]:
    """Program names of other sessions with this database that match a pattern."""
    allowed = connection.row("SELECT HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') AS allowed;")[0]
    if not allowed:
        raise MssqlError(
            "The login may not see the sessions of others (VIEW SERVER STATE), so veto_programs cannot be kept: grant it, "
            "or leave veto_programs out. Nothing was applied."
        )
    rows = connection.rows(
        "SELECT DISTINCT program_name FROM sys.dm_exec_sessions "
        "WHERE is_user_process = 1 AND session_id <> @@SPID AND database_id = DB_ID() AND program_name IS NOT NULL;"
    )
    names = [str(row[0]) for row in rows]
    return [name for name in names if any(fnmatch.fnmatch(name.lower(), pattern.lower()) for pattern in patterns)]


def refuse_undo(context: Context, release: str) -> None:
    """Undo stops at the rollback horizon, and leaves alone what somebody runs."""
    releases = context.releases()
    passed = horizon(context.entries(CONTRACT), releases)
    field = read_field(context)
    if passed is not None and field.rank(release) <= field.rank(passed):
        raise MigrationError(
            f"The release {release} cannot be undone: the contract scripts of {passed} were applied, so {passed} is the "
            "rollback horizon, and nothing older can run on this schema. Go forward with a new release. "
            "Nothing was undone."
        )
    for node in field.nodes:
        if node.version is not None and field.rank(node.version) >= field.rank(release) >= 0:
            raise MigrationError(
                f"The release {release} cannot be undone while the node {node.name} runs {node.version}: roll the node "
                "back first. Nothing was undone."
            )
    for consumer in field.consumers:
        if consumer.version is not None and field.rank(consumer.version) >= field.rank(release) >= 0:
            raise MigrationError(
                f"The release {release} cannot be undone while the program {consumer.name} is registered for "
                f"{consumer.version}: register what it runs now. Nothing was undone."
            )
