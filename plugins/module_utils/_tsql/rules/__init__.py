# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules: the one list of the family files. Imports are static, so that a module carries every family with it."""

from __future__ import annotations

from . import (
    columns,
    constraints,
    data,
    drops,
    existing,
    indexes,
    locks,
    modules,
    own_tables,
    procedures,
    releases,
    renames,
    scripts,
    server,
    triggers,
    unreadable,
    waivers,
)
from .family import Family, Rule

FAMILIES: tuple[Family, ...] = (
    drops.FAMILY,
    renames.FAMILY,
    columns.FAMILY,
    constraints.FAMILY,
    indexes.FAMILY,
    modules.FAMILY,
    triggers.FAMILY,
    data.FAMILY,
    locks.FAMILY,
    scripts.FAMILY,
    procedures.FAMILY,
    unreadable.FAMILY,
    server.FAMILY,
    own_tables.FAMILY,
    existing.FAMILY,
    releases.FAMILY,
    waivers.FAMILY,
)
"""In the order in which the documentation lists them."""

RULES: dict[str, Rule] = {rule.id: rule for family in FAMILIES for rule in family.rules}
