# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login may do, and what it is told when it may not."""

from __future__ import annotations

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
PERMISSIONS = ROOT / "docs" / "sql" / "permissions.sql"


def small_release(write: Write, name: str) -> None:
    write("expand/1.sql", f"CREATE TABLE dbo.{name} (id INT NOT NULL CONSTRAINT pk_{name} PRIMARY KEY, v INT NULL);")
    write("expand/2.sql", f"CREATE PROCEDURE dbo.sp{name} AS SELECT id FROM dbo.{name};")
    write("expand/3.sql", f"ALTER TABLE dbo.{name} ADD w INT NULL;\nGO\nINSERT dbo.{name} (id) VALUES (1);")
    write("backfill/1.sql", f"-- migrate: batch 10\nUPDATE TOP (10) dbo.{name} SET w = 1 WHERE w IS NULL;")
    write("undo/3.sql", f"ALTER TABLE dbo.{name} DROP COLUMN w;")
    write("undo/2.sql", f"DROP PROCEDURE dbo.sp{name};")
    write("undo/1.sql", f"DROP TABLE dbo.{name};")


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
    for batch in split_batches(PERMISSIONS.read_text().replace("$(DeployUser)", "least")):
        owner.query(batch.text)
    for arguments in ({}, {"phase": "backfill"}):
        done = least.migrate(tmp_path, release="1", **arguments)
        assert done["changed"], done["msg"]
    ledger = least.module("deployment", state="leased", run_id="r1")
    assert ledger["changed"], ledger
    # undo wants to know that nothing runs the release any more
    back = least.module("deployment", state="recorded", run_id="r1", node="web01", outcome="succeeded", version="0.9")
    assert back["changed"], back
    assert least.module("deployment", state="released", run_id="r1")["changed"]
    assert least.module("mssql_migration_info")["exists"]
    undone = least.migrate(tmp_path, "undo", release="1")
    assert [script["script"] for script in undone["applied"]] == ["3.sql", "2.sql", "1.sql"], undone
    assert owner.query("SELECT OBJECT_ID(N'dbo.least')")[0][0] is None


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
