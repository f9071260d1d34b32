# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a release could not be deployed or undone, as far as journal and scripts tell. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._ledger.model import timestamp
from .._ledger.order import ReleaseOrder
from .._names import same
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry
from .._scripts.phases import CONTRACT, PHASES, Phase, named
from . import users
from .errors import MigrationError
from .loading import load
from .plan import compare

Files = Mapping[Phase, Sequence[ScriptFile]]
Entries = Mapping[Phase, Mapping[str, Entry]]


def refusals(release: str | None, files: Files, entries: Entries, variables: Mapping[str, str]) -> list[str]:
    """Sentences; none when nothing is refused. No files: those of the release are not known."""
    return list(_refusals(release, files, entries, variables))


def _refusals(release: str | None, files: Files, entries: Entries, variables: Mapping[str, str]) -> Iterator[str]:
    order = ReleaseOrder()
    if release is not None:
        beyond = users.beyond_horizon(release, users.horizon(entries[CONTRACT], order), order)
        if beyond is not None:
            yield beyond
    for phase, found in files.items():
        yield from _unrunnable(phase, found, entries[phase], variables)
    for phase in PHASES:
        if files and phase.defines:
            yield from _unfinished(release, phase, files[phase], entries[phase])
        if phase.undoes:
            yield from _half_undone(phase, entries[phase])
            if files.get(phase):
                yield from _without_undo(release, phase, files, entries)


def _unrunnable(
    phase: Phase, files: Sequence[ScriptFile], entries: Mapping[str, Entry], variables: Mapping[str, str]
) -> Iterator[str]:
    """What the phase would refuse before it runs anything."""
    if not phase.undoes:  # an undo script runs again whenever its expand script did, as it is then
        try:
            compare(files, entries, "allow")
        except MigrationError as error:
            yield str(error)
    for file in files:
        entry = entries.get(file.name)
        if phase.undoes or entry is None or not entry.done:
            try:
                load(file, variables)
            except MigrationError as error:
                yield str(error)


def _unfinished(
    release: str | None, phase: Phase, files: Sequence[ScriptFile], entries: Mapping[str, Entry]
) -> Iterator[str]:
    """A script that was begun and never ended is run again by the release that has it, and by no other."""
    names = {file.name for file in files}
    for entry in entries.values():
        if entry.unfinished and entry.script not in names:
            yield (
                f"The {phase} script {entry.script} of {_named(entry.release)} was begun at "
                f"{timestamp(entry.written_at)} and did not end, and {_named(release)} does not have it: deploy the "
                "release that has it, or accept it with mssql_migration, action=repair."
            )


def _half_undone(phase: Phase, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Its expand script still counts as applied, although some of it is gone."""
    for entry in entries.values():
        if entry.unfinished:
            yield (
                f"The {phase} script {entry.script} of {_named(entry.release)} was begun at "
                f"{timestamp(entry.written_at)} and did not end, so {phase.undoes}/{entry.script} may be half undone: "
                f"run the phase {phase} of that release to its end first."
            )


def _without_undo(release: str | None, phase: Phase, files: Files, entries: Entries) -> Iterator[str]:
    """Undo takes back every expand script of a release or none; those that are still to run will be this release's."""
    undone = named(phase.undoes)
    known = entries[undone]
    if all(
        release is not None and same(entry.release, release) for found in entries.values() for entry in found.values()
    ):
        return  # the application's first release here: there is nothing to go back to
    pending = [file.name for file in files[undone] if file.name not in known or not known[file.name].done]
    applied = [name for name, entry in known.items() if entry.done and same(entry.release, release)]
    names = {file.name for file in files[phase]}
    without = [name for name in [*applied, *pending] if name not in names]
    if without:
        yield (
            f"The release {release or 'in this directory'} has {phase} scripts, but none for {', '.join(without)}, so "
            f"it could not be undone: add {phase}/{without[0]}, or leave the {phase} scripts out."
        )


def _named(release: str | None) -> str:
    return release if release is not None else "an unknown release"
