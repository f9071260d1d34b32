# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When contract, undo and a rollout are refused: one line for each state of the world, with what is said about it.

The scene: 1.0 and 2.0 were deployed, the contract script is of 1.0, or of the release that the line names. What is
unknown is a no. The faults of running scripts are in tests/integration/mssql/test_fault_table.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.model import Consumer, Node
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.order import ReleaseOrder
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.users import (
    Backfill,
    DatabaseUsers,
    beyond_horizon,
    why_no_undo,
    why_not,
)


def nodes(*versions: str | None, outcome: str = "succeeded") -> list[Node]:
    return [Node(f"web{at:02}", version, None, outcome, "r1") for at, version in enumerate(versions, 1)]


def program(version: str | None, name: str | None = None) -> list[Consumer]:
    return [Consumer("reports", version, name)]


WORLD = DatabaseUsers(["1.0", "2.0"], ["1.0", "2.0"], nodes("2.0", "2.0"))
UNFINISHED = "stopped after 2 rows"
NEVER = "is declared and was never run"

# what is different in the world, release of the contract script, contract_after, what is said (None: it is due)
CONTRACT: list[tuple[dict[str, Any], str | None, int, str | None]] = [
    # -- the order is that of the versions and of what was deployed, never that in which scripts were first seen
    ({}, "1.0", 1, None),
    ({"expanded": ["2.0", "1.0"]}, "1.0", 1, None),
    ({}, "2.0", 0, None),
    ({}, "2.0", 1, "0 release(s) newer than 2.0 were deployed, 1 are expected"),
    ({}, "1.0", 2, "1 release(s) newer than 1.0 were deployed"),
    # a release whose expand failed, or that was rolled back, is none that came after
    ({"deployed": ["1.0"], "nodes": nodes("1.0")}, "1.0", 1, "0 release(s) newer than 1.0"),
    # 2.0 was rolled back, 1.0.1 is a hotfix, whose expand ran last
    ({"expanded": ["1.0", "2.0", "1.0.1"], "deployed": ["1.0", "1.0.1"], "nodes": nodes("1.0.1")}, "2.0", 0,
     "the node web01 runs 1.0.1, which is older than 2.0"),
    # releases without database scripts belong to the order: 3.0 is code only
    ({"nodes": nodes("3.0", "3.0"), "deployed": ["1.0", "2.0", "3.0"]}, "2.0", 1, None),
    ({"nodes": nodes("3.0"), "deployed": []}, "2.0", 1, None),
    ({"nodes": nodes("2.0-rc1"), "deployed": ["1.0", "2.0-rc1", "3.0"]}, "2.0", 1,
     "runs 2.0-rc1, which is older than 2.0"),
    ({"expanded": ["v2.0"], "nodes": nodes("V2.0.0"), "deployed": ["3.0"]}, "v2.0", 1, None),
    ({"expanded": ["blue"], "deployed": ["blue", "green"], "nodes": nodes("green")}, "blue", 1, "begins with numbers"),
    ({"nodes": nodes("green")}, "1.0", 1, "runs green, and nothing says whether that is older than 1.0"),
    ({"expanded": ["2.0"]}, "1.0", 1, "1.0 was never expanded"),
    ({}, None, 1, "no release is known"),
    # -- nodes
    ({"nodes": nodes("2.0", "0.9")}, "1.0", 1, "the node web02 runs 0.9, which is older than 1.0"),
    ({"nodes": nodes("2.0", None)}, "1.0", 1, "the node web02 runs an unknown version"),
    ({"nodes": nodes("2.0", outcome="started")}, "1.0", 1, "web01 is recorded as started"),
    ({"nodes": nodes("2.0", outcome="failed")}, "1.0", 1, "web01 is recorded as failed"),
    ({"nodes": nodes("2.0", outcome="rolled_back")}, "1.0", 1, None),
    ({"nodes": []}, "1.0", 1, "knows no node"),
    # -- other programs
    ({"consumers": program("1.0")}, "1.0", 1, None),
    ({"consumers": program("0.9")}, "1.0", 1, "the program reports is registered for 0.9, which is older than 1.0"),
    ({"consumers": program(None)}, "1.0", 1, "the program reports is registered for an unknown version"),
    ({"programs": ["Reports"]}, "1.0", 1, "sessions of Reports are open, and they are a veto"),
    # -- backfills: 4 of 6 values were lost once
    ({"backfills": [Backfill("1_fill.sql", "1.0", UNFINISHED)]}, "1.0", 1, "1_fill.sql of 1.0 stopped after 2 rows"),
    ({"backfills": [Backfill("1_fill.sql", "0.9", NEVER)]}, "1.0", 1,
     "1_fill.sql of 0.9 is declared and was never run"),
    ({"backfills": [Backfill("1_fill.sql", None, NEVER)]}, "1.0", 1, "1_fill.sql is declared and was never run"),
    ({"backfills": [Backfill("1_fill.sql", "green", NEVER)]}, "1.0", 1, "1_fill.sql of green"),
    ({"backfills": [Backfill("2_fill.sql", "2.0", UNFINISHED)]}, "1.0", 1, None),
]  # fmt: skip


