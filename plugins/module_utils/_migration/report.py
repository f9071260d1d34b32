# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a task, and its result. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .._mssql.api import Connector
from .._scripts.phases import Phase
from .apply import Applied


@dataclass(frozen=True)
class Request:
    """The options of a task."""

    app: str
    phase: Phase
    path: str
    release: str | None = None
    run_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    """What scripts without a byte order mark are in; empty: as release.yml says, or UTF-8."""
    out_of_order: str = "refuse"
    retries: int = 10
    contract_after: int = 1
    veto_programs: Sequence[str] = ()
    throttle_query: str | None = None
    ledger: Connector | None = None
    """Where the ledger is, when it is not in the migrated database."""
    scripts: Sequence[str] = ()
    baseline_to: str | None = None
    adopt_from: str | None = None
    adopt_table: str | None = None
    migration_lock_timeout_s: float = 30.0
    holder: str = ""
    check_mode: bool = False
    want_sql: bool = False


@dataclass
class Report:
    """What was planned and what was done; complete also when the task fails half-way."""

    request: Request
    planned: list[dict[str, Any]] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    already_applied: int = 0
    missing: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    journalled: list[str] = field(default_factory=list)
    """Written into the journal without being run."""
    unmatched: list[str] = field(default_factory=list)
    """Entries of another tool's journal that are no script of this phase."""
    sql: list[tuple[str, str]] = field(default_factory=list)
    changed: bool = False
    waited_ms: int = 0
    last_applied: str | None = None

    def public(self) -> dict[str, Any]:
        """The task's result."""
        totals = {
            "scripts": len(self.applied),
            "batches": sum(applied.batches for applied in self.applied),
            "rows": sum(applied.rows for applied in self.applied),
            "duration_ms": sum(applied.duration_ms for applied in self.applied),
            "retries": sum(applied.retries for applied in self.applied),
        }
        result: dict[str, Any] = {
            "changed": self.changed,
            "phase": self.request.phase.name,
            "planned": self.planned,
            "applied": [asdict(applied) for applied in self.applied],
            "totals": totals,
            "missing": self.missing,
            "out_of_order": self.out_of_order,
            "waiting": self.waiting,
            "journalled": self.journalled,
            "unmatched": self.unmatched,
            "waited_ms": self.waited_ms,
            "previous_state": {"applied": self.already_applied, "last_script": self.last_applied},
        }
        if self.sql:
            result["diff"] = [
                {"before_header": label, "after_header": label, "before": "", "after": text} for label, text in self.sql
            ]
        return result
