# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration.mssql.server import DSN, Database, Server, closing
from lab.waiting import wait_until

Write = Callable[[str, "str | bytes"], None]


def exists(database: Database, name: str) -> bool:
    return database.query(f"SELECT OBJECT_ID(N'dbo.{name}')")[0][0] is not None


def journal(database: Database) -> list[tuple[Any, ...]]:
    return database.query(
        f"SELECT phase, script, state FROM deploy.migration_journal WHERE app = N'{database.app}' ORDER BY id"
    )


@pytest.mark.skipif(bool(DSN), reason="needs a database that was never migrated")
def test_first_use_check_apply_repeat(lab_server: Server, driver: str, tmp_path: Path, write: Write) -> None:
    database = Database(lab_server.options(driver, "Fresh0" if driver == "microsoft" else "Fresh1"), "first")
    write("expand/001_a.sql", "CREATE TABLE dbo.first_a (id INT NOT NULL CONSTRAINT pk_first_a PRIMARY KEY);")
    write("expand/002_b.sql", "INSERT dbo.first_a (id) VALUES (1), (2);\nGO\nINSERT dbo.first_a (id) VALUES (3);\n")
    assert database.module("mssql_migration_info")["exists"] is False
    planned = database.migrate(tmp_path, check=True, diff=True, release="1")
    assert planned["changed"] and [script["batches"] for script in planned["planned"]] == [1, 2]
    assert "CREATE TABLE dbo.first_a" in planned["diff"][0]["after"]
    assert not exists(database, "first_a")
    assert database.query("SELECT SCHEMA_ID(N'deploy')")[0][0] is None
    done = database.migrate(tmp_path, release="1")
    assert done["changed"], done
    assert [(script["script"], script["rows"]) for script in done["applied"]] == [("001_a.sql", 0), ("002_b.sql", 3)]
    assert done["planned"] == planned["planned"]
    again = database.migrate(tmp_path, release="1")
    assert not again["changed"]
    assert again["previous_state"] == {"applied": 2, "last_script": "002_b.sql"}
    info = database.module("mssql_migration_info", path=str(tmp_path))
    assert info["releases"] == ["1"]
    assert [script["state"] for script in info["scripts"]] == ["applied", "applied"]
    assert info["phases"]["expand"] == {"pending": [], "changed": [], "missing": [], "unfinished": []}
    assert info["lock"]["held"] is False