@pytest.mark.parametrize(("different", "release", "after", "said"), CONTRACT, ids=range(len(CONTRACT)))
def test_contract(different: dict[str, Any], release: str | None, after: int, said: str | None) -> None:
    check(why_not(world(different), release, after), said)


# what is different in the world, rollback horizon, what is said about undoing 2.0 (None: it can be undone)
UNDO: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({"nodes": nodes("1.0", "1.0")}, None, None),
    ({"nodes": nodes("1.0", outcome="rolled_back")}, "1.0", None),
    ({"nodes": nodes("1.0.1")}, None, None),
    ({"nodes": nodes("1.0", "2.0")}, None, "the node web02 runs 2.0: roll the node back first"),
    # a release without database scripts runs on what 2.0 made
    ({"nodes": nodes("3.0")}, None, "the node web01 runs 3.0: roll the node back first"),
    ({"nodes": nodes("1.0", outcome="started")}, None, "web01 is recorded as started"),
    ({"nodes": nodes("1.0", outcome="failed")}, None, "web01 is recorded as failed"),
    ({"nodes": nodes("1.0", None)}, None, "the node web02 runs an unknown version"),
    ({"nodes": nodes("green")}, None, "runs green, and nothing says whether that is older than 2.0"),
    ({"nodes": []}, None, "knows no node"),
    ({"nodes": nodes("1.0"), "consumers": program("1.0")}, None, None),
    ({"nodes": nodes("1.0"), "consumers": program("2.0")}, None, "the program reports is registered for 2.0"),
    ({"nodes": nodes("1.0"), "consumers": program(None)}, None, "reports is registered for an unknown version"),
    ({"nodes": nodes("1.0"), "programs": ["Reports"]}, None, "sessions of Reports are open"),
    ({"nodes": nodes("1.0")}, "2.0", "2.0 is the rollback horizon"),
    ({"nodes": nodes("1.0")}, "3.0", "3.0 is the rollback horizon"),
    ({"nodes": nodes("1.0")}, "green", "green is the rollback horizon"),
]


@pytest.mark.parametrize(("different", "horizon", "said"), UNDO, ids=range(len(UNDO)))
def test_undo(different: dict[str, Any], horizon: str | None, said: str | None) -> None:
    check(why_no_undo(world(different), "2.0", horizon), said)


# release that is to be rolled out, rollback horizon, what is said (None: it can run)
ROLLOUT: list[tuple[str, str | None, str | None]] = [
    ("2.0", None, None),
    ("2.0", "1.0", None),
    ("2.0", "2.0", None),
    ("2.0.0", "2.0", None),
    ("2.0", "3.0", "2.0 cannot run on this schema"),
    ("2.9.9", "3.0", "the contract scripts of 3.0 were applied"),
    ("3.0-rc1", "3.0", "3.0 is the rollback horizon"),
    ("green", "3.0", "nothing says that it is not older"),
]


@pytest.mark.parametrize(("release", "horizon", "said"), ROLLOUT)
def test_rollout(release: str, horizon: str | None, said: str | None) -> None:
    check(beyond_horizon(release, horizon, ReleaseOrder()), said)


VERSIONS = ["0.9", "1", "1.0.1", "1.2-alpha", "1.2-alpha.1", "1.2-beta.2", "1.2-beta.11", "1.2-RC1", "1.2", "1.10",
            "2024.9", "2024.10"]  # fmt: skip


def test_versions_have_the_order_of_semantic_versioning() -> None:
    order = ReleaseOrder()
    for at, older in enumerate(VERSIONS):
        for newer in VERSIONS[at + 1 :]:
            assert order.older(older, newer) is True, (older, newer)
            assert order.older(newer, older) is False, (older, newer)
    assert order.older("2.0-rc1", "2.0-RC1") is False
    assert order.newest(["2.0", "10.0", "9.1"]) == "10.0"


def test_versions_that_are_no_numbers_are_ordered_by_their_deployment() -> None:
    order = ReleaseOrder(["blue", "green", "blue"])
    assert order.older("Blue", "green") is True
    assert order.older("green", "blue") is False
    assert order.older("red", "blue") is None
    assert order.older("2.0", "blue") is None


def world(different: dict[str, Any]) -> DatabaseUsers:
    changed = replace(WORLD, **different)
    return replace(changed, order=ReleaseOrder(changed.deployed))


def check(found: str | None, said: str | None) -> None:
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert said in found
