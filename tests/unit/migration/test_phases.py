# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError, ServerError
from unit.migration.world import (
    ANNOUNCED,
    BEGIN,
    COMMITTED,
    FORMAT,
    GONE,
    NO_LEDGER,
    OPENED,
    PROBE,
    RELEASED,
    ROUND,
    UNLOCKED,
    WRITABLE,
    World,
    answered,
    busy,
    journal,
    ledger,
    releases,
)
from unit.mssql.scripted import ScriptedServer, rows

F = "f" * 64
BACKFILL = "-- migrate: batch 100 pause 20ms\nUPDATE TOP ($(BatchSize)) dbo.t SET a = 1 WHERE a IS NULL\n"
BOTH = (("web01", "2", "succeeded"), ("web02", "2", "succeeded"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_contract_runs_what_is_due_and_says_why_not_of_the_rest(world: World) -> None:
    due = world.put("contract/010_due.sql", "DROP TABLE dbo.a")
    late = world.put("contract/005_late.sql", "DROP TABLE dbo.b")
    server = ScriptedServer(
        *OPENED,
        journal(("010_due.sql", due, "waiting", "1"), ("005_late.sql", late, "waiting", "2"), phase="contract"),
        *ledger(*BOTH, deployed=("1", "2")),
        releases("1", "2"),
        journal(phase="backfill"),
        *ANNOUNCED,
        BEGIN,
        "DROP TABLE dbo.a",
        COMMITTED,
        *RELEASED,
    )
    report = world.run(server, "contract").report.public()
    assert [applied["script"] for applied in report["applied"]] == ["010_due.sql"]
    assert [script["script"] for script in report["planned"]] == ["010_due.sql"]
    assert report["waiting"] == [
        {
            "script": "005_late.sql",
            "release": "2",
            "reason": (
                "0 release(s) newer than 2 were deployed, 1 are expected (contract_after), so that a rollback is "
                "possible"
            ),
        }
    ]
    commit = next(sql for sql in server.sent if "'applied'" in sql)
    assert "client, release" in commit and "N'1'" in commit  # the release that brought it, for the rollback horizon


def test_contract_without_a_ledger_does_nothing(world: World) -> None:
    known = world.put("contract/1_a.sql", "DROP TABLE dbo.a")
    server = ScriptedServer(
        *OPENED,
        journal(("1_a.sql", known, "waiting", "1")),
        *NO_LEDGER,
        releases("1", "2"),
        journal(phase="backfill"),
        UNLOCKED,
    )
    report = world.run(server, "contract").report.public()
    assert not report["changed"]
    assert "0 release(s) newer than 1 were deployed" in report["waiting"][0]["reason"]


def test_sessions_of_old_programs_are_a_veto(world: World) -> None:
    known = world.put("contract/1_a.sql", "DROP TABLE dbo.a")
    opened = (*OPENED, journal(("1_a.sql", known, "waiting", "1")), *ledger(*BOTH, deployed=("1", "2")), releases("1"))
    server = ScriptedServer(
        *opened,
        ("HAS_PERMS_BY_NAME", answered(1)),
        ("dm_exec_sessions", rows(("Reports 1.4",), ("shop",))),
        journal(phase="backfill"),
        UNLOCKED,
    )
    report = world.run(server, "contract", veto_programs=["reports 1.*"]).report.public()
    assert "sessions of Reports 1.4 are open" in report["waiting"][0]["reason"]
    blind = ScriptedServer(*opened, ("HAS_PERMS_BY_NAME", answered(0)), UNLOCKED)
    with pytest.raises(MssqlError, match="may not see the sessions of others"):
        world.run(blind, "contract", veto_programs=["reports 1.*"])


def test_contract_scripts_that_are_not_here_are_listed(world: World) -> None:
    for deployed, reason in (
        (("1", "2"), "it is due, but not among these scripts"),
        (("1",), "0 release(s) newer than 1"),
    ):
        server = ScriptedServer(
            *OPENED,
            journal(("1_a.sql", F, "waiting", "1")),
            *ledger(("web01", "1", "unchanged"), deployed=deployed),
            releases("1"),
            journal(phase="backfill"),
            UNLOCKED,
        )
        assert reason in str(world.run(server, "contract").report.waiting[0]["reason"])


def test_undo_runs_in_reverse_and_the_journal_knows(world: World) -> None:
    for name in ("1_a.sql", "2_b.sql"):
        world.put(f"undo/{name}", f"DROP VIEW v{name[0]}")
    server = ScriptedServer(
        *OPENED,
        journal(
            ("1_a.sql", F, "applied", "2"),
            ("2_b.sql", F, "applied", "2"),
            ("0_z.sql", F, "applied", "1"),
            phase="expand",
        ),
        *ledger(("web01", "1", "rolled_back")),
        releases("1", "2"),
        journal(phase="backfill"),
        journal(phase="contract"),
        journal(phase="undo"),
        journal(("9_fill.sql", F, "applied", "2"), phase="backfill"),
        journal(("8_drop.sql", F, "waiting", "2"), phase="contract"),
        *ANNOUNCED,
        BEGIN,
        "DROP VIEW v2",
        COMMITTED,
        BEGIN,
        "DROP VIEW v1",
        COMMITTED,
        *RELEASED,
    )  # fmt: skip
    report = world.run(server, "undo", release="2").report.public()
    assert [applied["script"] for applied in report["applied"]] == ["2_b.sql", "1_a.sql"]
    first, last = (sql for sql in server.sent if "'undone'" in sql)
    assert "N'expand', N'2_b.sql'" in first and "9_fill" not in first
    assert all(f"N'{name}'" in last for name in ("1_a.sql", "9_fill.sql", "8_drop.sql"))


def test_undo_stops_at_the_rollback_horizon(world: World) -> None:
    world.put("undo/1_a.sql", "DROP VIEW v")
    server = ScriptedServer(
        *OPENED,
        journal(("1_a.sql", F, "applied", "2")),
        *NO_LEDGER,
        releases("1", "2", "3"),
        journal(phase="backfill"),
        journal(("1_c.sql", F, "applied", "2"), phase="contract"),
        UNLOCKED,
    )
    with pytest.raises(MigrationError, match="2 is the rollback horizon"):
        world.run(server, "undo", release="2")
    server.finished()


def test_undo_leaves_alone_what_a_node_runs(world: World) -> None:
    world.put("undo/1_a.sql", "DROP VIEW v")
    server = ScriptedServer(
        *OPENED,
        journal(("1_a.sql", F, "applied", "2")),
        *ledger(("web01", "1", "rolled_back"), ("web02", "2", "succeeded")),
        releases("1", "2"),
        journal(phase="backfill"),
        journal(phase="contract"),
        UNLOCKED,
    )
    with pytest.raises(MigrationError, match="the node web02 runs 2: roll the node back first"):
        world.run(server, "undo", release="2")


def test_undo_needs_all_its_scripts(world: World) -> None:
    world.put("undo/1_a.sql", "DROP VIEW v")
    entries = journal(("1_a.sql", F, "applied", "2"), ("2_b.sql", F, "applied", "2"))
    with pytest.raises(MigrationError, match=r"no undo script for 2_b.sql \(undo/2_b.sql is expected\)"):
        world.run(ScriptedServer(*OPENED, entries, UNLOCKED), "undo", release="2")


def test_a_backfill_goes_round_until_nothing_changes(world: World) -> None:
    world.put("backfill/1_a.sql", BACKFILL)
    fill = "UPDATE TOP \\(100\\) dbo.t"
    server = ScriptedServer(
        *OPENED,
        journal(phase="backfill"),
        *ANNOUNCED,
        ("N'running'.*COMMIT TRANSACTION", rows((1,))),
        journal(("1_a.sql", F, "running")),
        *(BEGIN, (fill, answered(100)), ROUND),
        *(BEGIN, (fill, busy(1222)), "ROLLBACK"),
        *(BEGIN, (fill, answered(40)), ROUND),
        *(BEGIN, (fill, answered(0)), ROUND),
        *RELEASED,
    )
    report = world.run(server, "backfill").report.public()
    (applied,) = report["applied"]
    assert (applied["rows"], applied["rounds"], applied["retries"]) == (140, 3, 1)
    assert world.pauses == [0.02, 0.25, 0.02]
    updates = [sql for sql in server.sent if "rows_affected = " in sql and "UPDATE deploy.migration_progress" in sql]
    assert len(updates) == 3 and "'applied'" in updates[-1] and "'applied'" not in updates[-2]


def test_a_backfill_of_several_statements_ends_when_none_of_them_changes_a_row(world: World) -> None:
    world.put(
        "backfill/1_a.sql",
        BACKFILL
        + "SELECT @x = 1;\nDELETE dbo.u WHERE b = 1;\nGO\nMERGE dbo.t USING dbo.u ON 1 = 1 WHEN MATCHED THEN DELETE;",
    )
    first = r"UPDATE .*;DECLARE (@\w+1) INT = @@ROWCOUNT;.*DELETE .*;DECLARE (@\w+2) .*SELECT \1 \+ \2 AS"
    second = r"MERGE .*;DECLARE (@\w+) INT = @@ROWCOUNT;.*SELECT \1 AS"
    server = ScriptedServer(
        *OPENED,
        journal(phase="backfill"),
        *ANNOUNCED,
        ("N'running'.*COMMIT TRANSACTION", rows((1,))),
        journal(("1_a.sql", F, "running")),
        *(BEGIN, (first, answered(7)), (second, answered(0)), ROUND),
        *(BEGIN, (first, answered(0)), (second, answered(5)), ROUND),
        *(BEGIN, (first, answered(0)), (second, answered(0)), ROUND),
        *RELEASED,
    )
    (applied,) = world.run(server, "backfill").report.public()["applied"]
    assert (applied["rows"], applied["rounds"]) == (12, 3)


def test_a_backfill_resumes_with_the_rows_that_an_earlier_run_has_done(world: World) -> None:
    known = world.put("backfill/1_a.sql", BACKFILL)
    server = ScriptedServer(
        *OPENED,
        journal(("1_a.sql", known, "running")),
        *ANNOUNCED,
        *(BEGIN, ("UPDATE TOP", answered(50)), ("rows_affected = 150, rounds = 4", COMMITTED[1])),
        *(BEGIN, ("UPDATE TOP", answered(0)), ("rows_affected = 150, rounds = 5", COMMITTED[1])),
        *RELEASED,
    )
    assert world.run(server, "backfill").report.applied[0].rows == 50


def test_a_backfill_slows_down_and_stops_on_the_users_query(world: World) -> None:
    world.put("backfill/1_a.sql", BACKFILL)
    begun = (
        *OPENED,
        journal(),
        *ANNOUNCED,
        ("N'running'.*COMMIT TRANSACTION", rows((1,))),
        journal(("1_a.sql", F, "running")),
    )
    slow = ScriptedServer(
        *begun,
        *(("SELECT lag", answered(250)), ("SELECT lag", answered(0))),
        *(BEGIN, ("UPDATE TOP", answered(10)), ROUND),
        ("SELECT lag", answered(-1)),
        *RELEASED,
    )
    with pytest.raises(MigrationError, match=r"stopped by throttle_query, which answered -1, after 10 rows"):
        world.run(slow, "backfill", throttle_query="SELECT lag FROM dbo.v")
    slow.finished()
    assert world.pauses == [0.25, 0.02]
    assert world.context.report.public()["applied"][0]["rows"] == 10
    wrong = ScriptedServer(*begun, ("SELECT lag", rows(("much",))), *RELEASED)
    with pytest.raises(MigrationError, match="did not answer with one number"):
        world.run(wrong, "backfill", throttle_query="SELECT lag FROM dbo.v")


def test_a_backfill_that_hides_its_rows_is_refused(world: World) -> None:
    world.put("backfill/1_a.sql", BACKFILL + "SET NOCOUNT ON")
    with pytest.raises(MigrationError, match="SET NOCOUNT ON"):
        world.run(ScriptedServer(*OPENED, journal(), UNLOCKED), "backfill")


def test_a_backfill_among_the_expand_scripts_is_refused(world: World) -> None:
    world.put("expand/1_a.sql", BACKFILL)
    with pytest.raises(MigrationError, match="move the script to the backfill phase"):
        world.run(ScriptedServer(*OPENED, journal(), UNLOCKED), "expand")


def written(server: ScriptedServer) -> list[str]:
    return [sql for sql in server.sent if "INSERT INTO deploy.migration_journal" in sql]


WRITE = (*ANNOUNCED, "BEGIN TRANSACTION", "INSERT INTO deploy.migration_journal", "COMMIT", *RELEASED)


def test_baseline_writes_and_runs_nothing(world: World) -> None:
    for name in ("1_a.sql", "2_b.sql", "3_c.sql"):
        world.put(f"expand/{name}", "SELECT 1")
    server = ScriptedServer(*OPENED, journal(), *WRITE)
    report = world.run(server, action="baseline", baseline_to="2_b.sql").report.public()
    assert report["journalled"] == ["1_a.sql", "2_b.sql"]
    assert written(server)[0].count("'baseline'") == 2
    with pytest.raises(MigrationError, match=r"baseline_to is 9.sql"):
        world.run(ScriptedServer(*OPENED, journal(), UNLOCKED), action="baseline", baseline_to="9.sql")


ADOPTED: list[tuple[str, list[tuple[Any, ...]], list[str], list[str]]] = [
    ("efcore", [("20240101_Init", 1), ("20230101_Gone", 1)], ["20240101_Init.sql"], ["20230101_Gone"]),
    ("dbup", [("Shop.Db.Scripts.20240101_Init.sql", 1)], ["20240101_Init.sql"], []),
    ("dbup", [("up\\20240101_init.SQL", 1)], ["20240101_Init.sql"], []),
    ("flyway", [("V2__more.sql", True, "SQL", "2"), ("<< Flyway Baseline >>", True, "BASELINE", "1")],
     ["V2__more.sql"], ["<< Flyway Baseline >>"]),
    ("flyway", [("V2__more.sql", True, "SQL", "2"), ("U2__more.sql", True, "UNDO_SQL", "2")], [], []),
    ("flyway", [("V2__more.sql", True, "SQL", "2"), ("U2__more.sql", True, "UNDO_SQL", "2"),
                ("V2__more.sql", True, "SQL", "2")], ["V2__more.sql"], []),
    ("flyway", [("V2__more.sql", True, "SQL", "2"), ("V2__more.sql", True, "DELETE", "2")], [], []),
    ("grate", [("up/V2__more.sql", 1)], ["V2__more.sql"], []),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "found", "journalled", "unmatched"), ADOPTED)
def test_what_other_tools_have_applied_is_adopted(
    world: World, tool: str, found: list[tuple[Any, ...]], journalled: list[str], unmatched: list[str]
) -> None:
    world.put("expand/20240101_Init.sql", "SELECT 1")
    world.put("expand/V2__more.sql", "SELECT 2")
    write = WRITE if journalled else (UNLOCKED,)
    server = ScriptedServer(*OPENED, journal(), ("SELECT (MigrationId|ScriptName|script)", rows(*found)), *write)
    report = world.run(server, action="adopt", adopt_from=tool).report.public()
    assert (report["journalled"], report["unmatched"]) == (journalled, unmatched)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (GONE, "does not exist in this database"),
        (ServerError("denied", 229, "42000"), "could not be read"),
        (rows(("V1__x.sql", False, "SQL", "1")), "has V1__x.sql in its journal as failed"),
    ],
)
def test_a_journal_that_cannot_be_adopted(world: World, answer: Any, message: str) -> None:
    world.put("expand/V1__x.sql", "SELECT 1")
    server = ScriptedServer(*OPENED, journal(), ("flyway_schema_history", answer), UNLOCKED)
    with pytest.raises(MigrationError, match=message):
        world.run(server, action="adopt", adopt_from="flyway")


