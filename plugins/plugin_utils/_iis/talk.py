# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task tells a person while it works, and what it would say if the connection broke just now.

Private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Talk:
    """Lines of progress, and the step that a lost connection interrupts."""

    def __init__(
        self,
        show: Callable[[str], None] = lambda _line: None,
        monotonic: Callable[[], float] = time.monotonic,
        interval_s: float = 2.0,
    ) -> None:
        self._show = show
        self._monotonic = monotonic
        self._interval_s = interval_s
        self._last: float | None = None
        self.step = "reading the state of the node"
        self.if_lost = "Nothing was changed by this task."
        self.connected = False
        self.warnings: list[str] = []

    def doing(self, step: str, if_lost: str) -> None:
        """A step begins; `if_lost` says in what state things may be should the connection break during it."""
        self.step = step
        self.if_lost = if_lost

    def say(self, line: str) -> None:
        """One line now."""
        self._last = self._monotonic()
        self._show(line)

    def tell(self, line: str) -> None:
        """One line if it is the first, or the last one is long enough ago."""
        if self._last is None or self._monotonic() - self._last >= self._interval_s:
            self.say(line)

    def warn(self, line: str) -> None:
        """Something that the user should know, but no failure."""
        self.warnings.append(line)
