# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what the linter cannot read."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import WARNING, Advice
from .family import AS_IS, Context, Family

FAMILY = Family()

UNKNOWN = FAMILY.rule(
    "unknown",
    "A",
    "a statement that no rule recognises",
    reason="Nothing proves it harmless.",
    instead="write it in a known form, or allow it with a reason",
)
NOT_RUNNABLE = FAMILY.rule(
    "not-runnable",
    "A",
    "a script that the migration engine refuses to run",
    reason="Lint and engine read a script in the same way; the deployment would stop here.",
    instead="as the message says",
    waivable=False,
)
RUNS_LATER = FAMILY.rule(
    "runs-later",
    "W",
    "the body of a new procedure, view or function does what would be refused in a script",
    reason="Nothing happens until it is called; a script of the same release that calls it is refused.",
    instead="see that nothing calls it before the running version is gone",
    contract=WARNING,
    in_body=AS_IS,
)
"""One finding for each body: it stands for all that were found in it (linter.py)."""


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
