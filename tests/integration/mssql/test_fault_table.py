# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of migration scripts, one line for each: what is there, what the script is, and what must come of it.

Each line once ended as applied with something missing, or never. When a phase is refused because of who uses the
database is in tests/unit/migration/test_fault_table.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from integration.mssql.server import DRIVERS, Database, Server, closing
from lab.waiting import wait_until

Write = Callable[[str, "str | bytes"], None]
pytestmark = pytest.mark.parametrize("driver", DRIVERS[:1], indirect=True)

TABLE = (
    "CREATE TABLE dbo.{t} (id INT IDENTITY(1,1) NOT NULL CONSTRAINT pk_{t} PRIMARY KEY, "
    "o NVARCHAR(20) NULL, c NVARCHAR(20) NULL)"
)
LOG = "CREATE TABLE dbo.{t}_log (id INT IDENTITY(1,1) NOT NULL, at_id INT NULL)"
HEAD = "-- migrate: batch 10\n"
REMAINING = "-- migrate: remaining SELECT COUNT(*) FROM dbo.{t} WHERE c IS NULL\n"
FILL = "UPDATE TOP ($(BatchSize)) dbo.{t} SET c = N'x' WHERE c IS NULL;\n"
LEFT = "SELECT COUNT(*) FROM dbo.{t} WHERE c IS NULL"
SILENT_TRIGGER = "CREATE TRIGGER dbo.tr_{t} ON dbo.{t} AFTER UPDATE AS SET NOCOUNT ON; DECLARE @x INT = 1;"
WRITING_TRIGGER = "CREATE TRIGGER dbo.tr_{t} ON dbo.{t} AFTER UPDATE AS INSERT dbo.{t}_log (at_id) VALUES (1);"
SILENT_PROCEDURE = (
    "CREATE PROCEDURE dbo.p_{t} AS SET NOCOUNT ON; UPDATE TOP (10) dbo.{t} SET c = N'x' WHERE c IS NULL; RETURN 0;"
)


@dataclass
class Fault:
    """25 rows, and a backfill script over them."""

    what: str
    script: str
    before: list[str] = field(default_factory=list)
    """Statements beside the table."""
    says: str = ""
    """Part of the refusal; empty: the script is applied."""
    left: int = 0


BACKFILLS = [
    Fault("plain", HEAD + FILL),
    Fault("plain, confirmed", HEAD + REMAINING + FILL),
    Fault("a trigger with NOCOUNT hides the count", HEAD + FILL, [SILENT_TRIGGER]),
    Fault("OUTPUT turns the count into rows", HEAD + FILL.replace("WHERE", "OUTPUT inserted.id WHERE")),
    Fault("a trigger that writes adds its own count", HEAD + FILL, [LOG, WRITING_TRIGGER]),
    Fault("SELECT @x = ... reports a count and changes nothing", HEAD + "DECLARE @x INT; SELECT @x = 1;\n" + FILL),
    Fault("SELECT @x = ... behind the statement", HEAD + FILL + "DECLARE @x INT; SELECT @x = COUNT(*) FROM dbo.{t};\n",
          [LOG, WRITING_TRIGGER]),
    Fault("the script reads the count itself",
          HEAD + FILL + "DECLARE @n INT = @@ROWCOUNT;\nINSERT dbo.{t}_log (at_id) SELECT @n WHERE @n > 0;\n", [LOG]),
    Fault("several statements, the last one is done first",
          HEAD + FILL + "UPDATE TOP (20) dbo.{t} SET o = N'y' WHERE o IS NULL;\n", [LOG, WRITING_TRIGGER]),
    Fault("several statements in several batches",
          HEAD + FILL + "GO\nDECLARE @x INT; SELECT @x = 1;\n"
          "UPDATE TOP (20) dbo.{t} SET o = N'y' WHERE o IS NULL;\nSELECT @x = @x + 1;\n", [LOG, WRITING_TRIGGER]),
    Fault("rows in a temporary table are not counted",
          HEAD + "SELECT TOP (10) id INTO #w_{t} FROM dbo.{t} WHERE c IS NULL;\nINSERT INTO #w_{t} (id) VALUES (0);\n"
          "UPDATE x SET c = N'x' FROM dbo.{t} AS x JOIN #w_{t} AS w ON w.id = x.id;\nDROP TABLE #w_{t};\n"),
    Fault("counts of a trigger, confirmed", HEAD + REMAINING + "IF 1 = 1 " + FILL, [LOG, WRITING_TRIGGER]),
    Fault("counts of a trigger", HEAD + "IF 1 = 1 " + FILL, [LOG, WRITING_TRIGGER],
          "with IF, WHILE or EXEC it cannot be counted exactly"),
    Fault("a procedure with NOCOUNT, confirmed", HEAD + REMAINING + "EXEC dbo.p_{t};\n", [SILENT_PROCEDURE]),
    Fault("a procedure with NOCOUNT: nothing is known", HEAD + "EXEC dbo.p_{t};\n", [SILENT_PROCEDURE],
          "reported no count of rows", 15),
    Fault("NULL stays NULL, confirmed", HEAD + REMAINING + FILL.replace("N'x'", "LOWER(o)"), [],
          "25 rows remain", 25),
    Fault("NULL stays NULL", HEAD + FILL.replace("N'x'", "LOWER(o)"), [], "changes the same rows again", 25),
    Fault("a few rows stay NULL", HEAD + FILL.replace("N'x'", "CASE WHEN id > 3 THEN N'x' END"), [],
          "20 rounds in a row changed fewer rows than a batch holds", 3),
    Fault("the query looks for other rows", HEAD + REMAINING + FILL.replace("WHERE", "WHERE id > 5 AND"), [],
          "5 rows remain", 5),
]  # fmt: skip


