# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of each mode of the demo, and the table that shows its figures. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MIN_REQUESTS = 10_000
MIN_RATE = 150.0
MIN_SLOW_IN_FLIGHT = 5
MIN_NAIVE_FAILURES = 20
FIRST_VERSION = "1.0.0"


@dataclass(frozen=True)
class Check:
    what: str
    holds: bool


def check(summary: dict[str, Any]) -> list[Check]:
    """The checks of the summary's mode."""
    mode = summary["mode"]
    if mode == "naive":
        return [*_load(summary), *_naive(summary)]
    lossless = [*_load(summary), *_lossless(summary)]
    if mode == "broken":
        return [*lossless, *_broken(summary)]
    return [*lossless, *_upgraded(summary)]


def _load(summary: dict[str, Any]) -> list[Check]:
    return [
        Check(f"at least {MIN_REQUESTS} requests", summary["requests"] >= MIN_REQUESTS),
        Check(f"at least {MIN_RATE:g} requests a second", summary["requests_per_s"] >= MIN_RATE),
    ]


def _lossless(summary: dict[str, Any]) -> list[Check]:
    slow = summary["slow_in_flight_at_drain"].values()
    return [
        Check("no request failed", summary["failed_requests"] == 0),
        Check("no acknowledged write lost", summary["lost_writes"] == 0 and summary["acknowledged_writes"] > 0),
        Check("no write duplicated", summary["duplicated_writes"] == 0),
        Check("never without a server that is up", (summary["min_servers_up"] or 0) >= 1),
        Check(
            f"at least {MIN_SLOW_IN_FLIGHT} requests of 2-5 s in flight at each drain",
            bool(slow) and all(number >= MIN_SLOW_IN_FLIGHT for number in slow),
        ),
        Check("the lease is free", not summary["lease"].get("held", True)),
    ]


def _upgraded(summary: dict[str, Any]) -> list[Check]:
    wanted = summary["released"]
    checks = [
        Check("the playbook succeeded", summary["playbook_exit"] == 0),
        Check(f"every node runs {wanted}", set(summary["versions"].values()) == {wanted}),
        Check("every node is up in the load balancer", set(summary["members"].values()) == {"UP"}),
        Check("every node was drained", sorted(summary["drain_s"]) == sorted(summary["versions"])),
    ]
    if summary["mode"] == "reload":
        checks.append(Check("HAProxy was reloaded in each drain", len(summary["reloaded"]) == len(summary["versions"])))
    return checks


def _broken(summary: dict[str, Any]) -> list[Check]:
    first, *others = sorted(summary["versions"])
    return [
        Check("the playbook failed", summary["playbook_exit"] != 0),
        Check(f"every node runs {FIRST_VERSION}", set(summary["versions"].values()) == {FIRST_VERSION}),
        Check("every node is up in the load balancer", set(summary["members"].values()) == {"UP"}),
        Check(f"{first} was upgraded and rolled back", summary["outcomes"].get(first) == "rolled_back"),
        Check(f"{', '.join(others)} never touched", summary["touched"] == [first]),
    ]


def _naive(summary: dict[str, Any]) -> list[Check]:
    return [
        Check("the playbook succeeded", summary["playbook_exit"] == 0),
        Check(f"every node runs {summary['released']}", set(summary["versions"].values()) == {summary["released"]}),
        Check(f"at least {MIN_NAIVE_FAILURES} requests failed", summary["failed_requests"] >= MIN_NAIVE_FAILURES),
    ]


def table(summary: dict[str, Any], checks: list[Check]) -> str:
    """One table that a person can read."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in summary["failed_by_kind"].items())
    bound = summary.get("failure_bound_95")
    failed = f"{summary['failed_requests']} of {summary['requests']}" + (f" ({kinds})" if kinds else "")
    if bound is not None:
        failed += f"; 95 % bound {100 * bound:.3f} %"
    rows = [
        ("mode", f"{summary['mode']}, release {summary['released']}, playbook exit {summary['playbook_exit']}"),
        ("failed requests", failed),
        ("load", f"{summary['requests_per_s']} requests a second, open loop"),
        (
            "writes",
            f"{summary['acknowledged_writes']} acknowledged, {summary['lost_writes']} lost, "
            f"{summary['duplicated_writes']} duplicated",
        ),
        ("longest gap", f"{summary['max_gap_ms']} ms between successes"),
        ("p50 before / during", f"{summary['p50_ms']['before']} / {summary['p50_ms']['during']} ms"),
        ("p99 before / during", f"{summary['p99_ms']['before']} / {summary['p99_ms']['during']} ms"),
        ("fewest servers up", str(summary["min_servers_up"])),
        ("deployment", f"{summary['deploy_s']} s"),
    ]
    for node, version in summary["versions"].items():
        rows.append((node, _node(summary, node, version)))
    rows.append(("HAProxy counted", ", ".join(f"{name} {number}" for name, number in summary["haproxy"].items())))
    rows.append(("generator late by", f"{summary['generator_max_lag_ms']} ms at most"))
    rows.append(("whole demo", f"{summary['total_s']} s"))
    width = max(len(name) for name, _unused in rows)
    lines = ["", *(f"  {name:<{width}}  {text}" for name, text in rows), ""]
    lines += [f"  [{'ok' if check.holds else 'NO'}] {check.what}" for check in checks]
    ended = "ended as it should" if all(check.holds for check in checks) else "did NOT end as it should"
    return "\n".join([*lines, "", f"demo: {summary['mode']} {ended}; figures in build/demo/summary.json"])


def _node(summary: dict[str, Any], node: str, version: str) -> str:
    parts = [f"runs {version or 'nothing'}", summary["members"].get(node, "unknown")]
    if outcome := summary["outcomes"].get(node):
        parts.append(outcome)
    if node in summary["drain_s"]:
        parts.append(
            f"drained in {summary['drain_s'][node]} s "
            f"with {summary['in_flight_at_drain'].get(node)} requests in flight "
            f"({summary['slow_in_flight_at_drain'].get(node)} of 2-5 s)"
        )
    return ", ".join(parts)
