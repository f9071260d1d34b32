# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which code does what a task asks for. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable

from .._scripts.phases import Due, Phase
from . import bookkeeping, contract, forward, undo
from .context import Context

_BY_DUE: dict[Due, Callable[[Context], None]] = {Due.UNUSED: contract.run, Due.GIVEN_UP: undo.run}


def runner_of(phase: Phase) -> Callable[[Context], None]:
    """What runs a phase, by its policy."""
    return _BY_DUE.get(phase.due, forward.run)


def carry_out(context: Context, action: str) -> None:
    """Apply a phase, or write into its journal; the result is in the context's report, also after an error."""
    if action == "apply":
        runner_of(context.request.phase)(context)
    else:
        bookkeeping.run(context, action)
