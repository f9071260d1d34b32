# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.api import Reply
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError, ServerError
from unit.migration.world import (
    ANNOUNCED,
    BEGIN,
    COMMITTED,
    FORMAT,
    GONE,
    LOCKED,
    OPENED,
    PROBE,
    RELEASED,
    ROLE,
    UNLOCKED,
    WHEN,
    WRITABLE,
    World,
    journal,
    releases,
)
from unit.mssql.scripted import ScriptedServer, rows


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_script_and_its_row_are_one_transaction_under_the_lock(world: World) -> None:
    world.put("expand/1_a.sql", "CREATE TABLE dbo.a (x INT);\nGO\nINSERT dbo.a VALUES (1), (2);\n")
    server = ScriptedServer(
        *OPENED,
        journal(),
        *ANNOUNCED,
        BEGIN,
        "CREATE TABLE dbo.a",
        ("INSERT dbo.a", Reply(rows_affected=2, counted=True, messages=["two rows"])),
        COMMITTED,
        *RELEASED,
    )
    report = world.run(server).report.public()
    assert report["changed"]
    (applied,) = report["applied"]
    assert (applied["script"], applied["batches"], applied["rows"], applied["messages"]) == (
        "1_a.sql",
        2,
        2,
        ["two rows"],
    )
    commit = next(sql for sql in server.sent if "INSERT INTO deploy.migration_journal" in sql)
    assert "token = 7 AND @@TRANCOUNT = 1 AND CURRENT_TRANSACTION_ID() = 99" in commit
    assert commit.index("INSERT INTO deploy.migration_journal") < commit.index("COMMIT TRANSACTION")
    assert server.sessions == 2  # one for the lock, one for the scripts


def test_nothing_to_do_writes_nothing(world: World) -> None:
    known = world.put("expand/1_a.sql", "SELECT 1")
    server = ScriptedServer(*OPENED, journal(("1_a.sql", known, "applied")), UNLOCKED)
    report = world.run(server).report.public()
    assert not report["changed"]
    assert report["previous_state"] == {"applied": 1, "last_script": "1_a.sql"}


def test_check_mode_takes_no_lock_and_plans_exactly(world: World) -> None:
    known = world.put("expand/1_a.sql", "SELECT 1")
    world.put("expand/2_b.sql", "SELECT 2\nGO 2\n")
    server = ScriptedServer(WRITABLE, FORMAT, PROBE, journal(("1_a.sql", known, "applied")))
    report = world.run(server, check_mode=True, want_sql=True).report.public()
    assert report["changed"]
    assert [(script["script"], script["batches"]) for script in report["planned"]] == [("2_b.sql", 2)]
    assert report["applied"] == []
    assert report["diff"][0]["after"] == "SELECT 2\nGO 2\n"


