# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Afterwards: is every acknowledged write in the database, and none twice?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyodbc


@dataclass(frozen=True)
class Writes:
    acknowledged: int
    lost: list[str]
    duplicated: list[str]

    def to_json(self) -> dict[str, Any]:
        return {
            "acknowledged_writes": self.acknowledged,
            "lost_writes": len(self.lost),
            "duplicated_writes": len(self.duplicated),
            "lost_ids": self.lost[:20],
            "duplicated_ids": self.duplicated[:20],
        }


def compare(acknowledged: Iterable[str], stored: Iterable[str]) -> Writes:
    """A write that was never acknowledged may be there or not; one that is there twice is wrong in any case."""
    promised = set(acknowledged)
    found = Counter(stored)
    return Writes(
        acknowledged=len(promised),
        lost=sorted(promised - set(found)),
        duplicated=sorted(identity for identity, times in found.items() if times > 1),
    )


def stored_ids(connection_string: str, run: str) -> list[str]:
    connection = pyodbc.connect(connection_string, timeout=10, autocommit=True)
    try:
        rows = connection.cursor().execute("SELECT RequestId FROM dbo.Things").fetchall()
    finally:
        connection.close()
    return [row[0] for row in rows if row[0].startswith(f"{run}-")]
