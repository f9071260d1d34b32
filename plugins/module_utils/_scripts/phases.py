# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a release's migration scripts. A phase is a value that carries its policy.

Nothing outside of this file decides by a phase's name: lint and engine ask for the policy. Private to this collection.
"""

from __future__ import annotations

import enum
import pathlib
from dataclasses import dataclass


class Due(enum.Enum):
    """When the scripts of a phase may run."""

    BEFORE_ROLLOUT = "before the first node is upgraded"
    AFTER_EXPAND = "after expand, while the former release and the new one run"
    UNUSED = "when no supported release uses what they remove, and every backfill is complete"
    GIVEN_UP = "when the release is given up and nothing runs it any more"


@dataclass(frozen=True)
class Phase:
    """One phase and its policy."""

    name: str
    """As in directories, in the journal and in messages."""
    directory: str
    """Where its scripts are, below the release, unless release.yml names another directory."""
    order: int
    """Its place among the phases."""
    strict: bool
    """Lint refuses what breaks or blocks the running release. In the others, removing is the purpose."""
    batched: bool
    """Scripts may be repeated in rounds, each a transaction of its own (header `batch`); they may change many rows."""
    due: Due
    defines: bool = False
    """What its scripts create is what the release adds to the schema."""
    undoes: str = ""
    """The phase whose scripts it takes back, by the same names."""

    def __str__(self) -> str:
        return self.name


EXPAND = Phase("expand", "db/expand", 0, strict=True, batched=False, due=Due.BEFORE_ROLLOUT, defines=True)
BACKFILL = Phase("backfill", "db/backfill", 1, strict=True, batched=True, due=Due.AFTER_EXPAND)
CONTRACT = Phase("contract", "db/contract", 2, strict=False, batched=False, due=Due.UNUSED)
UNDO = Phase("undo", "db/undo", 3, strict=False, batched=False, due=Due.GIVEN_UP, undoes="expand")

PHASES = (EXPAND, BACKFILL, CONTRACT, UNDO)
"""All of them, in their order."""
NAMES = tuple(phase.name for phase in PHASES)
STRICTEST = EXPAND
"""What a script is held to when nothing says its phase."""

_BY_NAME = {phase.name: phase for phase in PHASES}


def named(name: str) -> Phase:
    """The phase of this name. Raises KeyError."""
    return _BY_NAME[name]


def phase_of(path: pathlib.Path) -> Phase:
    """The phase that the directory of a script is named after; the strictest one for any other directory."""
    parent = path.resolve().parent.name.lower()
    return _BY_NAME.get(parent, STRICTEST)
