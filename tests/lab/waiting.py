# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting in tests: for an event, never for a time after which it has probably happened."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 120.0
"""Long enough for a slow machine that does something else: reaching it is a fault, not bad luck."""


def wait_until(holds: Callable[[], object], expected: str = "the condition", limit_s: float = LIMIT_S) -> None:
    """Returns as soon as the condition holds; AssertionError when it does not within the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"{expected} was expected within {limit_s:g} s"
        time.sleep(0.02)
