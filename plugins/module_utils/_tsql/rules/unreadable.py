# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the linter cannot read."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import Advice
from .family import Context, Family

FAMILY = Family()

UNKNOWN = FAMILY.rule(
    "unknown",
    "A",
    "a statement that no rule recognises",
    reason="Nothing proves it harmless.",
    instead="write it in a known form, or allow it with a reason",
)


@FAMILY.on("UNKNOWN")
def unknown(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        UNKNOWN,
        unit.statement.message,
        advice=Advice(
            "Write the statement in a form that the linter knows, or allow it: -- lint: allow unknown <why it is "
            "harmless>"
        ),
    )