@pytest.mark.parametrize("fault", BACKFILLS, ids=lambda fault: fault.what)
def test_a_backfill_ends_when_nothing_is_left_and_never_before(
    database: Database, tmp_path: Path, write: Write, fault: Fault
) -> None:
    table = database.app
    for statement in (TABLE, *fault.before):
        database.query(statement.format(t=table))
    database.query(f"INSERT dbo.{table} (o) VALUES {', '.join(['(NULL)'] * 25)}")
    write("backfill/1_fill.sql", fault.script.replace("{t}", table))
    done = database.migrate(tmp_path, "backfill")
    assert done["changed"], done
    assert database.query(LEFT.format(t=table)) == [(fault.left,)]
    states = database.query(f"SELECT state FROM deploy.migration_journal WHERE app = N'{table}' ORDER BY id")
    if fault.says:
        assert done["failed"] and fault.says in done["msg"], done["msg"]
        assert states == [("running",)]
    else:
        assert not done.get("failed"), done["msg"]
        assert states == [("running",), ("applied",)]


def serves(database: Database, version: str, run: str, nodes: int = 2) -> None:
    """A rollout that ended well, as the playbook records it."""

    def ask(state: str, **more: Any) -> None:
        result = database.module("deployment", state=state, run_id=run, **more)
        assert not result.get("failed"), result

    ask("leased", version=version)
    for number in range(1, nodes + 1):
        ask("recorded", node=f"web{number:02}", outcome="succeeded", version=version)
    ask("released", result="succeeded")


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped in between", "declared and never run"])
def test_contract_keeps_what_a_backfill_has_not_copied(
    database: Database, tmp_path: Path, write: Write, stopped: bool
) -> None:
    table = database.app
    database.query(TABLE.format(t=table))
    database.query(f"INSERT dbo.{table} (o) VALUES (N'a'), (N'b'), (N'c'), (N'd'), (N'e'), (N'f')")
    write("expand/1_a.sql", f"CREATE TABLE dbo.{table}_a (id INT NULL)")
    write("backfill/1_copy.sql", f"-- migrate: batch 2\nUPDATE TOP (2) dbo.{table} SET c = o WHERE c IS NULL;\n")
    write("contract/1_drop.sql", f"ALTER TABLE dbo.{table} DROP COLUMN o")
    assert not database.migrate(tmp_path, release="1.0").get("failed")
    if stopped:
        query = f"SELECT CASE WHEN COUNT(*) > 0 THEN -1 ELSE 0 END FROM dbo.{table} WHERE c IS NOT NULL"
        halted = database.migrate(tmp_path, "backfill", release="1.0", throttle_query=query)
        assert halted["failed"] and halted["changed"], halted
    serves(database, "1.0", "r1")
    serves(database, "2.0", "r2")
    waits = database.migrate(tmp_path, "contract", release="2.0")
    assert waits["applied"] == [], waits
    reason = waits["waiting"][0]["reason"]
    assert ("stopped after 2 rows" if stopped else "is declared and was never run") in reason
    assert database.query(f"SELECT COUNT(o) FROM dbo.{table}") == [(6,)]
    assert not database.migrate(tmp_path, "backfill", release="2.0").get("failed")
    done = database.migrate(tmp_path, "contract", release="2.0")
    assert [script["script"] for script in done["applied"]] == ["1_drop.sql"], done
    assert database.query(f"SELECT COUNT(c) FROM dbo.{table}") == [(6,)]


