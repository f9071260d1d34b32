# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the linter over a path: what the module and the command line have in common. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._names import same
from .._release.errors import ReleaseError
from .._release.manifest import Manifest, is_release, read_manifest
from .._scripts.errors import PathError
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry
from .._scripts.phases import PHASES, Phase, named
from .._scripts.reader import Script, read_script
from .findings import SEVERITIES, Report
from .linter import Linter
from .live import LiveSchema
from .options import MODULES, Options
from .rules import RULES
from .sources import SourceError, find_sources
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
    encoding: str = ""
    """What scripts without a byte order mark are in; empty: as release.yml says, or UTF-8."""


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
    scripts: list[Script] = []
    earlier_phases: list[Script] = []
    wanted = named(request.phase) if request.phase else None
    try:
        for path in request.paths:
            scripts += [read_script(file, request.variables) for file in find_sources(path, wanted, request.encoding)]
            before = [phase for phase in PHASES if wanted is not None and wanted.strict and phase.order < wanted.order]
            for phase in before if Path(path).is_dir() else ():
                earlier_phases += [read_script(file, request.variables) for file in _if_any(path, phase, request)]
    except PathError as error:
        raise SourceError(str(error)) from None
    releases = [read_manifest(Path(path)) for path in request.supported]
    own = [read_manifest(path) for path in map(Path, request.paths) if is_release(path)]
    earlier = _earlier(request.supported)
    total = Report(live=live is not None)
    made: list[Name] = []
    options = replace(request.options, modules=_modules(request.options.modules, own))
    linter = Linter(options, live)
    for phase in PHASES:
        if not phase.strict:
            # these run long after: what expand has made is used by then
            _merge(total, linter.result)
            linter = Linter(options, live)
        linter.options = replace(options, phase=phase.name)
        for script in earlier_phases:
            if script.file.phase is phase and script.readable:
                _learn(linter, script, own, earlier)
        for script in scripts:
            if script.file.phase is phase:
                _check(linter, script, releases, own, made, earlier)
    _merge(total, linter.result)
    total.objects = versioned_objects([*releases, *own], made, live)
    total.silent = [_silence(manifest) for manifest in own if manifest.uses is None and scripts]
    return total


def _silence(manifest: Manifest) -> str:
    return (
        f"Release {manifest.label} does not say what it uses: once it is a supported release, every script that "
        "removes or changes something older is refused. List in its release.yml under 'uses' what it uses of the "
        "database, or say 'uses: []' where that is nothing."
    )


def _modules(option: str, own: Sequence[Manifest]) -> str:
    """The policy for existing modules: that of the option, or that of the releases, which must not differ."""
    for manifest in own:
        if option and manifest.modules and manifest.modules != option:
            raise SourceError(
                f"{manifest.file} states modules: {manifest.modules}, the option says {option}: leave the option out."
            )
    found = {manifest.modules or option or MODULES[0] for manifest in own} or {option or MODULES[0]}
    if len(found) > 1:
        raise SourceError("The releases do not state the same for modules: lint them one by one.")
    return found.pop()


def _check(
    linter: Linter,
    script: Script,
    releases: list[Manifest],
    own: list[Manifest],
    made: list[Name],
    earlier: set[tuple[Phase, str, str]],
) -> None:
    file = script.file
    if not script.readable:
        linter.refuse(file.path, script.problems[0])
        return
    entry = _applied(linter.live, script)
    if entry is not None or (file.phase, file.name, file.checksum) in earlier:
        if entry is not None and _is_own(linter.live, entry, own):
            linter.remember(file.path, script.text)
        linter.result.applied.append(file.path)
        return
    linter.usage = Usage(releases, own)
    linter.check(file.path, script.text, script.problems)
    if not file.phase.defines:
        return
    for unit in linter.script.units:
        statement = unit.statement
        if statement.kind.startswith("CREATE ") and statement.name is not None and statement.kind != "CREATE INDEX":
            made.append(statement.name)


def _if_any(path: str, phase: Phase, request: Request) -> list[ScriptFile]:
    """The scripts of a phase; none where a path holds only those of another one."""
    if not is_release(Path(path)) and not (Path(path) / phase.name).is_dir():
        return []
    files = find_sources(path, phase, request.encoding)
    return [file for file in files if file.phase is phase]


def _learn(linter: Linter, script: Script, own: list[Manifest], earlier: set[tuple[Phase, str, str]]) -> None:
    """What a script of an earlier phase of the same release creates, which runs before those that are checked."""
    file = script.file
    entry = _applied(linter.live, script)
    if entry is not None:
        if _is_own(linter.live, entry, own):
            linter.remember(file.path, script.text)
    elif (file.phase, file.name, file.checksum) not in earlier:
        linter.learn(file.path, script.text)


def _applied(live: LiveSchema | None, script: Script) -> Entry | None:
    """The journal's entry of a script that was applied as it is now."""
    for entry in live.applied if live is not None else ():
        if (entry.phase, entry.script, entry.checksum) == (
            script.file.phase.name,
            script.file.name,
            script.file.checksum,
        ):
            return entry
    return None


def _is_own(live: LiveSchema | None, entry: Entry, own: list[Manifest]) -> bool:
    """Whether what an applied script created is still unknown to everything that runs.

    That is so when this release brought it, in a run that came to no node. What an earlier release created is used.
    """
    if live is None or live.running is None:
        return False
    mine = any(same(manifest.app, entry.app) and same(manifest.version, entry.release) for manifest in own)
    versions = {version for app, version in live.running if same(app, entry.app)}
    return mine and not any(not version or same(version, entry.release) for version in versions)


def _earlier(supported: Sequence[str]) -> set[tuple[Phase, str, str]]:
    """The scripts of supported releases, by phase, name and checksum: a cumulative directory holds them again."""
    found: set[tuple[Phase, str, str]] = set()
    for path in supported:
        try:
            files = find_sources(path, None) if is_release(Path(path)) else []
        except (SourceError, ReleaseError):
            continue  # kept as a list of what it uses, without its scripts
        identified = [read_script(file, {}).file for file in files]
        found |= {(file.phase, file.name, file.checksum) for file in identified}
    return found


def _merge(total: Report, one: Report) -> None:
    total.findings += one.findings
    total.waived += one.waived
    total.waivers += one.waivers
    total.files += one.files
    total.applied += one.applied
    total.statements += one.statements
