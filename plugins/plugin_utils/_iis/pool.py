# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iis_app_pool does: plan from what is found, apply unless in check mode, report.

Private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...module_utils._wait import Deadline
from .errors import IisError
from .pool_api import Pool, PoolApi, Request
from .reporter import TaskReporter

STARTED, STOPPED, STARTING, STOPPING = "Started", "Stopped", "Starting", "Stopping"
_FIRST_POLL_S, _LONGEST_POLL_S = 0.1, 0.5
_KILL_SLACK_S = 1.0
_ASPNETCORE_SHUTDOWN_S = 10.0  # the module's default; it kills the application before the pool kills the worker
_WORKER_S = 15.0  # an AlwaysRunning pool that no site uses never gets a worker


@dataclass(frozen=True)
class PoolOptions:
    """The options of iis_app_pool."""

    name: str
    state: str
    in_flight: str = "wait"
    timeout_s: float = 60.0
    exit_timeout_s: float = 120.0
    on_timeout: str = "fail"
    allow_gap: bool = False


class PoolTask:
    """One run of iis_app_pool."""

    def __init__(
        self,
        api: PoolApi,
        options: PoolOptions,
        reporter: TaskReporter,
        check_mode: bool = False,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._options = options
        self._reporter = reporter
        self._check_mode = check_mode
        self._clock = clock
        self._pause = pause
        self._began = clock()

    def run(self) -> dict[str, Any]:
        pool = self._read_pool()
        workers = self._worker_pids(pool.name)
        result: dict[str, Any] = {
            "name": pool.name,
            "previous_state": pool.state,
            "previous_worker_pids": workers,
            "in_flight_at_start": None,
            "in_flight_killed": 0,
        }
        steps = {"started": self._started, "stopped": self._stopped, "recycled": self._recycled}
        try:
            steps[self._options.state](pool, workers, result)
        except IisError as error:
            if not error.connection_lost:
                self._add_state(pool, workers, error)
            raise
        result["waited_ms"] = round((self._clock() - self._began) * 1000)
        result["diff"] = {
            "before": {"name": pool.name, "state": pool.state, "worker_pids": workers},
            "after": {"name": pool.name, "state": result["state"], "worker_pids": result["worker_pids"]},
        }
        return result

    def _add_state(self, before: Pool, workers: list[int], error: IisError) -> None:
        """Add to a failure in which state it leaves the pool, so that a caller knows what is still to do."""
        try:
            state: str | None = self._read_pool().state
            pids: list[int] | None = self._worker_pids(before.name)
        except IisError:
            state = pids = None
        error.facts.update(
            name=before.name,
            previous_state=before.state,
            previous_worker_pids=workers,
            state=state,
            worker_pids=pids,
            changed=(state, pids) != (before.state, workers),
        )
        error.message = f"{error.message.rstrip('.')}. {_left(before.state, state)}"

    # the three states

    def _started(self, pool: Pool, workers: list[int], result: dict[str, Any]) -> None:
        result["changed"] = pool.state != STARTED
        if not result["changed"] or self._check_mode:
            result.update(state=STARTED, worker_pids=workers)
            return
        if pool.state == STOPPING:
            self._wait_stopped(pool, [], self._options.exit_timeout_s)
        self._reporter.begin_step(
            f"starting the pool {pool.name}", f"The pool {pool.name} may be {STARTED} or {STOPPED}."
        )
        self._api.start(pool.name)
        always_running = pool.config is not None and pool.config.start_mode.lower() == "alwaysrunning"
        deadline = self._deadline(self._options.timeout_s)
        while True:
            state = self._read_pool().state
            pids = self._worker_pids(pool.name) if state == STARTED else []
            overdue = deadline.elapsed_s >= _WORKER_S or deadline.expired
            if state == STARTED and (pids or not always_running or overdue):
                if always_running and not pids:
                    self._reporter.warn(f"The pool {pool.name} is AlwaysRunning and has no worker: does a site use it?")
                result.update(state=state, worker_pids=pids)
                return
            if deadline.expired:
                raise IisError(
                    f"The pool {pool.name} is {state} {self._options.timeout_s:g} s after its start, {STARTED} was "
                    "expected: see the System event log (source WAS) for a crash at start or a wrong identity.",
                )
            awaited = "its worker" if state == STARTED else STARTED
            self._reporter.show_throttled(f"{pool.name}: {state}, waiting for {awaited}")
            deadline.sleep()

    def _stopped(self, pool: Pool, workers: list[int], result: dict[str, Any]) -> None:
        result["changed"] = pool.state not in (STOPPED, STOPPING)
        watch_requests = self._options.in_flight == "wait"
        running = self._in_flight(pool.name) if watch_requests and pool.state != STOPPED else []
        result["in_flight_at_start"] = len(running) if watch_requests else None
        if self._check_mode:
            result.update(state=STOPPED, worker_pids=[])
            return
        forced = False
        if pool.state in (STARTED, STARTING):
            if watch_requests:
                forced = self._wait_idle(pool, running)
            self._reporter.begin_step(
                f"stopping the pool {pool.name}",
                f"The pool {pool.name} may be {STARTED}, {STOPPING} or {STOPPED}: check it with iis_app_pool_info.",
            )
            self._api.stop(pool.name)
        result["in_flight_killed"] = self._wait_stopped(pool, workers, self._options.exit_timeout_s, watch=forced)
        result.update(state=STOPPED, worker_pids=[])

    def _recycled(self, pool: Pool, workers: list[int], result: dict[str, Any]) -> None:
        if pool.state != STARTED:
            raise IisError(
                f"The pool {pool.name} is {pool.state}, {STARTED} was expected for a recycle: start it instead.",
            )
        if pool.config is not None and pool.config.disallow_overlapping_rotation and not self._options.allow_gap:
            raise IisError(
                f"The pool {pool.name} has disallowOverlappingRotation: a recycle leaves it without a worker for a "
                "while. Remove that setting, or drain the node first and set allow_gap."
            )
        watch_requests = self._options.in_flight == "wait"
        result["in_flight_at_start"] = len(self._in_flight(pool.name)) if watch_requests else None
        result["changed"] = bool(workers)
        if not workers or self._check_mode:
            result.update(state=STARTED, worker_pids=workers)
            return
        self._reporter.begin_step(
            f"recycling the pool {pool.name}",
            f"The pool {pool.name} is {STARTED}; its worker may be the old or a new one.",
        )
        self._api.recycle(pool.name)
        result.update(state=STARTED, worker_pids=self._wait_replaced(pool, workers))

    # waits, with one call for each poll

    def _wait_idle(self, pool: Pool, running: list[Request]) -> bool:
        """Wait for zero requests in flight; True when the deadline passed and on_timeout says stop."""
        deadline = self._deadline(self._options.timeout_s)
        while running:
            if deadline.expired:
                if self._options.on_timeout == "stop":
                    self._reporter.warn(
                        f"{_count(running)} in pool {pool.name} after {self._options.timeout_s:g} s: "
                        "the pool is stopped because of on_timeout=stop."
                    )
                    return True
                raise IisError(
                    f"{_count(running)} in pool {pool.name} after {self._options.timeout_s:g} s "
                    f"(the oldest: {_oldest(running)}). Nothing was changed: drain the node first, raise timeout_s, "
                    "or set on_timeout to stop.",
                    in_flight=len(running),
                )
            self._reporter.show_throttled(f"{pool.name}: {_count(running)}, the oldest: {_oldest(running)}")
            deadline.sleep()
            running = self._in_flight(pool.name)
        return False

    def _wait_stopped(self, pool: Pool, old: list[int], timeout_s: float, watch: bool = False) -> int:
        """Wait for state Stopped and the exit of the workers; returns the number of requests that IIS killed."""
        deadline = self._deadline(timeout_s)
        killed = 0
        if watch:
            killed = self._watch_forced(pool, deadline)
        pids = old
        state = pool.state
        while True:
            if pids:
                pids = self._worker_pids(pool.name)
            if not pids:
                state = self._read_pool().state
                if state == STOPPED:
                    pids = self._worker_pids(pool.name)
                    if not pids:
                        return killed
                if state == STARTED and deadline.elapsed_s > _KILL_SLACK_S:
                    raise IisError(
                        f"The pool {pool.name} is {STARTED} again after its stop: "
                        "another program or person started it.",
                    )
            if deadline.expired:
                left = f"worker {', '.join(map(str, pids))} still runs" if pids else f"it is {state}"
                raise IisError(
                    f"The pool {pool.name} is not stopped {timeout_s:g} s after the stop began: {left}. "
                    "Raise exit_timeout_s beyond its shutdownTimeLimit, or examine the process.",
                )
            awaited = f"worker {', '.join(map(str, pids))} to exit" if pids else STOPPED
            self._reporter.show_throttled(f"{pool.name}: waiting for {awaited}")
            deadline.sleep()

    def _watch_forced(self, pool: Pool, deadline: Deadline) -> int:
        """Count the requests that IIS kills when the shutdownTimeLimit of the pool or of ANCM ends."""
        limit_s = pool.config.shutdown_time_limit_s if pool.config else 0.0
        last = 0
        while not deadline.expired:
            running = self._in_flight(pool.name)
            if not running:
                break
            last = len(running)
            self._reporter.show_throttled(f"{pool.name}: {STOPPING}, {_count(running)}")
            deadline.sleep()
        deadline.hurry()
        ended_s = deadline.elapsed_s
        by_module = abs(ended_s - _ASPNETCORE_SHUTDOWN_S) <= _KILL_SLACK_S
        return last if by_module or ended_s >= limit_s - _KILL_SLACK_S else 0

    def _wait_replaced(self, pool: Pool, old: list[int]) -> list[int]:
        deadline = self._deadline(self._options.exit_timeout_s)
        while True:
            pids = self._worker_pids(pool.name)
            fresh = [pid for pid in pids if pid not in old]
            leaving = [pid for pid in pids if pid in old]
            if fresh and not leaving:
                return fresh
            if deadline.expired:
                found = (
                    f"the old worker {', '.join(map(str, leaving))} still runs"
                    if leaving
                    else "no new worker has appeared"
                )
                raise IisError(
                    f"The pool {pool.name} was recycled, and after {self._options.exit_timeout_s:g} s {found}: "
                    "see the System event log (source WAS), or raise exit_timeout_s.",
                )
            self._reporter.show_throttled(
                f"{pool.name}: new worker {fresh or 'not started yet'}, old worker {leaving or 'exited'}"
            )
            deadline.sleep()

    # reading

    def _read_pool(self) -> Pool:
        wanted = self._options.name.casefold()
        pools = self._api.pools(with_config=True)
        for pool in pools:
            if pool.name.casefold() == wanted:
                return _checked(pool)
        known = ", ".join(sorted(pool.name for pool in pools)) or "none"
        raise IisError(f"The node has no application pool {self._options.name!r}; it has: {known}.")

    def _worker_pids(self, name: str) -> list[int]:
        return sorted(worker.pid for worker in self._api.workers() if worker.pool.casefold() == name.casefold())

    def _in_flight(self, name: str) -> list[Request]:
        return [request for request in self._api.requests() if request.pool.casefold() == name.casefold()]

    def _deadline(self, timeout_s: float) -> Deadline:
        return Deadline(
            timeout_s,
            first_sleep_s=_FIRST_POLL_S,
            longest_sleep_s=_LONGEST_POLL_S,
            clock=self._clock,
            pause=self._pause,
        )


def _checked(pool: Pool) -> Pool:
    """Refuse a pool of which something is unknown that decides what happens to it."""
    if pool.state not in (STARTED, STOPPED, STARTING, STOPPING):
        raise IisError(
            f"The pool {pool.name} has the state {pool.state!r}; Started, Starting, Stopping or Stopped was expected: "
            "check the Windows Process Activation Service (WAS) on the node."
        )
    if pool.config is None:
        raise IisError(f"appcmd printed no configuration of the pool {pool.name}.")
    return pool


def _count(running: list[Request]) -> str:
    return f"{len(running)} request{'s' if len(running) != 1 else ''} in flight"


def _oldest(running: list[Request]) -> str:
    oldest = max(running, key=lambda request: request.running_ms)
    return f"{oldest.verb} {oldest.path}, {oldest.running_ms / 1000:.1f} s"


def _left(before: str, now: str | None) -> str:
    """In which state a failure leaves the pool, as a sentence."""
    if now is None:
        return "The state of the pool could not be read afterwards."
    return f"The pool is still {now}." if now == before else f"The pool was {before} and is {now} now."
