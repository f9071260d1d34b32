# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint's answer beside what the former release meets: a yes must mean that it meets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyodbc
from integration.mssql.server import Database

from .case import Case, Outcome
from .oracle import Trial


@dataclass(frozen=True)
class Truth:
    case: Case
    outcome: Outcome
    errors: dict[str, tuple[str, ...]]
    """What lint refuses, by what it knew: the text alone, or the live schema too. Empty is a yes."""

    @property
    def wrong_yes(self) -> list[str]:
        """What lint said yes with, although the former release breaks."""
        return [] if self.outcome.harmless else [knew for knew, errors in self.errors.items() if not errors]

    @property
    def wrong_no(self) -> list[str]:
        """What lint refused with, although the former release met nothing."""
        return [knew for knew, errors in self.errors.items() if errors] if self._harmless else []

    @property
    def _harmless(self) -> bool:
        return self.outcome.ran and self.outcome.harmless

    def __str__(self) -> str:
        if not self.outcome.ran:
            return f"{self.case.ident}: not run: {self.outcome.message}"
        said = "; ".join(f"{knew}: {', '.join(errors) or 'passes'}" for knew, errors in self.errors.items())
        met = self.outcome.broken[:3] or [f"{self.outcome.most_rows} rows in one transaction"]
        scripts = "\n".join(f"-- {script.phase}\n{script.text}" for script in self.case.scripts)
        return f"{self.case.ident}\nlint: {said}\nthe former release: {' | '.join(met)}\n{scripts}"


def find_truth(case: Case, database: Database, directory: Path) -> Truth:
    """Asks lint about the whole release first, as preflight does, and then runs it.

    What an earlier release made is known from the live schema only, so lint is not asked without it there.
    """
    trial = Trial(case, database, directory)
    try:
        trial.prepare()
    except pyodbc.Error as error:
        return Truth(case, Outcome(ran=False, message=f"the former schema: {error.args[-1]}"), {})
    release = directory.with_name(f"{directory.name}-release")
    for number, script in enumerate((*case.earlier, *case.scripts), start=1):
        file = release / script.phase / f"{number:04}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(trial.named(script.text) + "\n", encoding="utf-8")
    asked = {"live": database} if case.earlier else {"text": Database({}, database.app), "live": database}
    phases = list(dict.fromkeys(script.phase for script in case.scripts))
    errors = {knew: _refusals(release, phases, of, case.heeded) for knew, of in asked.items()}
    return Truth(case, trial.run(), errors)


def _refusals(release: Path, phases: Sequence[str], database: Database, heeded: Sequence[str]) -> tuple[str, ...]:
    """The rules that refuse a phase of the release, in their order."""
    found: set[str] = set()
    for phase in phases:
        result = database.module("mssql_migration_lint", path=str(release), phase=phase, fail=False)
        assert not result.get("failed"), result
        found |= {one["rule"] for one in result["findings"] if one["severity"] in heeded}
    return tuple(sorted(found))
