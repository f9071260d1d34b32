# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application locks (sp_getapplock). Private to this collection."""

from __future__ import annotations

from enum import Enum

from .api import Connection, literal
from .errors import MssqlError


class Grant(Enum):
    """The answer of sp_getapplock."""

    GRANTED = "granted"
    TIMED_OUT = "timed out"


_CODES = {
    -2: "the request was cancelled",
    -3: "the request was chosen as a deadlock victim",
    -999: "a parameter or the call itself was not valid, or the login may not take application locks",
}


def take(connection: Connection, resource: str, owner: str, timeout_ms: int) -> Grant:
    """Ask for an exclusive lock. `owner` is Session or Transaction. The return code decides, not a missing error."""
    row = connection.row(
        "DECLARE @rc INT; "
        f"EXEC @rc = sp_getapplock @Resource = {literal(resource)}, @LockMode = N'Exclusive', "
        f"@LockOwner = {literal(owner)}, @LockTimeout = {int(timeout_ms)}, @DbPrincipal = N'public'; "
        "SELECT @rc AS rc;"
    )
    code = int(row[0])
    if code >= 0:
        return Grant.GRANTED
    if code == -1:
        return Grant.TIMED_OUT
    meaning = _CODES.get(code, "an unknown code")
    raise MssqlError(f"The lock {resource} could not be taken: sp_getapplock returned {code} ({meaning}).")


def release(connection: Connection, resource: str) -> None:
    """Release a lock that the session owns; it would end with the session in any case."""
    connection.execute(
        f"EXEC sp_releaseapplock @Resource = {literal(resource)}, @LockOwner = N'Session', @DbPrincipal = N'public';"
    )
