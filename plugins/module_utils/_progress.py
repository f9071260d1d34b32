# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of progress from a module that waits.

A module's output is seen only when it ends. Therefore a module that waits writes lines to the file that the
environment variable ZERO_DOWNTIME_PROGRESS names, and its action plugin shows them as they come
(plugins/plugin_utils/_progress.py). Without the variable nothing is written. In Ansible's own process the lines are
shown at once instead (plugins/plugin_utils/_controller.py).

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import os
import time
from typing import Callable, ClassVar

VARIABLE = "ZERO_DOWNTIME_PROGRESS"


class Progress:
    """Writes lines for a person to read. A file that cannot be written is ignored: progress never fails a task."""

    show: ClassVar[Callable[[str], None] | None] = None
    """Shows a line at once, where the module runs in Ansible's own process."""

    def __init__(
        self, path: str | None = None, interval_s: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = os.environ.get(VARIABLE, "") if path is None else path
        self._interval_s = interval_s
        self._clock = clock
        self._last: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether somebody reads the lines."""
        return bool(self._path) or Progress.show is not None

    def say(self, line: str) -> None:
        """Write one line now."""
        self._last = self._clock()
        if Progress.show is not None:
            Progress.show(" ".join(line.split()))
        if not self._path:
            return
        text = " ".join(line.split()) + "\n"
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._path, flags, 0o644)
        except OSError:
            self._path = ""
            return
        try:
            os.write(descriptor, text.encode("utf-8", "replace"))
        except OSError:
            self._path = ""
        finally:
            os.close(descriptor)

    def tell(self, line: Callable[[], str]) -> None:
        """Write a line if the last one is older than the interval; the line is made only when it is due."""
        if self._last is None or self._clock() - self._last >= self._interval_s:
            self.say(line())
