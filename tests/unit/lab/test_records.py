# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of the load generator, on records made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.load import records, verify
from lab.load.records import Record

MARKS = {"deploy_start": 10.0, "deploy_end": 20.0}


def _record(planned: float, latency: float = 0.01, outcome: str = "ok", **other: str) -> Record:
    return Record(other.pop("kind", "read"), planned, planned + latency, outcome, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (99, 10), (100, 10), (1, 1)])
def test_percentile(percent: float, expected: float) -> None:
    assert records.percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


def test_percentile_of_nothing() -> None:
    assert records.percentile([], 99) is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_is_one_of_the_numbers(numbers: list[float], percent: float) -> None:
    assert records.percentile(numbers, percent) in numbers


def test_the_longest_gap_counts_the_edges() -> None:
    assert records.longest_gap_ms([1.0, 1.5, 4.0]) == 2500
    assert records.longest_gap_ms([1.0], 0.0, 9.0) == 8000
    assert records.longest_gap_ms([], 2.0, 3.0) == 1000


def test_an_outage_shows_as_gap_and_as_failures() -> None:
    healthy = [_record(t / 10) for t in range(300)]
    result = records.summarize(healthy, MARKS)
    assert (result["failed_requests"], result["max_gap_ms"]) == (0, 100.0)
    assert result["failure_bound_95"] == 0.01
    broken = [r if not 12 <= r.planned < 14 else _record(r.planned, outcome="5xx") for r in healthy]
    result = records.summarize(broken, MARKS)
    assert result["failed_by_kind"] == {"5xx": 20}
    assert result["max_gap_ms"] == pytest.approx(2100)
    assert result["failure_bound_95"] is None


def test_percentiles_are_told_apart_by_phase_and_leave_out_the_slow_requests() -> None:
    some = [_record(1, 0.010), _record(11, 0.050), _record(21, 0.020), _record(12, 3.0, kind="slow")]
    result = records.summarize(some, MARKS)
    assert result["p99_ms"] == {"before": 10.0, "during": 50.0, "after": 20.0}


def test_what_ends_after_the_last_request_was_due_is_no_gap() -> None:
    some = [*(_record(t / 10) for t in range(10)), _record(0.9, 4.0, kind="slow")]
    assert records.summarize(some, {})["max_gap_ms"] == 100.0


def test_in_flight_counts_the_requests_of_one_node_at_one_moment() -> None:
    some = [
        _record(1, 3, kind="slow", node="WEB01"),
        _record(1, 3, kind="slow", node="WEB02"),
        _record(3, 3, kind="slow", node="WEB01"),
        _record(1, 3, kind="read", node="WEB01"),
    ]
    assert records.in_flight(some, 2.0, "WEB01") == 1
    assert records.in_flight(some, 3.5, "WEB01") == 2


def test_writes_are_compared_by_id() -> None:
    compared = verify.compare(["a", "b", "c"], ["a", "a", "c", "never acknowledged"])
    assert (compared.lost, compared.duplicated, compared.acknowledged) == (["b"], ["a"], 3)
    assert verify.compare(["a"], ["a", "x"]) == verify.Writes(1, [], [])