def test_an_open_session_of_a_registered_program_is_a_veto(
    lab_server: Server, driver: str, tmp_path: Path, write: Write
) -> None:
    database = Database(lab_server.options(driver, user="watcher"), "veto")
    table = database.app
    database.query(TABLE.format(t=table))
    write("expand/1_a.sql", f"CREATE TABLE dbo.{table}_a (id INT NULL)")
    write("contract/1_drop.sql", f"ALTER TABLE dbo.{table} DROP COLUMN o")
    assert not database.migrate(tmp_path, release="1.0").get("failed")
    serves(database, "1.0", "r1")
    serves(database, "2.0", "r2")
    program = database.query("SELECT program_name FROM sys.dm_exec_sessions WHERE session_id = @@SPID")[0][0]
    register = {"state": "consumer_present", "consumer": "tests", "version": "2.0", "program_name": program.upper()}
    assert database.module("deployment", **register)["changed"]
    connection = database.connect()
    try:
        waits = database.migrate(tmp_path, "contract", release="2.0", check=True)
        assert not waits.get("failed"), waits["msg"]
        assert f"sessions of {program} are open" in waits["waiting"][0]["reason"], waits
    finally:
        connection.close()


def test_a_release_is_refused_beyond_the_rollback_horizon(database: Database, tmp_path: Path, write: Write) -> None:
    table = database.app
    database.query(TABLE.format(t=table))
    write("expand/1_a.sql", f"CREATE TABLE dbo.{table}_a (id INT NULL)")
    write("contract/1_drop.sql", f"ALTER TABLE dbo.{table} DROP COLUMN o")
    assert not database.migrate(tmp_path, release="3.0").get("failed")
    serves(database, "3.0", "r1")
    assert database.migrate(tmp_path, "contract", release="3.0", contract_after=0)["applied"]
    for release, refused in (("2.0", True), ("3.0", False), ("3.1", False)):
        info = database.module("mssql_migration_info", path=str(tmp_path), release=release)
        assert bool(info["refusals"]) is refused, info["refusals"]
        assert bool(database.migrate(tmp_path, release=release, check=True).get("failed")) is refused


@dataclass
class Run:
    """Expand scripts that are run in their order, and what must come of them."""

    what: str
    scripts: dict[str, str]
    says: str = ""
    """Part of the refusal; empty: all are applied."""
    rows: int | None = None
    """Rows in the table afterwards."""
    before: list[str] = field(default_factory=list)
    retries: int = 0


NO_ROW_FOR = (
    "CREATE TRIGGER deploy.tr_{t} ON deploy.migration_journal AFTER INSERT AS "
    "IF EXISTS (SELECT 1 FROM inserted WHERE app = N'{t}' AND state = N'applied') "
    "THROW 50000, N'no row for you', 1;"
)
ALONE = "-- migrate: no-transaction\nINSERT dbo.{t} (o) VALUES (N'alone');"
IDENTITY = "SET IDENTITY_INSERT dbo.{t}{n} ON; INSERT dbo.{t}{n} (id, o) VALUES (7, N'x');"
SECOND = TABLE.replace("{t}", "{t}_2")

