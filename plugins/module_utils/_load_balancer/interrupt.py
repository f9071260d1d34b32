# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices that the task must end: a signal came, or nobody is left to read the result.

Ctrl-C reaches a module as SIGINT or SIGTERM. When the connection to the host breaks, or Ansible's worker is killed,
no signal comes, but the pipe that the result would go to has lost its reader. Both are noticed at safe points only,
never in the middle of a command, so that what was changed can be put back.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Guard:
    """Checked at every safe point."""

    def __init__(self, output: int | None = None) -> None:
        self._seen: str | None = None
        self._output = output

    def check(self) -> None:
        """Raises Interrupted."""
        if self._seen is None and self._reader_gone():
            self._seen = "the connection that the task ran over"
        if self._seen is not None:
            raise Interrupted(f"The task was interrupted by {self._seen}.")

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """A signal handler."""
        self._seen = signal.Signals(number).name

    def _reader_gone(self) -> bool:
        if self._output is None:
            return False
        poll = select.poll()
        poll.register(self._output, 0)
        try:
            events = poll.poll(0)
        except OSError:
            return False
        return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in events)


@contextmanager
def guarded() -> Iterator[Guard]:
    """A guard over this process. The former signal handlers are restored at the end."""
    try:
        output = sys.__stdout__.fileno() if sys.__stdout__ is not None else None
        if output is not None:
            os.fstat(output)
    except (OSError, ValueError):
        output = None
    guard = Guard(output)
    former = {number: signal.signal(number, guard.note) for number in _SIGNALS}
    try:
        yield guard
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
