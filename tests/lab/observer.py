# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches HAProxy from outside while a deployment runs: what the figures say must not come from the code under test."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import balancer

_OUT = ("DRAIN", "MAINT")


@dataclass
class Drain:
    """One drain of a server, as seen from outside."""

    node: str
    began: float
    in_flight: int
    """Requests in flight, and queued for this server, in the first sample that showed it leaving."""
    ended: float | None = None
    """When it was first seen in MAINT."""

    @property
    def seconds(self) -> float | None:
        return None if self.ended is None else self.ended - self.began


@dataclass
class Observer:
    """Call `sample()` about ten times a second."""

    socket: Path
    min_up: int | None = None
    drains: list[Drain] = field(default_factory=list)
    samples: int = 0
    missed: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    """Servers that were seen in another state than up."""
    _now_out: dict[str, Drain] = field(default_factory=dict)

    def sample(self) -> None:
        rows: dict[str, dict[str, str]] = {}
        with contextlib.suppress(OSError, ValueError, KeyError):
            rows = balancer.servers(self.socket)
        if not rows:
            self.missed += 1  # a reload closes the socket for a moment
            return
        self.take(rows, time.monotonic())

    def take(self, rows: dict[str, dict[str, str]], now: float) -> None:
        """One sample: the rows of `show stat` by server."""
        self.samples += 1
        up = sum(row["status"].startswith("UP") or row["status"] == "no check" for row in rows.values())
        self.min_up = up if self.min_up is None else min(self.min_up, up)
        for node, row in rows.items():
            if not row["status"].startswith("UP"):
                self.left.add(node)
            self._follow(node, row, now)
        for counter in ("hrsp_5xx", "econ", "eresp", "wretr", "wredis"):
            self.counters[counter] = sum(int(row[counter] or 0) for row in rows.values())

    def _follow(self, node: str, row: dict[str, str], now: float) -> None:
        out = row["status"].split()[0] in _OUT
        if not out:
            self._now_out.pop(node, None)
            return
        if node not in self._now_out:
            drain = Drain(node, now, int(row["scur"] or 0) + int(row["qcur"] or 0))
            self._now_out[node] = drain
            self.drains.append(drain)
        drain = self._now_out[node]
        if drain.ended is None and row["status"].startswith("MAINT"):
            drain.ended = now

    def first_drain(self, node: str) -> Drain | None:
        return next((drain for drain in self.drains if drain.node == node), None)
