# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application pool: when it starts, replaces and ends its workers, and what it does with requests meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..config import PoolConfig
from .errors import HttpError, already_running, busy, not_started, service_unavailable, start_failed
from .request import Request
from .worker import Worker

STARTED, STOPPING, STOPPED = "Started", "Stopping", "Stopped"
_MINUTE_S = 60.0


class Pool:
    """Lives on the event loop's thread. `new_worker` makes (and starts) a worker for the pool's site."""

    def __init__(
        self,
        config: PoolConfig,
        new_worker: Callable[[Pool], Worker | None],
        count: Callable[[str], None],
    ) -> None:
        self.config = config
        self.name = config.name
        self.state = STOPPED
        self.worker: Worker | None = None
        self.leaving: list[Worker] = []
        self._incoming: Worker | None = None
        self._gap: asyncio.Event | None = None
        self._queued = 0
        self._new_worker = new_worker
        self._count = count
        self._crashes: deque[float] = deque()
        self._failed_starts: deque[float] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def always_running(self) -> bool:
        return self.config.start_mode == "AlwaysRunning"

    def workers(self) -> list[Worker]:
        """Every worker that has a process, the leaving ones too."""
        return [
            w for w in (*self.leaving, self.worker, self._incoming) if w is not None and w.pid and not w.exited.is_set()
        ]

    def requests(self) -> list[Request]:
        return [request for worker in self.workers() for request in worker.in_flight]

    # commands

    def start(self) -> None:
        if self.state == STARTED:
            raise already_running()
        if self.state == STOPPING:
            raise busy()
        self.state = STARTED
        self._crashes.clear()
        self._failed_starts.clear()
        if self.always_running:
            self._ensure_worker()

    def stop(self) -> None:
        if self.state == STOPPED:
            raise not_started()
        if self.state == STOPPING:
            raise busy()
        self.state = STOPPING
        self._open_gap()
        for worker in (self.worker, self._incoming):
            if worker is not None:
                self._retire(worker)
        self.worker = self._incoming = None
        self._run(self._finish_stop())

    async def _finish_stop(self) -> None:
        while self.leaving:
            await asyncio.wait([asyncio.ensure_future(worker.exited.wait()) for worker in self.leaving])
            await asyncio.sleep(0)
        self.state = STOPPED

    def recycle(self) -> None:
        if self.state == STOPPED:
            raise not_started()
        if self.state == STOPPING:
            raise busy()
        if self.worker is None or self._incoming is not None:
            return
        if self.config.disallow_overlapping_rotation:
            self._run(self._rotate_with_gap(self.worker))
        elif self.config.preload:
            self._incoming = self._new_worker(self)
            if self._incoming is not None:
                self._run(self._swap_when_ready(self._incoming))
        else:
            self._swap(self._new_worker(self))

    def restart_application(self) -> None:
        """The physical path has changed: new requests go to a new process, the old one finishes what it has."""
        if self.state != STARTED or (self.worker is None and self._incoming is None):
            return
        if self._incoming is not None:
            self._retire(self._incoming)
            self._incoming = None
        self._swap(self._new_worker(self) if self.always_running or self.config.preload else None)

    def take_offline(self) -> None:
        """app_offline.htm has appeared: the application ends; requests that it has may finish."""
        for worker in (self.worker, self._incoming):
            if worker is not None:
                self._retire(worker)
        self.worker = self._incoming = None

    async def _swap_when_ready(self, incoming: Worker) -> None:
        with suppress(HttpError):
            await asyncio.shield(incoming.ready)
        if self._incoming is incoming:
            self._incoming = None
            self._swap(incoming)

    def _swap(self, new: Worker | None) -> None:
        old, self.worker = self.worker, new
        if old is not None:
            self._retire(old)

    async def _rotate_with_gap(self, old: Worker) -> None:
        gap = self._gap = asyncio.Event()
        self.worker = None
        self._retire(old)
        await old.exited.wait()
        if self._gap is gap:
            self._open_gap()
            if self.always_running:
                self._ensure_worker()

    def _open_gap(self) -> None:
        if self._gap is not None:
            self._gap.set()
            self._gap = None

    # requests

    async def admit(self) -> Worker:
        """The worker for a request that has just arrived, or the answer that http.sys gives instead."""
        if self.state != STARTED:
            raise service_unavailable()
        while self._gap is not None:
            if self._queued >= self.config.queue_length:
                raise service_unavailable()
            self._queued += 1
            try:
                await self._gap.wait()
            finally:
                self._queued -= 1
            if self.state != STARTED:
                raise service_unavailable()
        worker = self._ensure_worker()
        if worker is None:
            raise HttpError(404, "Not Found")
        return worker

    def _ensure_worker(self) -> Worker | None:
        if self.worker is None or self.worker.exited.is_set():
            self._check_failed_starts()
            self.worker = self._new_worker(self)
        return self.worker

    def _check_failed_starts(self) -> None:
        _forget_before(self._failed_starts, _MINUTE_S)
        limit = self.worker.settings.rapid_fails_per_minute if self.worker and self.worker.settings else 10
        if len(self._failed_starts) >= limit:
            raise start_failed(f"it failed {len(self._failed_starts)} times within a minute")

    # ends

    def worker_exited(self, worker: Worker) -> None:
        """Called when a worker's process has ended, for any reason."""
        if worker in self.leaving:
            return  # its retirement removes it from the list
        if worker is self._incoming:
            return  # the swap that waits for it goes on, and the failed start is seen there
        if worker is not self.worker:
            return
        if not worker.was_ready:
            self._failed_starts.append(asyncio.get_running_loop().time())
            return
        self._count("worker_crashes")
        self._crashes.append(asyncio.get_running_loop().time())
        _forget_before(self._crashes, self.config.rapid_fail_interval_s)
        self.worker = None
        if self.config.rapid_fail_protection and len(self._crashes) >= self.config.rapid_fail_max_crashes:
            self._count("rapid_fail_stops")
            self.state = STOPPED
        elif self.always_running and self.state == STARTED:
            self._ensure_worker()

    def retire_idle(self) -> None:
        """Ends a worker that had nothing to do for the pool's idle time-out."""
        limit = self.config.idle_timeout_s
        worker = self.worker
        if worker is None or not limit or self.always_running or worker.in_flight:
            return
        if asyncio.get_running_loop().time() - worker.last_used > limit:
            self._swap(None)

    def _retire(self, worker: Worker) -> None:
        if worker.exited.is_set():
            return
        self.leaving.append(worker)
        self._run(self._retired(worker))

    async def _retired(self, worker: Worker) -> None:
        try:
            await worker.retire(self.config.shutdown_time_limit_s)
        finally:
            self.leaving.remove(worker)

    async def close(self) -> None:
        """The host goes down: every worker ends now."""
        self.state = STOPPED
        workers = self.workers()
        for worker in workers:
            worker.kill()
        for worker in workers:
            await worker.exited.wait()
        for task in list(self._tasks):
            task.cancel()

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _forget_before(times: deque[float], seconds: float) -> None:
    now = asyncio.get_running_loop().time()
    while times and now - times[0] > seconds:
        times.popleft()
