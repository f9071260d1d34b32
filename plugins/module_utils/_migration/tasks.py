# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which code does what a task asks for. Private to this collection."""

from __future__ import annotations

from .._scripts.phases import BACKFILL, CONTRACT, EXPAND, UNDO
from . import backfill, bookkeeping, contract, expand, undo
from .context import Context

_PHASES = {EXPAND: expand.run, BACKFILL: backfill.run, CONTRACT: contract.run, UNDO: undo.run}


def carry_out(context: Context, action: str) -> None:
    """Apply a phase, or write into its journal; the result is in the context's report, also after an error."""
    if action == "apply":
        _PHASES[context.request.phase](context)
    else:
        bookkeeping.run(context, action)
