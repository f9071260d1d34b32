# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks of a deployment belong to a role, and a login outside of it is told what to run."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import applock
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError, ServerError

from .scripted import Answer, ScriptedServer, rows

NO_MEMBER = ServerError("The database principal does not exist, or user is not a member.", 1202, "42000")
BROKEN = ServerError("Communication link failure", 0, "08S01", lost=True)
WHO = ("DB_NAME.*USER_NAME", rows(("Shop", "odd]name")))


@pytest.mark.parametrize("answer", [NO_MEMBER, rows((-999,))])
def test_a_login_outside_of_the_role_is_told_the_command(answer: Answer) -> None:
    server = ScriptedServer(("sp_getapplock.*@DbPrincipal = N'zero_downtime_deploy'", answer), WHO)
    with server.connect() as connection, pytest.raises(MssqlError) as caught:
        applock.take(connection, "r", "Session", 0)
    for wanted in (
        "Shop has no role zero_downtime_deploy, or its user odd]name is not a member",
        "docs/sql/permissions.sql",
        "ALTER ROLE zero_downtime_deploy ADD MEMBER [odd]]name];",
        "Nothing was touched",
    ):
        assert wanted in str(caught.value)


def test_another_error_keeps_its_own_words() -> None:
    server = ScriptedServer(("sp_getapplock", BROKEN))
    with server.connect() as connection, pytest.raises(ServerError, match="link failure"):
        applock.take(connection, "r", "Session", 0)


@pytest.mark.parametrize(("number", "raised"), [(15023, False), (262, True)])
def test_a_role_that_another_session_has_just_created_is_there(number: int, raised: bool) -> None:
    server = ScriptedServer(("CREATE ROLE zero_downtime_deploy", ServerError("no", number, "42000")))
    with server.connect() as connection:
        if raised:
            with pytest.raises(ServerError):
                applock.prepare(connection)
        else:
            applock.prepare(connection)


@pytest.mark.parametrize(
    ("script", "refused"),
    [
        ([("APPLOCK_TEST", rows((0,)))], False),
        ([("APPLOCK_TEST", NO_MEMBER), ("IS_ROLEMEMBER", rows((1,)))], False),
        ([("APPLOCK_TEST", NO_MEMBER), ("IS_ROLEMEMBER", rows((0,))), WHO], True),
        ([("APPLOCK_TEST", rows((None,))), ("IS_ROLEMEMBER", rows((None,))), WHO], True),
    ],
)
def test_preflight_hears_of_it_before_the_lock_is_asked_for(script: list[tuple[str, Answer]], refused: bool) -> None:
    server = ScriptedServer(*script)
    with server.connect() as connection:
        assert bool(applock.refusal(connection, "r")) is refused
    server.finished()
