# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login may do, and what it is told when it may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyodbc
import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import applock
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.batches import split_batches
from integration.mssql.server import ROOT, Database, Server, closing
from lab.sqlserver import control

Write = Callable[[str, "str | bytes"], None]
REFUSED = re.compile(r"\((229|262|1088|2760|3701|4902|15151|15247|15225|4701)\)")
PERMISSIONS = ROOT / "docs" / "sql" / "permissions.sql"


def small_release(write: Write, name: str) -> None:
    write("expand/1.sql", f"CREATE TABLE dbo.{name} (id INT NOT NULL CONSTRAINT pk_{name} PRIMARY KEY, v INT NULL);")
    write("expand/2.sql", f"CREATE PROCEDURE dbo.sp{name} AS SELECT id FROM dbo.{name};")
    write("expand/3.sql", f"ALTER TABLE dbo.{name} ADD w INT NULL;\nGO\nINSERT dbo.{name} (id) VALUES (1);")
    write("backfill/1.sql", f"-- migrate: batch 10\nUPDATE TOP (10) dbo.{name} SET w = 1 WHERE w IS NULL;")
    write("undo/3.sql", f"ALTER TABLE dbo.{name} DROP COLUMN w;")
    write("undo/2.sql", f"DROP PROCEDURE dbo.sp{name};")
    write("undo/1.sql", f"DROP TABLE dbo.{name};")


def grant(owner: Database, deploy_user: str, ledger_user: str) -> None:
    """Run permissions.sql, as an administrator does."""
    text = PERMISSIONS.read_text().replace("$(DeployUser)", deploy_user).replace("$(LedgerUser)", ledger_user)
    for batch in split_batches(text):
        owner.query(batch.text)


def test_a_login_without_rights_applies_nothing_and_then_the_least_rights_are_enough(
    lab_server: Server, driver: str, tmp_path: Path, write: Write
) -> None:
    where = "Least0" if driver == "microsoft" else "Least1"
    owner = Database(lab_server.options(driver, where), "least")
    least = Database(lab_server.options(driver, where, user="least"), "least")
    small_release(write, "least")
    refused = least.migrate(tmp_path, release="1")
    assert refused["failed"] and "docs/sql/permissions.sql" in refused["msg"], refused
    assert owner.query("SELECT OBJECT_ID(N'dbo.least')")[0][0] is None
    grant(owner, "least", "ledger")
    grant(owner, "least", "ledger")  # a second time, it changes nothing
    for arguments in ({}, {"phase": "backfill"}):
        done = least.migrate(tmp_path, release="1", **arguments)
        assert done["changed"], done["msg"]
    refused = least.module("deployment", state="leased", run_id="r1")
    assert "permission was denied on the object 'deployment_" in refused["msg"], refused
    keeper = Database(lab_server.options(driver, where, user="ledger"), "least")
    # undo wants to know that nothing runs the release any more
    states: tuple[dict[str, Any], ...] = (
        {"state": "leased"},
        {"state": "recorded", "node": "web01", "outcome": "succeeded", "version": "0.9"},
        {"state": "released"},
    )
    for state in states:
        kept = keeper.module("deployment", run_id="r1", **state)
        assert kept["changed"], kept
    for consumer in ("consumer_present", "consumer_absent"):
        assert keeper.module("deployment", state=consumer, consumer="reports")["changed"]
    assert least.module("mssql_migration_info")["exists"]
    undone = least.migrate(tmp_path, "undo", release="1")
    assert [script["script"] for script in undone["applied"]] == ["3.sql", "2.sql", "1.sql"], undone
    assert owner.query("SELECT OBJECT_ID(N'dbo.least')")[0][0] is None


HISTORY = ("deploy.deployment_event", "deploy.migration_journal", "deploy.migration_release")
STATE = ("deploy.deployment_lease", "deploy.deployment_node", "deploy.deployment_run")
FORGERIES = [
    *(f"{verb} {table}" for table in (*HISTORY, *STATE) for verb in ("DELETE", "TRUNCATE TABLE", "DROP TABLE")),
    *(f"ALTER TABLE {table} ADD z INT NULL" for table in HISTORY),
    *(f"ALTER SCHEMA dbo TRANSFER {table}" for table in HISTORY),
    "UPDATE deploy.deployment_node SET version = N'9'",
    "UPDATE deploy.deployment_lease SET held = 0",
    "UPDATE deploy.deployment_event SET kind = N'x'",
    "UPDATE deploy.migration_journal SET state = N'undone'",
    "UPDATE Least0.deploy.migration_journal SET state = N'undone'",
    "EXEC (N'DELETE deploy.deployment_event')",
    "EXEC sp_rename N'deploy.migration_journal', N'gone'",
    "CREATE PROCEDURE dbo.forge AS DELETE deploy.deployment_event;\nEXEC dbo.forge",
    "CREATE SYNONYM dbo.alias FOR deploy.deployment_node",
    "ALTER AUTHORIZATION ON SCHEMA::deploy TO dbo",
    "GRANT DELETE ON SCHEMA::deploy TO least",
    "ALTER ROLE db_owner ADD MEMBER least",
    "CREATE TABLE deploy.mine (id INT)",
    "SELECT * FROM hidden.secret",
    "CREATE VIEW dbo.peep AS SELECT id FROM hidden.secret;\nSELECT * FROM dbo.peep",
]


