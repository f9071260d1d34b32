# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application pools, as the pool modules need them.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True)
class PoolConfig:
    """The settings of a pool that matter to a release."""

    start_mode: str
    auto_start: bool
    shutdown_time_limit_s: float
    disallow_overlapping_rotation: bool
    rapid_fail_protection: bool
    rapid_fail_max_crashes: int
    rapid_fail_interval_s: float


@dataclass(frozen=True)
class Pool:
    """One application pool."""

    name: str
    state: str
    config: PoolConfig | None = None


@dataclass(frozen=True)
class Worker:
    """One worker process."""

    pid: int
    pool: str


@dataclass(frozen=True)
class Request:
    """One request in flight, without its query string, which may contain secrets."""

    pool: str
    pid: int
    verb: str
    path: str
    running_ms: int


class PoolApi(ABC):
    """Reading and changing application pools."""

    @abstractmethod
    def pools(self, with_config: bool = False) -> list[Pool]:
        """Every pool."""

    @abstractmethod
    def workers(self) -> list[Worker]:
        """Every worker process."""

    @abstractmethod
    def requests(self) -> list[Request]:
        """Every request in flight; raises when the node cannot list them."""

    @abstractmethod
    def start(self, name: str) -> None:
        """Start a pool; a started one is accepted."""

    @abstractmethod
    def stop(self, name: str) -> None:
        """Begin to stop a pool; a stopped one is accepted."""

    @abstractmethod
    def recycle(self, name: str) -> None:
        """Begin to recycle a pool's worker."""
