# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from integration.mssql.server import Database

DETAIL = "fine 'quoted' \N{PACKAGE} \N{GREEK SMALL LETTER OMEGA}"


def ask(database: Database, state: str, **wishes: Any) -> dict[str, Any]:
    return database.module("deployment", state=state, **wishes)


def test_lease_outcomes_and_verdict(database: Database) -> None:
    checked = ask(database, "leased", run_id="r1", owner="ann", version="2.0", check=True)
    assert checked["changed"] and not checked["lease"]["held"], checked
    assert not database.module("deployment_info")["lease"]["held"]
    taken = ask(database, "leased", run_id="r1", owner="ann", version="2.0")
    assert taken["changed"] and taken["lease"]["fencing_token"] == 1, taken
    assert not ask(database, "leased", run_id="r1", owner="ann")["changed"]
    refused = ask(database, "leased", run_id="r2", owner="bob")
    assert refused["failed"]
    assert f"{database.app} is being deployed by ann (run r1) since {taken['lease']['acquired_at']}" in refused["msg"]
    started = ask(database, "recorded", run_id="r1", node="web01", outcome="started", version="1.0", diff=True)
    assert started["changed"] and started["diff"]["after"]["nodes"][0]["outcome"] == "started"
    done = ask(database, "recorded", run_id="r1", node="web01", outcome="succeeded", version="2.0", detail=DETAIL)
    assert done["nodes"][0]["previous_version"] == "1.0"
    assert not ask(database, "recorded", run_id="r1", node="web01", outcome="succeeded", version="2.0", detail=DETAIL)[
        "changed"
    ]
    assert ask(database, "recorded", run_id="r9", node="web01", outcome="failed")["failed"]
    assert ask(database, "recorded", run_id="r1", fencing_token=7, node="web01", outcome="failed")["failed"]
    proof = {"node": "web01", "version": "2.0", "manifest": "5a17:ab'cd"}
    assert [ask(database, "staged", run_id="r1", **proof)["changed"] for _again in range(2)] == [True, False]
    ask(database, "staged", run_id="r1", **{**proof, "node": "web02"})
    assert ask(database, "staged", run_id="r1", **{**proof, "manifest": "5a17:newer"})["changed"]
    assert ask(database, "released", run_id="r1", result="succeeded")["changed"]
    assert not ask(database, "released", run_id="r1", result="succeeded")["changed"]
    info = database.module("deployment_info")
    assert [run["result"] for run in info["runs"]] == ["succeeded"]
    kinds = [event["kind"] for event in reversed(info["events"])]
    assert kinds == ["leased", "outcome", "outcome", "staged", "staged", "staged", "released"]
    assert info["staged"] == []
    staged = database.module("deployment_info", version="2.0")["staged"]
    assert sorted((one["node"], one["manifest"]) for one in staged) == [
        ("web01", "5a17:newer"),
        ("web02", "5a17:ab'cd"),
    ]
    assert (info["nodes"][0]["version"], info["nodes"][0]["detail"]) == ("2.0", DETAIL)


def test_the_servers_clock_ends_a_lease(database: Database) -> None:
    ask(database, "leased", run_id="r1", owner="ann", ttl_s=1)
    database.query("WAITFOR DELAY '00:00:01.200'; SELECT 1;")
    assert database.module("deployment_info")["lease"]["expired"]
    taken = ask(database, "leased", run_id="r2", owner="bob")
    assert taken["changed"] and taken["lease"]["fencing_token"] == 2, taken
    assert "held by bob" in ask(database, "renewed", run_id="r1")["msg"]
    revoked = ask(database, "revoked", owner="eve", detail="bob's controller burned")
    assert revoked["changed"] and not revoked["lease"]["held"]
    assert "does not hold the lease" in ask(database, "recorded", run_id="r2", node="w", outcome="succeeded")["msg"]


def test_of_many_deployments_at_once_one_gets_the_lease(database: Database) -> None:
    running = [database.start("deployment", state="leased", run_id=f"r{at}", owner=f"o{at}") for at in range(4)]
    results = [database.result(process) for process in running]
    assert sum(1 for result in results if result.get("changed")) == 1, results
    assert all("is being deployed by" in result["msg"] for result in results if not result.get("changed")), results


def test_what_a_task_lacks_is_said(database: Database) -> None:
    assert "run_id" in ask(database, "leased")["msg"]
    assert "outcome" in ask(database, "recorded", run_id="r")["msg"]
    assert "1 to 100 are expected" in ask(database, "leased", run_id="x" * 101)["msg"]
