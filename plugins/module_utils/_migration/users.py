# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses the database, and what that allows: contract and undo ask for the same certainty.

The oldest version that runs decides. What is not known is a no, with a sentence. Private to this collection.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from .._ledger.model import Consumer, Node
from .._ledger.order import ReleaseOrder, version_key
from .._ledger.sql import SqlLedgerStore
from .._ledger.store import LedgerStore
from .._mssql.api import Connection
from .._mssql.errors import MssqlError
from .._names import identity, same
from .._scripts.journal import Entry, State
from .._scripts.phases import BACKFILL, CONTRACT
from .context import Context
from .errors import MigrationError

# SQL Server 2022 and newer know the narrower permission; older ones answer NULL for it.
_MAY_SEE_SESSIONS = (
    "SELECT COALESCE(NULLIF(HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE'), 0), "
    "HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE'), 0) AS allowed;"
)
_SETTLED = frozenset({"succeeded", "unchanged", "rolled_back", "skipped"})
_SERVES = frozenset({"succeeded", "unchanged"})


@dataclass(frozen=True)
class Backfill:
    """A backfill script that is not complete."""

    script: str
    release: str | None
    found: str
    """How it stands: `was never run`, `stopped after 2 rows` ..."""


@dataclass(frozen=True)
class DatabaseUsers:
    """What is known about who uses the database."""

    expanded: Sequence[str] = ()
    """Releases whose expand phase came to its end in this database."""
    deployed: Sequence[str] = ()
    """Releases that all nodes once ran, in the order of their first deployment."""
    nodes: Sequence[Node] = ()
    consumers: Sequence[Consumer] = ()
    programs: Sequence[str] = ()
    """Program names of open sessions that are a veto."""
    backfills: Sequence[Backfill] = ()
    """The backfill scripts that are not complete."""
    order: ReleaseOrder = field(default_factory=ReleaseOrder)

    def served(self) -> list[str]:
        """Releases that were deployed, or that a node serves now."""
        now = [node.version for node in self.nodes if node.outcome in _SERVES and node.version is not None]
        return list({identity(version): version for version in [*self.deployed, *now]}.values())


def why_not(users: DatabaseUsers, origin: str | None, contract_after: int) -> str | None:
    """Why the contract scripts of a release are not due yet; None when they are."""
    if origin is None:
        return "no release is known for it: give the task release, or the script '-- migrate: release VERSION'"
    return next(_reasons(users, origin, contract_after), None)


def _reasons(users: DatabaseUsers, origin: str, contract_after: int) -> Iterator[str]:
    if version_key(origin) is None:
        yield f"{origin} is not a version that begins with numbers, so no release can be told to be newer"
    if not any(same(origin, release) for release in users.expanded):
        yield f"the release {origin} was never expanded in this database"
    newer = sum(1 for release in users.served() if users.order.older(origin, release))
    if newer < contract_after:
        yield (
            f"{newer} release(s) newer than {origin} were deployed, {contract_after} are expected (contract_after), "
            "so that a rollback is possible"
        )
    yield from _backfills(users, origin)
    yield from _uncertain(users)
    for node in users.nodes:
        yield from _too_old(users, f"the node {node.name} runs", node.version, origin)
    for consumer in users.consumers:
        yield from _too_old(users, f"the program {consumer.name} is registered for", consumer.version, origin)


def _backfills(users: DatabaseUsers, origin: str) -> Iterator[str]:
    """A backfill of this release, of an older one, or of one that nobody knows."""
    for backfill in users.backfills:
        newer = backfill.release is not None and users.order.older(origin, backfill.release)
        if not newer:
            brought = f" of {backfill.release}" if backfill.release else ""
            yield (
                f"the backfill {backfill.script}{brought} {backfill.found}, so rows may not have been copied yet: "
                "run the backfill phase to its end"
            )


def _uncertain(users: DatabaseUsers) -> Iterator[str]:
    """What nobody knows about the users of the database."""
    if not users.nodes:
        yield "the ledger knows no node of the application, so nobody knows what runs"
    for node in users.nodes:
        if node.outcome not in _SETTLED:
            yield f"the node {node.name} is recorded as {node.outcome}, so what it runs is not certain"
    if users.programs:
        yield f"sessions of {', '.join(sorted(set(users.programs)))} are open, and they are a veto"


def _too_old(users: DatabaseUsers, who: str, version: str | None, origin: str) -> Iterator[str]:
    if version is None:
        yield f"{who} an unknown version, which may be older than {origin}"
        return
    older = users.order.older(version, origin)
    if older is None:
        yield f"{who} {version}, and nothing says whether that is older than {origin}"
    elif older:
        yield f"{who} {version}, which is older than {origin}"


def why_no_undo(users: DatabaseUsers, release: str, horizon: str | None) -> str | None:
    """Why a release cannot be undone; None when nothing runs it or a newer one, for certain."""
    if horizon is not None and users.order.older(horizon, release) is not True:
        return (
            f"the contract scripts of {horizon} were applied, so {horizon} is the rollback horizon, and nothing older "
            "can run on this schema: go forward with a new release"
        )
    return next(_objections(users, release), None)


