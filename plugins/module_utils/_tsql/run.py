# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the linter over a path: what the module and the command line have in common. Private to the collection."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._release.manifest import Manifest, is_release, read_manifest
from .findings import PHASES, SEVERITIES, Report
from .linter import Linter
from .live import LiveSchema
from .options import Options
from .rules import RULES
from .sources import Source, SourceError, find_sources
from .statements import Name
from .usage import Usage, versioned_objects

EDITIONS = ("standard", "enterprise", "developer", "express", "web", "azure")
VERSIONS = {"2016": 13, "2017": 14, "2019": 15, "2022": 16, "2025": 17}


@dataclass
class Request:
    """What to check, and how."""

    paths: Sequence[str]
    phase: str = ""
    """Empty: as the directories say."""
    supported: Sequence[str] = ()
    """The other releases that may still run: directories with a release.yml or that file, the oldest first."""
    variables: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)


def check_severities(severities: Mapping[str, str]) -> None:
    """Refuse a rule or a severity that does not exist."""
    for rule, severity in severities.items():
        if rule not in RULES:
            raise SourceError(f"There is no rule {rule}; docs/lint.md lists them.")
        if severity not in SEVERITIES:
            raise SourceError(f"The severity of {rule} is {severity}; expected is error, warning, note or off.")


def run(request: Request, live: LiveSchema | None = None) -> Report:
    """Check all scripts of the request. Raises SourceError and ReleaseError."""
    check_severities(request.options.severities)
    sources: list[Source] = []
    for path in request.paths:
        sources += find_sources(path, request.phase, request.variables)
    releases = [read_manifest(Path(path)) for path in request.supported]
    own = [read_manifest(path) for path in map(Path, request.paths) if is_release(path)]
    total = Report(live=live is not None)
    made: list[Name] = []
    linter = Linter(request.options, live)
    for phase in PHASES:
        if phase in ("contract", "undo"):
            # these run long after: what expand has made is used by then
            _merge(total, linter.result)
            linter = Linter(request.options, live)
        linter.options = replace(request.options, phase=phase)
        for source in sources:
            if source.phase == phase:
                _check(linter, source, phase, releases, own, made)
    _merge(total, linter.result)
    total.objects = versioned_objects([*releases, *own], made, live)
    return total


def _check(
    linter: Linter, source: Source, phase: str, releases: list[Manifest], own: list[Manifest], made: list[Name]
) -> None:
    if source.failure is not None:
        linter.refuse(source.file, source.failure)
        return
    if linter.live is not None and source.checksum in linter.live.applied.get(
        (phase, os.path.basename(source.file)), ()
    ):
        linter.remember(source.file, source.text)
        linter.result.applied.append(source.file)
        return
    linter.usage = Usage(releases, own)
    linter.check(source.file, source.text)
    if phase != "expand":
        return
    for unit in linter.script.units:
        statement = unit.statement
        if statement.kind.startswith("CREATE ") and statement.name is not None and statement.kind != "CREATE INDEX":
            made.append(statement.name)


def _merge(total: Report, one: Report) -> None:
    total.findings += one.findings
    total.waived += one.waived
    total.waivers += one.waivers
    total.files += one.files
    total.applied += one.applied
    total.statements += one.statements
