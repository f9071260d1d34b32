# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress lines and warnings of a running task, and what it reports when the connection breaks.

Private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class TaskReporter:
    """Shows progress, collects warnings, and knows the step that a lost connection would interrupt.

    `print_line` gets each line; `interval_s` is the shortest time between two throttled lines.
    """

    def __init__(
        self,
        print_line: Callable[[str], None] = lambda _line: None,
        monotonic: Callable[[], float] = time.monotonic,
        interval_s: float = 2.0,
    ) -> None:
        self._print_line = print_line
        self._monotonic = monotonic
        self._interval_s = interval_s
        self._last_shown: float | None = None
        self.step = "reading the state of the node"
        self.if_lost = "Nothing was changed by this task."
        self.connected = False
        self.warnings: list[str] = []

    def begin_step(self, step: str, if_lost: str) -> None:
        """Begin a step. `if_lost` describes the possible state of the node if the connection breaks during it."""
        self.step = step
        self.if_lost = if_lost

    def show(self, line: str) -> None:
        """Show a line now."""
        self._last_shown = self._monotonic()
        self._print_line(line)

    def show_throttled(self, line: str) -> None:
        """Show a line unless another one was shown less than `interval_s` ago."""
        if self._last_shown is None or self._monotonic() - self._last_shown >= self._interval_s:
            self.show(line)

    def warn(self, line: str) -> None:
        """Add a warning to the result."""
        self.warnings.append(line)
