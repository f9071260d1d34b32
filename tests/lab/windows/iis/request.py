# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request in flight, as appcmd list requests shows it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_IDS = itertools.count(0x7B00000780000001)


@dataclass(eq=False)
class Request:
    """From the moment that a worker has it until its answer is out. `cut` resets the client's connection."""

    verb: str
    url: str
    client: str
    site_id: int
    pool: str
    cut: Callable[[], None]
    pid: int = 0
    name: str = field(default_factory=lambda: f"{next(_IDS):x}")
    began: float = field(default_factory=time.monotonic)

    @property
    def running_ms(self) -> int:
        return int((time.monotonic() - self.began) * 1000)