RUNS = [
    Run("a script without a transaction whose row cannot be written runs once", {"1.sql": ALONE},
        "ran to its end without a transaction, but its row in the journal could not be written", 1,
        [NO_ROW_FOR], retries=3),
    Run("IDENTITY_INSERT ends with its script",
        {"1.sql": IDENTITY.replace("{n}", ""), "2.sql": IDENTITY.replace("{n}", "_2")}, "", 1, [SECOND]),
    Run("QUOTED_IDENTIFIER OFF ends with its script",
        {"1.sql": "SET QUOTED_IDENTIFIER OFF;", "2.sql": 'INSERT dbo.{t} ("o") VALUES (N\'x\');'}, "", 1),
    Run("a plain ROLLBACK is not called a commit",
        {"1.sql": "INSERT dbo.{t} (o) VALUES (N'x'); ROLLBACK;"}, "its ROLLBACK took back what it had done", 0),
    Run("a procedure that commits", {"1.sql": "INSERT dbo.{t} (o) VALUES (N'x'); EXEC dbo.p_{t};"},
        "what was committed is in the database, but not in the journal", None,
        ["CREATE PROCEDURE dbo.p_{t} AS COMMIT TRANSACTION;"]),
    Run("a memory-optimised table does not run in a transaction",
        {"1.sql": "CREATE TABLE dbo.{t}_m (id INT NOT NULL PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON);"},
        "put the statement into a script of its own with the header"),
]  # fmt: skip


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.what)
def test_a_script_and_its_row(database: Database, tmp_path: Path, write: Write, run: Run) -> None:
    table = database.app
    write("expand/0.sql", TABLE.format(t=table))
    assert database.migrate(tmp_path)["changed"]
    for statement in run.before:
        database.query(statement.format(t=table))
    for name, text in run.scripts.items():
        write(f"expand/{name}", text.replace("{t}", table))
    try:
        done = database.migrate(tmp_path, retries=run.retries)
    finally:
        if NO_ROW_FOR in run.before:
            database.query(f"DROP TRIGGER deploy.tr_{table}")
    if run.says:
        assert done["failed"] and run.says in done["msg"], done["msg"]
    else:
        assert not done.get("failed"), done["msg"]
    if run.rows is not None:
        assert database.query(f"SELECT COUNT(*) FROM dbo.{table}") == [(run.rows,)]


def test_a_script_with_xact_abort_off_is_not_committed_without_its_row(
    database: Database, tmp_path: Path, write: Write
) -> None:
    """The row's INSERT meets a lock timeout, which ends only its statement when XACT_ABORT is off."""
    table = database.app
    write("expand/0.sql", TABLE.format(t=table))
    assert database.migrate(tmp_path)["changed"]
    database.query(f"CREATE TABLE dbo.{table}_go (id INT NULL)")
    write(
        "expand/1.sql",
        f"SET XACT_ABORT OFF;\nINSERT dbo.{table} (o) VALUES (N'x');\nGO\n"
        f"WHILE NOT EXISTS (SELECT 1 FROM dbo.{table}_go) WAITFOR DELAY '00:00:00.100';",
    )
    mine = f"SELECT token FROM deploy.migration_lock WHERE released_at IS NULL AND holder LIKE N'%run {table})'"
    with closing(database.connect()) as other:
        process = database.start(
            "mssql_migration", path=str(tmp_path), phase="expand", retries=0, lock_timeout_ms=300, run_id=table
        )
        wait_until(lambda: database.query(mine), "the run to have read the journal")
        other.execute("BEGIN TRANSACTION; SELECT COUNT(*) FROM deploy.migration_journal WITH (TABLOCKX, HOLDLOCK)")
        database.query(f"INSERT dbo.{table}_go (id) VALUES (1)")
        done = database.result(process)
        other.execute("ROLLBACK")
    assert done["failed"] and "1222" in done["msg"], done
    assert database.query(f"SELECT COUNT(*) FROM dbo.{table}") == [(0,)]
    again = database.migrate(tmp_path)
    assert again["changed"], again
    assert database.query(f"SELECT COUNT(*) FROM dbo.{table}") == [(1,)]