def test_the_name_of_a_table_cannot_bring_a_statement(world: World) -> None:
    world.put("expand/V1__x.sql", "SELECT 1")
    with pytest.raises(MigrationError, match="the name of a table is expected"):
        world.run(
            ScriptedServer(*OPENED, journal(), UNLOCKED),
            action="adopt",
            adopt_from="dbup",
            adopt_table="x; DROP TABLE y",
        )


def test_repair_accepts_on_purpose_and_only_what_is_named(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    world.put("expand/2_b.sql", "SELECT 2")
    entries = journal(("1_a.sql", F, "applied"), ("2_b.sql", F, "applied"))
    server = ScriptedServer(*OPENED, entries, *WRITE)
    assert world.run(server, action="repair", scripts=["1_a.sql"]).report.journalled == ["1_a.sql"]
    assert F in written(server)[0]  # what it was is kept
    for scripts, message in (([], "expects scripts"), (["9.sql"], "no script 9.sql")):
        with pytest.raises(MigrationError, match=message):
            world.run(ScriptedServer(*OPENED, entries, UNLOCKED), action="repair", scripts=scripts)
    with pytest.raises(MigrationError, match="was never applied"):
        world.run(ScriptedServer(*OPENED, journal(), UNLOCKED), action="repair", scripts=["1_a.sql"])


def test_an_undo_script_that_is_accepted_as_done_has_undone_its_expand_script(world: World) -> None:
    """Otherwise that one counts as applied, and the next deployment does not run it."""
    known = world.put("undo/1_a.sql", "SELECT 1")
    applied = journal(("1_a.sql", F, "applied", "2"), ("2_b.sql", F, "applied", "2"), phase="expand")
    begun = journal(("1_a.sql", known, "begun", "2"), phase="undo")
    server = ScriptedServer(*OPENED, begun, applied, *WRITE)
    assert world.run(server, "undo", action="repair", scripts=["1_a.sql"]).report.journalled == ["1_a.sql"]
    (row,) = written(server)
    assert "N'expand', N'1_a.sql'" in row and "N'undone'" in row and "2_b" not in row
    # A changed text alone says nothing about what has happened since.
    changed = journal(("1_a.sql", F, "applied", "2"), phase="undo")
    world.run(ScriptedServer(*OPENED, changed, *WRITE), "undo", action="repair", scripts=["1_a.sql"])


@pytest.mark.parametrize("action", ["baseline", "repair"])
def test_check_mode_of_bookkeeping_writes_nothing(world: World, action: str) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    entries = journal(("1_a.sql", F, "applied" if action == "repair" else "undone"))
    server = ScriptedServer(WRITABLE, FORMAT, PROBE, entries)
    assert world.run(server, action=action, scripts=["1_a.sql"], check_mode=True).report.changed
