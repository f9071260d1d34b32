# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application locks: sp_getapplock and sp_releaseapplock with their return codes."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MODES = ("IntentShared", "Shared", "Update", "IntentExclusive", "Exclusive")
_COMPATIBLE = {
    "IntentShared": {"IntentShared", "Shared", "Update", "IntentExclusive"},
    "Shared": {"IntentShared", "Shared", "Update"},
    "Update": {"IntentShared", "Shared"},
    "IntentExclusive": {"IntentShared", "IntentExclusive"},
    "Exclusive": set(),
}
_STRENGTH = {mode: i for i, mode in enumerate(MODES)}
GRANTED, GRANTED_AFTER_WAIT, TIMEOUT, CANCELLED, DEADLOCK, BAD_PARAMETER = 0, 1, -1, -2, -3, -999


@dataclass(slots=True, eq=False)
class _Hold:
    session: Any
    owner: str  # Session or Transaction
    mode: str
    count: int = 1


@dataclass(slots=True, eq=False)
class _Waiter:
    session: Any
    mode: str
    number: int
    granted: bool = False


@dataclass(slots=True)
class _Resource:
    holds: list[_Hold] = field(default_factory=list)
    queue: list[_Waiter] = field(default_factory=list)


class AppLocks:
    """All application locks of the server. A session is any object; it may wait for one lock at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._resources: dict[tuple[str, str, str], _Resource] = {}
        self._waiting: dict[Any, tuple[str, str, str]] = {}
        self._numbers = itertools.count()

    def acquire(
        self,
        session: Any,
        key: tuple[str, str, str],
        mode: str,
        owner: str,
        timeout_ms: int,
        interrupted: Callable[[float], None],
    ) -> int:
        """Returns a return code; `interrupted` waits a moment for the client's attention and raises when one comes."""
        with self._lock:
            resource = self._resources.setdefault(key, _Resource())
            if self._can(resource, session, mode, None):
                self._grant(resource, session, mode, owner)
                return GRANTED
            if timeout_ms == 0:
                self._tidy(key)
                return TIMEOUT
            if self._deadlock(session, key):
                self._tidy(key)
                return DEADLOCK
            waiter = _Waiter(session, mode, next(self._numbers))
            resource.queue.append(waiter)
            self._waiting[session] = key
        deadline = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000
        try:
            pause = 0.005
            while True:
                with self._lock:
                    ahead = resource.queue[: resource.queue.index(waiter)]
                    if self._can(resource, session, mode, ahead):
                        self._grant(resource, session, mode, owner)
                        return GRANTED_AFTER_WAIT
                    if deadline is not None and time.monotonic() >= deadline:
                        return TIMEOUT
                left = pause if deadline is None else max(0.001, min(pause, deadline - time.monotonic()))
                interrupted(left)
                pause = min(pause * 1.5, 0.05)
        finally:
            with self._lock:
                resource.queue.remove(waiter)
                self._waiting.pop(session, None)
                self._tidy(key)

    def _can(self, resource: _Resource, session: Any, mode: str, ahead: list[_Waiter] | None) -> bool:
        for hold in resource.holds:
            if hold.session is not session and hold.mode not in _COMPATIBLE[mode]:
                return False
        mine = any(h.session is session for h in resource.holds)
        before = resource.queue if ahead is None else ahead
        return mine or not before

    @staticmethod
    def _grant(resource: _Resource, session: Any, mode: str, owner: str) -> None:
        for hold in resource.holds:
            if hold.session is session and hold.owner == owner:
                hold.count += 1
                if _STRENGTH[mode] > _STRENGTH[hold.mode]:
                    hold.mode = mode
                return
        resource.holds.append(_Hold(session, owner, mode))

    def _deadlock(self, session: Any, key: tuple[str, str, str]) -> bool:
        """Whether waiting for the resource would be a deadlock of application locks."""
        seen = set()
        todo = [key]
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            resource = self._resources.get(at)
            for hold in resource.holds if resource else []:
                if hold.session is session and at != key:
                    return True
                waits_for = self._waiting.get(hold.session)
                if waits_for is not None and hold.session is not session:
                    todo.append(waits_for)
        return False

    def release(self, session: Any, key: tuple[str, str, str], owner: str) -> bool:
        with self._lock:
            resource = self._resources.get(key)
            for hold in resource.holds if resource else []:
                if hold.session is session and hold.owner == owner:
                    hold.count -= 1
                    if hold.count == 0:
                        assert resource is not None
                        resource.holds.remove(hold)
                        self._tidy(key)
                    return True
        return False

    def release_all(self, session: Any, owner: str = "") -> None:
        """Release all locks of a session, or those that its transaction owns."""
        with self._lock:
            for key in list(self._resources):
                resource = self._resources[key]
                resource.holds = [h for h in resource.holds if h.session is not session or (owner and h.owner != owner)]
                self._tidy(key)

    def _tidy(self, key: tuple[str, str, str]) -> None:
        resource = self._resources.get(key)
        if resource is not None and not resource.holds and not resource.queue:
            del self._resources[key]

    def test(self, session: Any, key: tuple[str, str, str], mode: str) -> bool:
        with self._lock:
            resource = self._resources.get(key)
            return resource is None or self._can(resource, session, mode, None)

    def mode(self, session: Any, key: tuple[str, str, str], owner: str) -> str:
        with self._lock:
            resource = self._resources.get(key)
            for hold in resource.holds if resource else []:
                if hold.session is session and hold.owner == owner:
                    return hold.mode
        return "NoLock"

    def snapshot(self) -> list[tuple[tuple[str, str, str], Any, str, str, str]]:
        """For sys.dm_tran_locks: resource, session, mode, status, owner."""
        rows: list[tuple[tuple[str, str, str], Any, str, str, str]] = []
        with self._lock:
            for key, resource in self._resources.items():
                rows.extend((key, h.session, h.mode, "GRANT", h.owner) for h in resource.holds)
                rows.extend((key, w.session, w.mode, "WAIT", "Session") for w in resource.queue)
        return rows