def test_a_script_that_fails_leaves_nothing(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    write("expand/1.sql", f"CREATE TABLE dbo.{name} (id INT NOT NULL);")
    write(
        "expand/2.sql",
        (
            f"ALTER TABLE dbo.{name} ADD x INT NULL;\nGO\nINSERT dbo.{name} (id) VALUES (1);\nGO\nSELECT 1 FROM "
            f"dbo.no_{name};"
        ),
    )
    failed = database.migrate(tmp_path)
    assert failed["failed"] and "208" in failed["msg"] and "line 5" in failed["msg"], failed["msg"]
    assert [script["script"] for script in failed["applied"]] == ["1.sql"]
    assert database.query(f"SELECT COL_LENGTH(N'dbo.{name}', N'x')")[0][0] is None
    assert database.query(f"SELECT COUNT(*) FROM dbo.{name}")[0][0] == 0
    assert journal(database) == [("expand", "1.sql", "applied")]
    write("expand/2.sql", f"ALTER TABLE dbo.{name} ADD x INT NULL;")
    assert database.migrate(tmp_path)["changed"]
    assert journal(database) == [("expand", "1.sql", "applied"), ("expand", "2.sql", "applied")]


def test_an_error_behind_the_first_result_is_seen(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    write("expand/1.sql", f"CREATE TABLE dbo.{name} (id INT NOT NULL CONSTRAINT pk_{name} PRIMARY KEY);")
    write("expand/2.sql", f"INSERT dbo.{name} (id) VALUES (1); SELECT 1 AS a; INSERT dbo.{name} (id) VALUES (1);")
    failed = database.migrate(tmp_path)
    assert failed["failed"] and "2627" in failed["msg"]
    assert database.query(f"SELECT COUNT(*) FROM dbo.{name}")[0][0] == 0


def test_a_message_behind_rows_is_kept(database: Database, tmp_path: Path, write: Write) -> None:
    """FreeTDS has it at the end of the rows, where pyodbc does not look when they are fetched."""
    write(
        "expand/1.sql",
        "SELECT 1 AS a UNION ALL SELECT 2; PRINT N'behind the rows'; SELECT 3 AS b; PRINT N'at the end';",
    )
    done = database.migrate(tmp_path)
    assert done["applied"][0]["messages"] == ["behind the rows", "at the end"], done
    write("expand/2.sql", "SELECT 1 AS a UNION ALL SELECT 2; SELECT 1 / 0 AS b; PRINT N'never';")
    failed = database.migrate(tmp_path)
    assert failed["failed"] and "8134" in failed["msg"], failed


def test_messages_repeats_variables_and_encodings(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    text = (
        f"CREATE TABLE dbo.{name} (id INT IDENTITY(1,1) NOT NULL, n NVARCHAR(50) NULL);\r\nGO\r\n"
        f"INSERT dbo.{name} (n) VALUES (N'$(Greeting) ä; GO');\r\nGO 3 -- thrice\r\nPRINT N'done: $(Greeting)';\r\n"
    )
    write("expand/1.sql", codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    done = database.migrate(tmp_path, variables={"Greeting": "hello"})
    assert done["changed"], done
    assert done["applied"][0]["batches"] == 5
    assert done["applied"][0]["rows"] == 3
    # The server has said "done: hello": a result names the variable.
    assert any("done: $(Greeting)" in message for message in done["applied"][0]["messages"])
    assert database.query(f"SELECT DISTINCT n FROM dbo.{name}") == [("hello ä; GO",)]


def test_a_procedure_that_commits_is_found_out(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    write(
        "expand/1.sql",
        f"CREATE TABLE dbo.{name} (id INT NOT NULL);\nGO\nCREATE PROCEDURE dbo.p_{name} AS\nCOMMIT TRANSACTION;\n",
    )
    assert database.migrate(tmp_path)["changed"]
    write("expand/2.sql", f"INSERT dbo.{name} (id) VALUES (1);\nEXEC dbo.p_{name};")
    failed = database.migrate(tmp_path)
    assert failed["failed"], failed
    assert journal(database) == [("expand", "1.sql", "applied")]


def test_scripts_of_entity_framework_core_run_as_they_are(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    text = f"""IF OBJECT_ID(N'[__EF{name}]') IS NULL
BEGIN
    CREATE TABLE [__EF{name}] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EF{name}] PRIMARY KEY ([MigrationId])
    );
END;
GO

BEGIN TRANSACTION;
GO

IF NOT EXISTS (
    SELECT * FROM [__EF{name}]
    WHERE [MigrationId] = N'20240101000000_Init'
)
BEGIN
    CREATE TABLE [Blogs{name}] (
        [Id] int NOT NULL IDENTITY,
        [Url] nvarchar(max) NULL,
        CONSTRAINT [PK_Blogs{name}] PRIMARY KEY ([Id])
    );
END;
GO

IF NOT EXISTS (
    SELECT * FROM [__EF{name}]
    WHERE [MigrationId] = N'20240101000000_Init'
)
BEGIN
    INSERT INTO [__EF{name}] ([MigrationId], [ProductVersion])
    VALUES (N'20240101000000_Init', N'8.0.1');
END;
GO

COMMIT;
GO

"""
    write("expand/20240101000000_Init.sql", codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    done = database.migrate(tmp_path)
    assert done["changed"], done
    assert database.query(f"SELECT MigrationId FROM [__EF{name}]") == [("20240101000000_Init",)]
    adopted = Database(database.options, f"{name}_adopting").migrate(
        tmp_path, action="adopt", adopt_from="efcore", adopt_table=f"dbo.[__EF{name}]"
    )
    assert adopted["journalled"] == ["20240101000000_Init.sql"], adopted


def test_without_a_transaction(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    write("expand/1.sql", f"CREATE TABLE dbo.{name} (id INT NOT NULL);")
    bad = f"-- migrate: no-transaction\nCREATE INDEX ix_{name} ON dbo.{name} (nope);"
    write("expand/2.sql", bad)
    assert database.migrate(tmp_path)["failed"]
    assert journal(database)[-1] == ("expand", "2.sql", "begun")
    again = database.migrate(tmp_path)
    assert again["failed"] and "without a transaction and did not end" in again["msg"]
    write(
        "expand/2.sql",
        (
            f"-- migrate: no-transaction\nIF COL_LENGTH(N'dbo.{name}', N'x') IS NULL ALTER TABLE dbo.{name} ADD x "
            "INT NULL;"
        ),
    )
    done = database.migrate(tmp_path)
    assert done["changed"] and not done["planned"][0]["transaction"], done
    assert journal(database)[-1] == ("expand", "2.sql", "applied")


def test_a_changed_script_and_its_repair(database: Database, tmp_path: Path, write: Write) -> None:
    write("expand/1.sql", f"CREATE TABLE dbo.{database.app} (id INT NOT NULL);")
    database.migrate(tmp_path)
    write("expand/1.sql", f"CREATE TABLE dbo.{database.app} (id BIGINT NOT NULL);")
    failed = database.migrate(tmp_path)
    assert failed["failed"] and "is now another script" in failed["msg"]
    assert database.migrate(tmp_path, action="repair", scripts=["1.sql"], check=True)["changed"]
    assert database.migrate(tmp_path)["failed"]
    assert database.migrate(tmp_path, action="repair", scripts=["1.sql"])["journalled"] == ["1.sql"]
    assert not database.migrate(tmp_path)["changed"]


def test_the_second_run_waits_and_says_for_whom(database: Database, tmp_path: Path, write: Write) -> None:
    table = f"dbo.{database.app}"
    database.query(f"CREATE TABLE {table} (id INT NOT NULL CONSTRAINT pk_{database.app} PRIMARY KEY, v INT NULL);")
    database.query(f"INSERT {table} (id) VALUES (1);")
    write("expand/1.sql", f"UPDATE {table} SET v = 2 WHERE id = 1;")
    progress = tmp_path / "progress"
    with closing(database.connect()) as holder:
        holder.execute(f"BEGIN TRANSACTION; UPDATE {table} SET v = 1 WHERE id = 1;")
        first = database.start(
            "mssql_migration", path=str(tmp_path), phase="expand", run_id="run-one", lock_timeout_ms=600_000
        )
        wait_until(lambda: database.module("mssql_migration_info").get("lock", {}).get("held"))
        second = database.migrate(tmp_path, migration_lock_timeout_s=0)
        assert second["failed"] and "run run-one" in second["msg"], second
        waiting = database.start(
            "mssql_migration", path=str(tmp_path), phase="expand", migration_lock_timeout_s=120, progress=progress
        )
        wait_until(lambda: progress.exists() and "waits for another migration" in progress.read_text())
        holder.execute("COMMIT TRANSACTION;")
        third = database.result(waiting)
    assert not third.get("failed"), third
    assert third["waited_ms"] > 0 and not third["changed"]
    assert database.result(first)["changed"]
    assert journal(database) == [("expand", "1.sql", "applied")]


@pytest.mark.skipif(bool(DSN), reason="spoils the journal of the database")
def test_a_journal_of_a_newer_format_is_refused(lab_server: Server, driver: str, tmp_path: Path, write: Write) -> None:
    database = Database(lab_server.options(driver, "Fresh2" if driver == "microsoft" else "Fresh3"), "newer")
    write("expand/1.sql", "CREATE TABLE dbo.newer (id INT NOT NULL);")
    assert not database.module("deployment", state="leased", run_id="r").get("failed")
    with closing(database.connect()) as connection:
        connection.execute("INSERT deploy.zero_downtime_format (component, version) VALUES (N'migration journal', 2);")
        failed = database.migrate(tmp_path)
        assert failed["failed"] and "have format 2, expected is 1" in failed["msg"], failed
        connection.execute("UPDATE deploy.zero_downtime_format SET version = 1 WHERE component = N'migration journal';")
        failed = database.migrate(tmp_path)
        assert failed["failed"] and "deploy.migration_journal is missing" in failed["msg"], failed
        connection.execute("DELETE FROM deploy.zero_downtime_format WHERE component = N'migration journal';")
    assert not exists(database, "newer")
    assert database.migrate(tmp_path)["changed"]


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"login_password": "wrong-Secret-1"}, "refused the login 'deploy'"),
        ({"database": "Nope"}, "has no database 'Nope'"),
        ({"login_port": 1}, "is not reachable"),
        ({"ca_path": "OTHER"}, "certificate"),
        ({"ca_path": "/nope.pem"}, "is not a file"),
        ({"driver": "No Such Driver"}, "is not installed; installed are:"),
    ],
)  # fmt: skip
def test_each_failure_to_connect_is_one_sentence(
    lab_server: Server, driver: str, tmp_path: Path, different: dict[str, Any], message: str
) -> None:
    options = {**lab_server.options(driver), **different}
    if options["ca_path"] == "OTHER":
        options["ca_path"] = str(lab_server.other.ca)
    failed = Database(options, "x").migrate(tmp_path)
    assert failed["failed"] and message in failed["msg"], failed
    assert "Traceback" not in failed["msg"]
    assert options["login_password"] not in json.dumps(failed)


def test_freetds_needs_consent(lab_server: Server, tmp_path: Path) -> None:
    options = lab_server.options("freetds")
    refused = Database({**options, "validate_certs": True}, "x").migrate(tmp_path)
    assert refused["failed"] and "without encryption behind the login" in refused["msg"]
    assert not Database({**options, "ca_path": None}, "x").migrate(tmp_path).get("failed")


def two_releases(root: Path, table: str) -> tuple[Path, Path]:
    """A release that creates the table, and one that replaces its column old_name by new_name in all phases."""
    one, two = root / "r1", root / "r2"
    for release in (one, two):
        (release / "expand").mkdir(parents=True)
    (one / "expand" / "010_table.sql").write_text(
        f"CREATE TABLE dbo.{table} (id INT NOT NULL, old_name NVARCHAR(20) NULL);"
    )
    (two / "expand" / "020_column.sql").write_text(f"ALTER TABLE dbo.{table} ADD new_name NVARCHAR(20) NULL;")
    for phase in ("backfill", "contract", "undo"):
        (two / phase).mkdir()
    (two / "backfill" / "020_fill.sql").write_text(
        "-- migrate: batch 10 pause 1ms\n"
        f"UPDATE TOP ($(BatchSize)) dbo.{table} SET new_name = old_name "
        "WHERE new_name IS NULL AND old_name IS NOT NULL;"
    )
    (two / "contract" / "020_old.sql").write_text(f"ALTER TABLE dbo.{table} DROP COLUMN old_name;")
    (two / "undo" / "020_column.sql").write_text(f"ALTER TABLE dbo.{table} DROP COLUMN new_name;")
    return one, two


def test_the_whole_life_of_a_change(database: Database, tmp_path: Path) -> None:
    """Expand, backfill, contract when nobody needs the old any more; undo until then, and not beyond."""
    name = database.app
    one, two = two_releases(tmp_path, name)

    def node(node: str, version: str) -> None:
        done = database.module(
            "deployment", state="recorded", run_id="r", node=node, outcome="succeeded", version=version
        )
        assert not done.get("failed"), done

    assert database.migrate(one, release="1")["changed"]
    assert database.module("deployment", state="leased", run_id="r", version="1")["changed"]
    for web in ("web01", "web02"):
        node(web, "1")
    with closing(database.connect()) as connection:
        for at in range(25):
            connection.execute(f"INSERT dbo.{name} (id, old_name) VALUES ({at}, N'n{at}');")
    assert database.migrate(two, release="2")["changed"]
    filled = database.migrate(two, "backfill", release="2")
    assert (filled["applied"][0]["rows"], filled["applied"][0]["rounds"]) == (25, 4), filled
    assert not database.migrate(two, "backfill", release="2")["changed"]

    undone = database.migrate(two, "undo", release="2")
    assert [script["script"] for script in undone["applied"]] == ["020_column.sql"], undone
    assert database.query(f"SELECT COL_LENGTH(N'dbo.{name}', N'new_name')")[0][0] is None
    assert not database.migrate(two, "undo", release="2")["changed"]
    assert [script["script"] for script in database.migrate(two, release="2")["applied"]] == ["020_column.sql"]
    assert database.migrate(two, "backfill", release="2")["applied"][0]["rows"] == 25

    node("web01", "2")
    waiting = database.migrate(two, "contract", release="2", contract_after=0)
    assert "web02 runs 1, which is older than 2" in waiting["waiting"][0]["reason"], waiting
    assert not waiting["changed"]
    refused = database.migrate(two, "undo", release="2")
    assert refused["failed"] and "web01 runs 2" in refused["msg"]
    node("web02", "2")
    database.module("deployment", state="consumer_present", consumer="reports", version="1")
    waiting = database.migrate(two, "contract", contract_after=0)
    assert "program reports is registered for 1" in waiting["waiting"][0]["reason"], waiting
    database.module("deployment", state="consumer_absent", consumer="reports")
    waiting = database.migrate(two, "contract")
    assert "0 release(s) newer than 2 were deployed" in waiting["waiting"][0]["reason"], waiting
    (two / "expand" / "030_nothing.sql").write_text("PRINT N'three';")
    assert database.migrate(two, release="3")["changed"]
    waiting = database.migrate(two, "contract", check=True)
    assert "0 release(s) newer than 2 were deployed" in waiting["waiting"][0]["reason"], waiting
    node("web01", "3")
    planned = database.migrate(two, "contract", check=True)
    assert [script["script"] for script in planned["planned"]] == ["020_old.sql"], planned
    assert database.query(f"SELECT COL_LENGTH(N'dbo.{name}', N'old_name')")[0][0] is not None
    done = database.migrate(two, "contract")
    assert [script["script"] for script in done["applied"]] == ["020_old.sql"], done
    assert database.module("mssql_migration_info")["rollback_horizon"] == "2"
    for web in ("web01", "web02"):
        node(web, "1")
    beyond = database.migrate(two, "undo", release="2")
    assert beyond["failed"] and "2 is the rollback horizon" in beyond["msg"], beyond


def test_live_sessions_are_a_veto(database: Database, tmp_path: Path, write: Write) -> None:
    write("expand/1.sql", "PRINT N'x';")
    write("contract/1.sql", "PRINT N'y';")
    assert database.migrate(tmp_path, release="1")["changed"]
    database.module("deployment", state="leased", run_id="r")
    database.module("deployment", state="recorded", run_id="r", node="web01", outcome="succeeded", version="1")
    veto = database.migrate(tmp_path, "contract", contract_after=0, veto_programs=["zero_downtime.dotnet/mssql_*"])
    if veto.get("failed"):
        assert "VIEW SERVER STATE" in veto["msg"]
        return
    assert not veto["waiting"], veto  # the task's own session is no veto
    assert veto["changed"]


def test_a_release_in_a_code_page_arrives_as_it_was_written(database: Database, tmp_path: Path, write: Write) -> None:
    name, text = database.app, "Größe: 5 €"
    script = f"CREATE TABLE dbo.{name} (t NVARCHAR(20) NOT NULL);\nGO\nINSERT dbo.{name} (t) VALUES (N'{text}');\n"
    manifest = f"app: {name}\nversion: '1'\nweb: {{artifact: web.zip, sha256: {'0' * 64}}}\n"
    (tmp_path / "db").mkdir()
    write("db/expand/1.sql", script.encode("cp1252"))
    write("release.yml", manifest)
    refused = database.migrate(tmp_path, release="1")
    assert refused["failed"] and "state what it is in (encoding: cp1252)" in refused["msg"]
    write("release.yml", manifest + "encoding: cp1252\n")
    info = database.module("mssql_migration_info", path=str(tmp_path))
    assert info["phases"]["expand"]["pending"] == ["1.sql"]
    assert database.migrate(tmp_path, release="1")["changed"]
    assert database.query(f"SELECT t FROM dbo.{name}") == [(text,)]
    write("db/expand/1.sql", script.encode("utf-8-sig"))
    assert not database.migrate(tmp_path, release="1", encoding="cp1252")["changed"]
    other = database.migrate(tmp_path, release="1", encoding="utf-8")
    assert other["failed"] and "states encoding: cp1252, the option says utf-8" in other["msg"]
