# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting with a deadline, on the monotonic clock.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable

Clock = Callable[[], float]
Sleep = Callable[[float], None]


@dataclass
class Deadline:
    """A point in time after which a wait gives up. Tests pass their own clock and sleep.

    >>> deadline = Deadline(30.0)
    >>> while not ready():
    ...     if deadline.expired:
    ...         raise TooLate
    ...     deadline.sleep()
    """

    timeout_s: float
    first_sleep_s: float = 0.05
    longest_sleep_s: float = 1.0
    growth: float = 1.5
    clock: Clock = time.monotonic
    pause: Sleep = time.sleep
    _began: float = field(init=False)
    _next_sleep: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._next_sleep = min(self.first_sleep_s, self.longest_sleep_s)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the deadline was made."""
        return self.clock() - self._began

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the deadline was made, for results named waited_ms."""
        return round(self.elapsed_s * 1000)

    @property
    def left_s(self) -> float:
        """Seconds that are left, never below zero."""
        return max(0.0, self.timeout_s - self.elapsed_s)

    @property
    def expired(self) -> bool:
        return self.elapsed_s >= self.timeout_s

    def sleep(self) -> None:
        """Sleep a little: longer each time, never longer than the longest sleep, never beyond the deadline."""
        duration = min(self._next_sleep, self.left_s)
        self._next_sleep = min(self._next_sleep * self.growth, self.longest_sleep_s)
        if duration > 0:
            self.pause(duration)

    def hurry(self) -> None:
        """Begin with short sleeps again, because something has just changed."""
        self._next_sleep = min(self.first_sleep_s, self.longest_sleep_s)