def test_check_mode_on_a_database_that_was_never_migrated(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    server = ScriptedServer(WRITABLE, ("zero_downtime_format", GONE), ("migration_journal", GONE))
    assert len(world.run(server, check_mode=True).report.planned) == 1


def test_a_journal_that_cannot_be_read_never_counts_as_empty(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    denied = ServerError("The SELECT permission was denied", 229, "42000")
    cases: list[tuple[list[Any], str]] = [
        ([("zero_downtime_format", denied)], "could not be read: The SELECT permission was denied"),
        ([("zero_downtime_format", GONE), ("migration_journal", rows((0,)))], "does not say which format"),
        ([("zero_downtime_format", GONE), ("migration_journal", denied)], "could not be read"),
        ([("zero_downtime_format", rows((2,)))], "have format 2, expected is 1: update the collection"),
        ([("zero_downtime_format", rows((1,))), ("migration_journal", GONE)], "is missing"),
    ]
    for answers, message in cases:
        server = ScriptedServer(WRITABLE, ROLE, LOCKED, *answers, UNLOCKED)
        with pytest.raises(MssqlError, match=message):
            world.run(server)
        server.finished()


def test_the_return_code_of_the_lock_decides_and_its_holder_is_named(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    server = ScriptedServer(
        WRITABLE,
        ROLE,
        ("sp_getapplock", rows((-1,))),
        ("SELECT holder, taken_at", rows(("ann@ops1 (process 7)", WHEN))),
        UNLOCKED,
    )
    with pytest.raises(MigrationError, match=r"held by ann@ops1 \(process 7\) since 2026-11-01T08:30:00Z"):
        world.run(server, migration_lock_timeout_s=0)
    server = ScriptedServer(WRITABLE, ROLE, ("sp_getapplock", rows((-3,))), UNLOCKED)
    with pytest.raises(MssqlError, match="returned -3"):
        world.run(server)


def test_a_changed_script_shows_both_checksums_and_the_date(world: World) -> None:
    now = world.put("expand/1_a.sql", "SELECT 2")
    server = ScriptedServer(*OPENED, journal(("1_a.sql", "f" * 64, "applied")), UNLOCKED)
    with pytest.raises(MigrationError) as caught:
        world.run(server)
    for wanted in ("2026-11-01T08:30:00Z", "f" * 64, now, "action: repair"):
        assert wanted in str(caught.value)


def test_out_of_order_is_refused_unless_allowed(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    known = world.put("expand/2_b.sql", "SELECT 2")
    entries = journal(("2_b.sql", known, "applied"))
    with pytest.raises(MigrationError, match=r"expand/1_a.sql was not applied, but expand/2_b.sql"):
        world.run(ScriptedServer(*OPENED, entries, UNLOCKED))
    server = ScriptedServer(*OPENED, entries, *ANNOUNCED, BEGIN, "SELECT 1", COMMITTED, *RELEASED)
    assert world.run(server, out_of_order="allow").report.out_of_order == ["1_a.sql"]


def test_missing_scripts_are_reported(world: World) -> None:
    server = ScriptedServer(*OPENED, journal(("0_gone.sql", "f" * 64, "applied")), UNLOCKED)
    assert world.run(server).report.missing == ["0_gone.sql"]


def test_a_script_that_fails_is_rolled_back_and_what_came_before_is_told(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    world.put("expand/2_b.sql", "\nSELEC 2")
    world.put("expand/3_c.sql", "SELECT 3")
    server = ScriptedServer(
        *OPENED,
        journal(),
        *ANNOUNCED,
        BEGIN,
        "SELECT 1",
        COMMITTED,
        BEGIN,
        ("SELEC 2", ServerError("Incorrect syntax near 'SELEC'.", 102, "42000")),
        "IF @@TRANCOUNT > 0 ROLLBACK",
        *RELEASED,
    )
    with pytest.raises(MigrationError, match=r"expand/2_b.sql failed, .*Incorrect syntax.*102.*was rolled back"):
        world.run(server)
    server.finished()
    report = world.context.report.public()
    assert [applied["script"] for applied in report["applied"]] == ["1_a.sql"]
    assert report["changed"]


@pytest.mark.parametrize("number", [1222, 1205])
def test_a_script_gives_way_and_tries_again_with_pauses_that_grow(world: World, number: int) -> None:
    world.put("expand/1_a.sql", "ALTER TABLE dbo.t ADD x INT NULL")
    busy = ServerError("busy", number, "42000")
    blocked = (BEGIN, ("ALTER TABLE", busy), "IF @@TRANCOUNT > 0 ROLLBACK")
    server = ScriptedServer(
        *OPENED, journal(), *ANNOUNCED, *blocked, *blocked, *blocked, BEGIN, "ALTER TABLE", COMMITTED, *RELEASED
    )
    assert world.run(server).report.applied[0].retries == 3
    assert world.pauses == [0.25, 0.5, 1.0]


def test_retries_are_bounded(world: World) -> None:
    world.put("expand/1_a.sql", "ALTER TABLE dbo.t ADD x INT NULL")
    blocked = (BEGIN, ("ALTER TABLE", ServerError("busy", 1222, "42000")), "IF @@TRANCOUNT > 0 ROLLBACK")
    server = ScriptedServer(*OPENED, journal(), *ANNOUNCED, *blocked, *blocked, *RELEASED)
    with pytest.raises(MigrationError, match="failed after 2 attempts"):
        world.run(server, retries=1)
    server.finished()


def test_a_lost_connection_is_not_tried_again(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    server = ScriptedServer(
        *OPENED, journal(), *ANNOUNCED, BEGIN, ("SELECT 1", ServerError("gone", 0, "08S01", lost=True)), *RELEASED
    )
    with pytest.raises(MigrationError, match="the connection was lost"):
        world.run(server)
    server.finished()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([(0, 101, "Shop")], "ended the task's transaction by itself"),
        ([(1, 101, "Shop")], "ended the task's transaction by itself"),
        ([(2, 99, "Shop")], r"left 1 transaction\(s\) open"),
        ([(1, 99, "Other")], "changed to the database Other"),
        ([(1, 99, "Shop")], "another run has taken it"),
        ([], "SET NOEXEC ON"),
    ],
)
def test_a_commit_that_would_not_be_the_tasks_own_is_refused(world: World, answer: list[Any], message: str) -> None:
    world.put("expand/1_a.sql", "EXEC dbo.p")
    server = ScriptedServer(
        *OPENED,
        journal(),
        *ANNOUNCED,
        BEGIN,
        "EXEC dbo.p",
        (COMMITTED[0], Reply()),
        ("SELECT @@TRANCOUNT", Reply(sets=[answer])),
        *RELEASED,
    )
    with pytest.raises(MigrationError, match=message):
        world.run(server)
    server.finished()
    assert world.context.report.applied == []


def test_a_script_that_loses_the_journal_out_of_sight_is_told_so(world: World) -> None:
    world.put("expand/1_a.sql", "USE other")
    server = ScriptedServer(*OPENED, journal(), *ANNOUNCED, BEGIN, "USE", (COMMITTED[0], GONE), *RELEASED)
    with pytest.raises(MigrationError, match="does not find the journal any more: remove USE"):
        world.run(server)
    server.finished()


def test_each_script_gets_a_session_of_its_own(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    world.put("expand/2_b.sql", "SELECT 2")
    server = ScriptedServer(
        *OPENED, journal(), *ANNOUNCED, BEGIN, "SELECT 1", COMMITTED, BEGIN, "SELECT 2", COMMITTED, *RELEASED
    )
    world.run(server)
    assert server.sessions == 3


def test_a_script_without_a_transaction_is_begun_in_the_journal_first(world: World) -> None:
    world.put("expand/1_a.sql", "-- migrate: no-transaction\nCREATE INDEX ix ON dbo.t (x) WITH (ONLINE = ON)")
    server = ScriptedServer(
        *OPENED,
        journal(),
        *ANNOUNCED,
        ("N'begun'.*COMMIT TRANSACTION", rows((1,))),
        "CREATE INDEX",
        ("@@TRANCOUNT", rows((0,))),
        ("N'applied'.*COMMIT TRANSACTION", rows((1,))),
        *RELEASED,
    )
    assert world.run(server).report.planned[0]["transaction"] is False


def test_a_begun_script_runs_again_only_if_it_is_guarded(world: World) -> None:
    text = "-- migrate: no-transaction\nCREATE INDEX ix ON dbo.t (x)"
    known = world.put("expand/1_a.sql", text)
    begun = journal(("1_a.sql", known, "begun"))
    with pytest.raises(MigrationError, match="was begun at 2026-11-01T08:30:00Z without a transaction"):
        world.run(ScriptedServer(*OPENED, begun, UNLOCKED))
    guarded = world.put("expand/1_a.sql", text.replace("CREATE", "IF INDEXPROPERTY(1, 'ix', 'IndexID') IS NULL CREATE"))
    server = ScriptedServer(
        *OPENED,
        journal(("1_a.sql", guarded, "begun")),
        *ANNOUNCED,
        "CREATE INDEX",
        ("@@TRANCOUNT", rows((0,))),
        ("N'applied'.*COMMIT TRANSACTION", rows((1,))),
        *RELEASED,
    )
    assert len(world.run(server).report.applied) == 1


def test_a_read_only_database_is_told_before_anything_else(world: World) -> None:
    server = ScriptedServer(("Updateability", rows(("Shop", "READ_ONLY"))), UNLOCKED)
    with pytest.raises(MigrationError, match="database Shop is READ_ONLY, READ_WRITE is expected"):
        world.run(server)


def test_the_release_and_its_later_scripts_are_noted(world: World) -> None:
    world.put("contract/1_drop.sql", "DROP TABLE dbo.old")
    world.put("backfill/1_fill.sql", "UPDATE dbo.t SET a = 1")
    server = ScriptedServer(
        *OPENED,
        journal(phase="contract"),
        journal(),
        releases("1.0"),
        journal(phase="backfill"),
        journal(phase="contract"),
        *ANNOUNCED,
        "BEGIN TRANSACTION",
        "N'backfill', N'1_fill.sql'.*N'waiting'.*N'2.0'.*N'contract', N'1_drop.sql'.*N'waiting'.*N'2.0'",
        "COMMIT",
        "INSERT INTO deploy.migration_release .*N'2.0'",
        *RELEASED,
    )
    assert world.run(server, release="2.0").report.changed


def test_a_release_whose_expand_fails_is_not_noted_as_expanded(world: World) -> None:
    world.put("expand/1_a.sql", "SELEC 1")
    server = ScriptedServer(
        *OPENED,
        journal(phase="contract"),
        journal(),
        releases(),
        journal(phase="backfill"),
        journal(phase="contract"),
        *ANNOUNCED,
        BEGIN,
        ("SELEC 1", ServerError("Incorrect syntax near 'SELEC'.", 102, "42000")),
        "IF @@TRANCOUNT > 0 ROLLBACK",
        *RELEASED,
    )
    with pytest.raises(MigrationError, match="failed"):
        world.run(server, release="2.0")
    server.finished()


def test_a_release_older_than_the_rollback_horizon_is_refused(world: World) -> None:
    world.put("expand/1_a.sql", "SELECT 1")
    horizon = journal(("1_drop.sql", "f" * 64, "applied", "3.0"), phase="contract")
    with pytest.raises(MigrationError, match=r"2\.0 cannot run on this schema.*3\.0 is the rollback horizon"):
        world.run(ScriptedServer(*OPENED, horizon, UNLOCKED), release="2.0")


def test_each_attempt_gets_a_session_of_its_own(world: World) -> None:
    world.put("expand/1_a.sql", "ALTER TABLE dbo.t ADD x INT NULL")
    server = ScriptedServer(
        *OPENED,
        journal(),
        *ANNOUNCED,
        BEGIN,
        ("ALTER TABLE", ServerError("busy", 1222, "42000")),
        "IF @@TRANCOUNT > 0 ROLLBACK",
        BEGIN,
        "ALTER TABLE",
        COMMITTED,
        *RELEASED,
    )
    assert world.run(server).report.applied[0].retries == 1
    assert server.sessions == 3
