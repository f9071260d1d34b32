# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task asks for, and its outcome.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .model import Admin, Member, Sample

DRAINING = "draining"
DRAINED = "drained"
DISABLED = "disabled"
ENABLED = "enabled"
MIXED = "mixed"

RESTORE = "restore"
CUT = "cut"

#: The administrative state for each value of the option ``state``.
ADMIN_OF = {DRAINING: Admin.DRAIN, DRAINED: Admin.MAINT, DISABLED: Admin.MAINT, ENABLED: Admin.READY}


@dataclass(frozen=True)
class Request:
    """The options of a task."""

    member: str
    state: str
    backend: str | None = None
    timeout_s: float = 120.0
    poll_ms: int = 100
    min_up: int = 1
    on_timeout: str | None = None
    bleed_s: float | None = None
    weight: int | None = None
    weight_steps: tuple[int, ...] = ()
    step_s: float = 10.0
    restore_to: str | None = None
    check_capacity: bool = True
    leaving: tuple[str, ...] = ()
    """Other members that are taken out at the same time, so that they do not count as up."""
    zero_samples: int = 3
    check_mode: bool = False


@dataclass
class Outcome:
    """What a task found and did."""

    before: Sample
    after: Sample | None = None
    plan: list[str] = field(default_factory=list)
    changed: bool = False
    waited_ms: int = 0
    cut: int = 0
    reloads: int = 0
    warnings: list[str] = field(default_factory=list)
    share_percent: float | None = None
    """The share of the clients that had to move to other members."""
    intended: tuple[Member, ...] = ()
    """The members after the plan, for the diff."""
