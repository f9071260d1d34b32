# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what other releases use."""

from __future__ import annotations

from .family import Family

FAMILY = Family()

RELEASE_USES = FAMILY.rule(
    "release-uses",
    "A",
    "something is removed or changed that a supported release uses",
    reason="That release fails as soon as the script has run.",
    instead="wait until no supported release uses it",
)
