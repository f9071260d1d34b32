# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about waivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..findings import WARNING
from .family import Context, Family

if TYPE_CHECKING:
    from ..waivers import Waivers

FAMILY = Family()

WAIVER = FAMILY.rule(
    "waiver",
    "A",
    "a waiver that cannot hold",
    reason="It names no rule, or gives no reason.",
    instead="-- lint: allow <rule-id> <reason>",
    waivable=False,
)
STALE_WAIVER = FAMILY.rule(
    "stale-waiver",
    "W",
    "a waiver that waives nothing",
    reason="It would hide a later mistake.",
    instead="delete it",
    contract=WARNING,
    waivable=False,
)


@FAMILY.after_waivers
def invalid(context: Context, waivers: Waivers) -> None:
    for offset, message in waivers.invalid:
        context.report_at(offset, WAIVER, message)


@FAMILY.after_waivers
def stale(context: Context, waivers: Waivers) -> None:
    for waiver in waivers.stale:
        context.report_at(
            context.script.lines.offset(waiver.line),
            STALE_WAIVER,
            f"the waiver for {waiver.rule} covers nothing: no such finding in the statement behind it",
        )