def test_a_script_cannot_change_the_history_or_read_a_schema_of_another_owner(lab_server: Server) -> None:
    """What permissions.sql leaves out, tried as the user that runs the scripts. Not yet run on SQL Server itself."""
    owner = Database(lab_server.options("microsoft", "Least0"), "least")
    grant(owner, "least", "ledger")
    if not owner.query("SELECT 1 FROM sys.schemas WHERE name = N'hidden'"):
        owner.query("CREATE SCHEMA hidden AUTHORIZATION zero_downtime_owner")
        owner.query("CREATE TABLE hidden.secret (id INT)")
    before = [owner.query(f"SELECT COUNT(*) FROM {table}") for table in (*HISTORY, *STATE)]
    least = Database(lab_server.options("microsoft", "Least0", user="least"), "least")
    for forgery in FORGERIES:
        with closing(least.connect()) as connection, pytest.raises(pyodbc.Error) as caught:
            for batch in forgery.split(";\n"):
                connection.execute(batch)
        assert REFUSED.search(str(caught.value)), (forgery, caught.value)
    assert [owner.query(f"SELECT COUNT(*) FROM {table}") for table in (*HISTORY, *STATE)] == before
    # The twin: what the scripts are for is allowed.
    least.query("CREATE TABLE dbo.twin (id INT); INSERT dbo.twin VALUES (1); DROP TABLE dbo.twin")


def test_one_login_for_scripts_and_ledger_may_do_both_and_still_not_change_the_history(
    lab_server: Server, tmp_path: Path, write: Write
) -> None:
    owner = Database(lab_server.options("microsoft", "Least1"), "both")
    grant(owner, "both", "both")
    small_release(write, "both")
    both = Database(lab_server.options("microsoft", "Least1", user="both"), "both")
    assert both.migrate(tmp_path, release="1")["changed"]
    assert both.module("deployment", state="leased", run_id="r1")["changed"]
    for table in HISTORY:
        with pytest.raises(pyodbc.Error, match="DELETE permission was denied"):
            both.query(f"DELETE {table}")


def _lock(connection: Any, resource: str, principal: str) -> int:
    """The return code of sp_getapplock for the session."""
    row = connection.execute(
        f"SET NOCOUNT ON; DECLARE @rc INT; EXEC @rc = sp_getapplock @Resource = N'{resource}', "
        f"@LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 0, "
        f"@DbPrincipal = N'{principal}'; SELECT @rc;"
    ).fetchone()
    return int(row[0])


def test_a_login_without_rights_cannot_hold_up_a_deployment(
    lab_server: Server, database: Database, driver: str, tmp_path: Path, write: Write
) -> None:
    small_release(write, database.app)
    assert database.migrate(tmp_path)["changed"]
    with closing(Database(lab_server.options(driver, user="least"), database.app).connect()) as stranger:
        for resource in ("zero_downtime.dotnet/migration", f"zero_downtime.dotnet/ledger/{database.app}"):
            assert _lock(stranger, resource, "public") == 0
            with pytest.raises(pyodbc.Error, match="1202"):
                _lock(stranger, resource, applock.ROLE)
        write("expand/4.sql", f"ALTER TABLE dbo.{database.app} ADD y INT NULL;")
        done = database.migrate(tmp_path, migration_lock_timeout_s=0)
        assert done["changed"], done
        assert database.module("deployment", state="leased", run_id="r1")["changed"]


def test_a_login_outside_of_the_role_is_told_so_and_nothing_is_touched(
    lab_server: Server, database: Database, driver: str, tmp_path: Path, write: Write
) -> None:
    small_release(write, database.app)
    assert database.migrate(tmp_path)["changed"]
    reader = Database(lab_server.options(driver, user="reader"), database.app)
    info = reader.module("mssql_migration_info", path=str(tmp_path), release="9")
    assert info["lock"]["held"] is None, info
    assert [reason for reason in info["refusals"] if "ALTER ROLE zero_downtime_deploy ADD MEMBER [reader]" in reason]
    refused = reader.module("deployment", state="leased", run_id="r1")
    assert "its user reader is not a member" in refused["msg"], refused
    assert not database.module("deployment_info")["lease"]["held"]
    twin = database.module("mssql_migration_info", path=str(tmp_path), release="9")
    assert twin["lock"]["held"] is False and twin["refusals"] == [], twin


def test_who_may_only_read_sees_how_it_stands_and_changes_nothing(
    lab_server: Server, database: Database, driver: str, tmp_path: Path, write: Write
) -> None:
    small_release(write, database.app)
    assert database.migrate(tmp_path)["changed"]
    write("expand/4.sql", f"ALTER TABLE dbo.{database.app} ADD x INT NULL;")
    reader = Database(lab_server.options(driver, user="reader"), database.app)
    info = reader.module("mssql_migration_info", path=str(tmp_path))
    assert info["phases"]["expand"]["pending"] == ["4.sql"], info
    assert reader.migrate(tmp_path, check=True)["planned"][0]["script"] == "4.sql"
    refused = reader.migrate(tmp_path)
    assert refused["failed"] and "is not a member" in refused["msg"], refused
    assert database.query(f"SELECT COL_LENGTH(N'dbo.{database.app}', N'x')")[0][0] is None


def test_a_read_only_database_is_told_first(
    lab_server: Server, database: Database, tmp_path: Path, write: Write
) -> None:
    small_release(write, database.app)
    control.send(lab_server.control, {"read_only": {"database": "Shop", "on": True}})
    try:
        refused = database.migrate(tmp_path)
        assert refused["failed"] and "The database Shop is READ_ONLY, READ_WRITE is expected" in refused["msg"], refused
    finally:
        control.send(lab_server.control, {"read_only": {"database": "Shop", "on": False}})
    assert database.migrate(tmp_path)["changed"]
