# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's checks: each fails when its figure is wrong; the observer sees drains as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import balancer, checks
from lab.net import Net
from lab.observer import Observer


def _summary(**different: Any) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "mode": "rolling",
        "released": "2.0.0",
        "playbook_exit": 0,
        "requests": 10_500,
        "requests_per_s": 180.0,
        "failed_requests": 0,
        "failed_by_kind": {},
        "failure_bound_95": 0.0003,
        "acknowledged_writes": 2000,
        "lost_writes": 0,
        "duplicated_writes": 0,
        "max_gap_ms": 30.0,
        "p50_ms": {"before": 3, "during": 3},
        "p99_ms": {"before": 9, "during": 12},
        "min_servers_up": 1,
        "deploy_s": 40.0,
        "drain_s": {"web01": 4.0, "web02": 4.0},
        "in_flight_at_drain": {"web01": 9, "web02": 12},
        "slow_in_flight_at_drain": {"web01": 8, "web02": 11},
        "versions": {"web01": "2.0.0", "web02": "2.0.0"},
        "members": {"web01": "UP", "web02": "UP"},
        "touched": ["web01", "web02"],
        "reloaded": [],
        "outcomes": {"web01": "succeeded", "web02": "succeeded"},
        "lease": {"held": False},
        "haproxy": {"hrsp_5xx": 0},
        "generator_max_lag_ms": 5.0,
        "total_s": 90.0,
    }
    return {**summary, **different}


BROKEN: dict[str, Any] = {
    "mode": "broken",
    "playbook_exit": 2,
    "versions": {"web01": "1.0.0", "web02": "1.0.0"},
    "touched": ["web01"],
    "outcomes": {"web01": "rolled_back", "web02": "untouched"},
    "slow_in_flight_at_drain": {"web01": 8},
}
NAIVE: dict[str, Any] = {"mode": "naive", "failed_requests": 300, "failed_by_kind": {"5xx": 300}}


def _holds(summary: dict[str, Any]) -> bool:
    found = checks.check(summary)
    assert checks.table(summary, found)
    return all(check.holds for check in found)


@pytest.mark.parametrize(
    "good", [{}, BROKEN, NAIVE, {"mode": "cookie"}, {"mode": "reload", "reloaded": ["web01", "web02"]}]
)
def test_a_good_run_passes(good: dict[str, Any]) -> None:
    assert _holds(_summary(**good))


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": 9_999},
        {"requests_per_s": 149.0},
        {"failed_requests": 1},
        {"lost_writes": 1},
        {"duplicated_writes": 1},
        {"acknowledged_writes": 0},
        {"min_servers_up": 0},
        {"min_servers_up": None},
        {"slow_in_flight_at_drain": {"web01": 8, "web02": 4}},
        {"slow_in_flight_at_drain": {}},
        {"lease": {"held": True}},
        {"lease": {}},
        {"playbook_exit": 2},
        {"versions": {"web01": "2.0.0", "web02": "1.0.0"}},
        {"members": {"web01": "UP", "web02": "DRAIN"}},
        {"drain_s": {"web01": 4.0}},
        {"mode": "reload", "reloaded": ["web01"]},
        {**NAIVE, "failed_requests": 0},
        {**NAIVE, "versions": {"web01": "1.0.0", "web02": "2.0.0"}},
        {**BROKEN, "playbook_exit": 0},
        {**BROKEN, "touched": ["web01", "web02"]},
        {**BROKEN, "failed_requests": 1},
        {**BROKEN, "outcomes": {}},
        {**BROKEN, "versions": {"web01": "2.0.1-broken", "web02": "1.0.0"}},
    ],
)
def test_one_wrong_figure_fails_the_run(wrong: dict[str, Any]) -> None:
    assert not _holds(_summary(**wrong))


def _row(status: str, scur: int = 0) -> dict[str, str]:
    counters = dict.fromkeys(("hrsp_5xx", "econ", "eresp", "wretr", "wredis", "qcur"), "0")
    return {"status": status, "scur": str(scur), **counters}


def test_the_observer_follows_a_drain() -> None:
    observer = Observer(Path("unused"))
    for moment, first in ((0.0, _row("UP")), (1.0, _row("DRAIN", 9)), (2.0, _row("DRAIN", 2)), (4.0, _row("MAINT"))):
        observer.take({"web01": first, "web02": _row("UP", 5)}, moment)
    observer.take({"web01": _row("UP 1/2"), "web02": _row("UP")}, 9.0)
    (drain,) = observer.drains
    assert (drain.node, drain.in_flight, drain.seconds) == ("web01", 9, 3.0)
    assert (observer.min_up, observer.left) == (1, {"web01"})


def test_the_observer_counts_a_server_that_is_down_as_not_up() -> None:
    observer = Observer(Path("unused"))
    observer.take({"web01": _row("DOWN"), "web02": _row("DRAIN")}, 0.0)
    assert observer.min_up == 0


def test_the_observer_says_what_it_missed(tmp_path: Path) -> None:
    observer = Observer(tmp_path / "no.sock")
    observer.sample()
    assert (observer.samples, observer.missed, observer.min_up) == (0, 1, None)


def test_persistence_is_configured_only_where_asked(tmp_path: Path) -> None:
    plain = balancer.configuration(Net(7), ["web01", "web02"], tmp_path)
    sticky = balancer.configuration(Net(7), ["web01", "web02"], tmp_path, cookie=True)
    assert "cookie" not in plain
    assert "server web02 127.77.7.12:8080 check cookie web02" in sticky
