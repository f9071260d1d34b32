# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of every request, and the figures that are made of it. No input or output here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

OK = "ok"
PHASES = ("before", "during", "after")


@dataclass
class Record:
    """One request. Times are of the monotonic clock, which all processes of a machine share."""

    kind: str
    planned: float
    ended: float
    outcome: str
    status: int = 0
    version: str = ""
    node: str = ""
    note: str = ""

    @property
    def latency_ms(self) -> float:
        """From when it was due, not from when the generator got round to it: a stall cannot hide itself."""
        return (self.ended - self.planned) * 1000

    @property
    def ok(self) -> bool:
        return self.outcome == OK


def percentile(numbers: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile, or None of nothing."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    return ordered[max(math.ceil(percent / 100 * len(ordered)) - 1, 0)]


def longest_gap_ms(moments: Iterable[float], begin: float | None = None, end: float | None = None) -> float:
    """The longest time without a success. `begin` and `end` count too: a stall at the edge is a stall."""
    ordered = sorted(moments)
    edges = ([] if begin is None else [begin]) + ordered + ([] if end is None else [end])
    return max((b - a for a, b in zip(edges, edges[1:], strict=False)), default=0.0) * 1000


def phase_of(moment: float, marks: dict[str, float]) -> str:
    if "deploy_start" not in marks or moment < marks["deploy_start"]:
        return "before"
    if "deploy_end" not in marks or moment < marks["deploy_end"]:
        return "during"
    return "after"


def in_flight(records: Iterable[Record], moment: float, node: str, kind: str = "slow") -> int:
    """How many requests of that kind, answered by that node, were under way at that moment."""
    return sum(r.kind == kind and r.node == node and r.planned <= moment < r.ended for r in records)


def summarize(records: Sequence[Record], marks: dict[str, float]) -> dict[str, Any]:
    """The figures. Percentiles are of the short requests: those that wait on purpose would hide everything else."""
    failed = Counter(record.outcome for record in records if not record.ok)
    short: dict[str, list[float]] = {phase: [] for phase in PHASES}
    versions: dict[str, Counter[str]] = {phase: Counter() for phase in PHASES}
    for record in records:
        phase = phase_of(record.planned, marks)
        if record.ok and record.kind != "slow":
            short[phase].append(record.latency_ms)
        versions[phase][record.version or "none"] += 1
    begin = min((record.planned for record in records), default=0.0)
    end = max((record.planned for record in records), default=0.0)
    duration = end - begin
    p50 = {phase: _rounded(percentile(short[phase], 50)) for phase in PHASES}
    p99 = {phase: _rounded(percentile(short[phase], 99)) for phase in PHASES}
    # Up to when the last request was due: later there is nothing left that could succeed.
    successes = [record.ended for record in records if record.ok and record.ended <= end]
    return {
        "requests": len(records),
        "requests_per_s": round(len(records) / duration, 1) if duration else 0.0,
        "duration_s": round(duration, 2),
        "failed_requests": sum(failed.values()),
        "failed_by_kind": dict(sorted(failed.items())),
        "failure_bound_95": round(3 / len(records), 6) if records and not failed else None,
        "max_gap_ms": round(longest_gap_ms(successes, begin, end), 1),
        "p50_ms": p50,
        "p99_ms": p99,
        "requests_by_kind": dict(sorted(Counter(record.kind for record in records).items())),
        "requests_by_phase": dict(Counter(phase_of(record.planned, marks) for record in records)),
        "versions_seen": {phase: dict(sorted(counter.items())) for phase, counter in versions.items() if counter},
    }


def to_json(record: Record) -> dict[str, Any]:
    return asdict(record)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