def test_line_ends_reach_the_server_as_they_are(database: Database, tmp_path: Path, write: Write) -> None:
    table = database.app
    write("expand/0.sql", TABLE.format(t=table))
    write("expand/1.sql", f"INSERT dbo.{table} (o) VALUES (N'a\r\nb'), (N'a\nb');\r\nGO\r\n")
    assert database.migrate(tmp_path)["changed"]
    assert database.query(f"SELECT LEN(o) FROM dbo.{table} ORDER BY id") == [(4,), (3,)]


RENAMED = [
    ("1_A.sql", "SELECT 1;", "differs in letter case or Unicode form only"),
    ("1_new.sql", "INSERT dbo.{t} (o) VALUES (N'x');", "has the same text"),
]


@pytest.mark.parametrize(("name", "text", "says"), RENAMED)
def test_a_renamed_script_does_not_run_again(
    database: Database, tmp_path: Path, write: Write, name: str, text: str, says: str
) -> None:
    table = database.app
    write("expand/0.sql", TABLE.format(t=table))
    write("expand/1_a.sql", f"INSERT dbo.{table} (o) VALUES (N'x');")
    assert database.migrate(tmp_path)["changed"]
    (tmp_path / "expand" / "1_a.sql").unlink()
    write(f"expand/{name}", text.replace("{t}", table))
    refused = database.migrate(tmp_path)
    assert refused["failed"] and says in refused["msg"], refused
    assert database.query(f"SELECT COUNT(*) FROM dbo.{table}") == [(1,)]


def test_an_undo_script_without_a_transaction_runs_again_only_if_it_is_guarded(
    database: Database, tmp_path: Path, write: Write
) -> None:
    table = database.app
    write("expand/1.sql", TABLE.format(t=table))
    assert database.migrate(tmp_path, release="2.0")["changed"]
    serves(database, "1.0", "r1")
    write("undo/1.sql", f"-- migrate: no-transaction\nDROP TABLE dbo.{table}_nothing;")
    assert database.migrate(tmp_path, "undo", release="2.0")["failed"]
    again = database.migrate(tmp_path, "undo", release="2.0")
    assert again["failed"] and "was begun at" in again["msg"], again


def test_names_are_compared_as_the_database_compares_them(database: Database) -> None:
    def ask(state: str, app: str, **more: Any) -> dict[str, Any]:
        return database.module("deployment", state=state, **{**more, "app": app})

    app = database.app
    first = ask("leased", app.upper(), run_id="r1", owner="ann")
    assert first["changed"], first
    second = ask("leased", app, run_id="r2", owner="bob")
    assert second["failed"] and "is being deployed by ann" in second["msg"], second
    ask("recorded", app, run_id="r1", node="web01", outcome="succeeded", version="1.0")
    node = ask("recorded", app, run_id="R1", node="WEB01", outcome="succeeded", version="2.0")["nodes"]
    assert [(one["name"], one["version"], one["previous_version"]) for one in node] == [("WEB01", "2.0", "1.0")]
    ask("consumer_present", app, consumer="Reports", version="1.0")
    assert ask("consumer_absent", app, consumer="reports")["consumers"] == []
    long = ask("recorded", app, run_id="r1", node="\U0001f600" * 130, outcome="succeeded")
    assert long["failed"] and "node has 260 characters, 1 to 255 are expected" in long["msg"], long


def test_a_release_of_another_case_is_the_same_release(database: Database, tmp_path: Path, write: Write) -> None:
    write("expand/1.sql", TABLE.format(t=database.app))
    assert database.migrate(tmp_path, release="2.0-RC1")["changed"]
    again = database.migrate(tmp_path, release="2.0-rc1")
    assert not again["changed"], again
