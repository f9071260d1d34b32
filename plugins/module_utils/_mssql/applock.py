# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application locks (sp_getapplock) that only a deployment can take. Private to this collection.

A lock belongs to a database role: who is not a member, db_owner or dbo can neither take nor hold it (Microsoft's page
of sp_getapplock, @DbPrincipal). With `public`, the default, every user of the database could.
"""

from __future__ import annotations

from enum import Enum

from .api import Connection, literal
from .errors import MssqlError, ServerError

ROLE = "zero_downtime_deploy"
"""docs/sql/permissions.sql creates it."""
_NO_PRINCIPAL = 1202
"""The database principal does not exist, or the user is not a member."""
_EXISTS_ALREADY = 15023
_BAD_CALL = -999


class Grant(Enum):
    """The answer of sp_getapplock."""

    GRANTED = "granted"
    TIMED_OUT = "timed out"


_CODES = {
    -2: "the request was cancelled",
    -3: "the request was chosen as a deadlock victim",
}


def prepare(connection: Connection) -> None:
    """Create the role where it is missing and the login is db_owner; such a login needs no permissions.sql.

    Outside of a transaction. For any other login nothing happens, and `take` reports what is missing.
    """
    try:
        connection.execute(
            f"IF IS_ROLEMEMBER(N'db_owner') = 1 AND DATABASE_PRINCIPAL_ID({literal(ROLE)}) IS NULL "
            f"CREATE ROLE {ROLE} AUTHORIZATION dbo;"
        )
    except ServerError as error:
        if error.number != _EXISTS_ALREADY:
            raise


def take(connection: Connection, resource: str, owner: str, timeout_ms: int) -> Grant:
    """Ask for an exclusive lock. `owner` is Session or Transaction. The return code decides, not a missing error.

    Raises MssqlError, with the command that fixes it, when the login is not a member of the role.
    """
    try:
        row = connection.row(
            "DECLARE @rc INT; "
            f"EXEC @rc = sp_getapplock @Resource = {literal(resource)}, @LockMode = N'Exclusive', "
            f"@LockOwner = {literal(owner)}, @LockTimeout = {int(timeout_ms)}, @DbPrincipal = {literal(ROLE)}; "
            "SELECT @rc AS rc;"
        )
    except ServerError as error:
        if error.number == _NO_PRINCIPAL:
            raise MssqlError(_not_a_member(connection)) from None
        raise
    code = int(row[0])
    if code >= 0:
        return Grant.GRANTED
    if code == -1:
        return Grant.TIMED_OUT
    if code == _BAD_CALL:
        raise MssqlError(_not_a_member(connection))
    meaning = _CODES.get(code, "an unknown code")
    raise MssqlError(f"The lock {resource} could not be taken: sp_getapplock returned {code} ({meaning}).")


def release(connection: Connection, resource: str) -> None:
    """Release a lock that the session owns; it would end with the session in any case."""
    connection.execute(
        f"EXEC sp_releaseapplock @Resource = {literal(resource)}, @LockOwner = N'Session', "
        f"@DbPrincipal = {literal(ROLE)};"
    )


def is_free(connection: Connection, resource: str) -> bool | None:
    """Whether a lock could be taken now; None when the login may not ask, because it is not a member of the role."""
    try:
        answer = connection.row(
            f"SELECT APPLOCK_TEST({literal(ROLE)}, {literal(resource)}, N'Exclusive', N'Session') AS free;"
        )[0]
    except ServerError as error:
        if error.number == _NO_PRINCIPAL:
            return None
        raise
    return None if answer is None else bool(answer)


def refusal(connection: Connection, resource: str) -> str | None:
    """Why this login could not take a lock, before it is asked for; None when it could, or can create the role."""
    if is_free(connection, resource) is not None:
        return None
    if connection.row("SELECT IS_ROLEMEMBER(N'db_owner') AS owner;")[0] == 1:
        return None
    return _not_a_member(connection)


def _not_a_member(connection: Connection) -> str:
    database, user = connection.row("SELECT DB_NAME() AS db, USER_NAME() AS who;")
    quoted = str(user).replace("]", "]]")
    return (
        f"The database {database} has no role {ROLE}, or its user {user} is not a member, so this login may not take "
        "the locks of a deployment. Run docs/sql/permissions.sql, or in that database: "
        f"CREATE ROLE {ROLE} AUTHORIZATION dbo; ALTER ROLE {ROLE} ADD MEMBER [{quoted}]; Nothing was touched."
    )