def _objections(users: DatabaseUsers, release: str) -> Iterator[str]:
    yield from _uncertain(users)
    for node in users.nodes:
        yield from _needs(users, f"the node {node.name} runs", node.version, release, "roll the node back first")
    for consumer in users.consumers:
        who = f"the program {consumer.name} is registered for"
        yield from _needs(users, who, consumer.version, release, "register what it runs now")


def _needs(users: DatabaseUsers, who: str, version: str | None, release: str, advice: str) -> Iterator[str]:
    if version is None:
        yield f"{who} an unknown version, which may be {release} or a newer one: {advice}"
        return
    older = users.order.older(version, release)
    if older is None:
        yield f"{who} {version}, and nothing says whether that is older than {release}: {advice}"
    elif not older:
        yield f"{who} {version}: {advice}"


def horizon(entries: Mapping[str, Entry], order: ReleaseOrder) -> str | None:
    """The rollback horizon: the newest release whose contract was begun. Nothing older can run any more."""
    passed = (entry.release for entry in entries.values() if entry.done or entry.unfinished)
    return order.newest(release for release in passed if release is not None)


def beyond_horizon(release: str, passed: str | None, order: ReleaseOrder) -> str | None:
    """Why a release cannot be rolled out any more; None when it can."""
    if passed is None or order.older(release, passed) is False:
        return None
    unknown = "" if order.older(release, passed) else ", and nothing says that it is not older"
    return (
        f"The release {release} cannot run on this schema: the contract scripts of {passed} were applied, so {passed} "
        f"is the rollback horizon{unknown}. Deploy {passed} or a newer release."
    )


def refuse_beyond_horizon(context: Context) -> None:
    """A release that is older than the rollback horizon finds no longer what it needs."""
    if context.request.release is None:
        return
    order = ReleaseOrder()
    reason = beyond_horizon(context.request.release, horizon(context.entries(CONTRACT), order), order)
    if reason is not None:
        raise MigrationError(f"{reason} Nothing was applied.")


def read_users(context: Context) -> DatabaseUsers:
    """Ask ledger, journal and server who uses the database."""
    request = context.request
    nodes: list[Node] = []
    consumers: list[Consumer] = []
    deployed: list[str] = []
    with _ledger(context) as connection:
        store: LedgerStore = SqlLedgerStore(connection, request.app)
        if store.exists():
            nodes, consumers, deployed = store.nodes(), store.consumers(), store.deployed()
    expanded = context.releases()
    programs = {identity(consumer.program_name) for consumer in consumers if consumer.program_name}
    sessions: list[str] = []
    if programs or request.veto_programs:
        sessions = _sessions(context.connection, programs, request.veto_programs)
    order = ReleaseOrder(deployed)
    return DatabaseUsers(expanded, deployed, nodes, consumers, sessions, incomplete_backfills(context), order)


def incomplete_backfills(context: Context) -> list[Backfill]:
    """The backfill scripts that the journal or this release knows, and that are not complete."""
    entries = context.entries(BACKFILL)
    found: list[Backfill] = []
    for file in context.files(BACKFILL):
        entry = entries.get(file.name)
        if entry is None or entry.state is State.UNDONE:
            release = context.declared_release(file)
            found.append(Backfill(file.name, release, "is declared and was never run"))
        elif entry.done and entry.checksum != file.checksum:
            found.append(Backfill(file.name, entry.release, "was applied as another script"))
    for entry in entries.values():
        if not entry.done and entry.state is not State.UNDONE:
            rows = f"stopped after {entry.rows} rows" if entry.unfinished else "is declared and was never run"
            found.append(Backfill(entry.script, entry.release, rows))
    return found


def _ledger(context: Context) -> AbstractContextManager[Connection]:
    if context.request.ledger is None:
        return nullcontext(context.connection)
    return context.request.ledger.connect()


def _sessions(connection: Connection, programs: set[str], patterns: Sequence[str]) -> list[str]:
    """Program names of other sessions with this database that are a veto."""
    allowed = connection.row(_MAY_SEE_SESSIONS)[0]
    if not allowed:
        raise MssqlError(
            "The login may not see the sessions of others (VIEW SERVER STATE), so it is not known whether the programs "
            "of veto_programs and of the registered consumers are connected: grant it (docs/sql/permissions.sql), or "
            "leave veto_programs out and register consumers without program_name. Nothing was applied."
        )
    rows = connection.rows(
        "SELECT DISTINCT program_name FROM sys.dm_exec_sessions "
        "WHERE is_user_process = 1 AND session_id <> @@SPID AND database_id = DB_ID() AND program_name IS NOT NULL;"
    )
    names = [str(row[0]) for row in rows]
    return [
        name
        for name in names
        if identity(name) in programs
        or any(fnmatch.fnmatchcase(identity(name), identity(pattern)) for pattern in patterns)
    ]


def refuse_undo(context: Context, release: str) -> None:
    """Undo stops at the rollback horizon, and at everything that may use what the release made."""
    users = read_users(context)
    reason = why_no_undo(users, release, horizon(context.entries(CONTRACT), users.order))
    if reason is not None:
        raise MigrationError(f"The release {release} cannot be undone: {reason}. Nothing was undone.")
