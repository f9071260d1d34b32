# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user sets for lint. Private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field

MODULES = ("versioned", "in_place")
"""versioned: the code of an existing module is not changed. in_place: it is, where its callers notice nothing."""


@dataclass
class Options:
    """How to check, and what is known of the server."""

    phase: str = "expand"
    edition: str = ""
    """standard, enterprise, developer, express, web, azure; empty where it is not known."""
    version: int = 0
    """SQL Server's major version: 13 is 2016, 15 is 2019, 16 is 2022, 17 is 2025; 0 where it is not known."""
    severities: dict[str, str] = field(default_factory=dict)
    """By rule: error, warning, note or off."""
    max_rows: int | None = None
    """In contract and undo, rules about locks are errors for tables of more rows than this."""
    advice: bool = True
    modules: str = ""
    """One of MODULES; empty where nothing was stated: then that of release.yml, or the first one."""
