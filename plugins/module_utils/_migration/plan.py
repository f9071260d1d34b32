# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a phase would do: scripts on disk against the journal. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._ledger.model import timestamp
from .._names import identity
from .._scripts.find import ScriptFile
from .._scripts.journal import Entry
from .._scripts.names import order
from .errors import MigrationError


@dataclass
class Plan:
    """The scripts that are to run, in order, and what was noticed on the way."""

    todo: list[ScriptFile] = field(default_factory=list)
    done: int = 0
    missing: list[str] = field(default_factory=list)
    """Applied once, but no longer among the scripts."""
    out_of_order: list[str] = field(default_factory=list)
    """To be run although a later script was applied already."""
    begun: dict[str, Entry] = field(default_factory=dict)
    """To be run again: an earlier run began them and did not come to their end."""


def compare(files: Sequence[ScriptFile], entries: Mapping[str, Entry], out_of_order: str) -> Plan:
    """The plan of a phase. A script that was applied and has changed since, or was renamed, is never passed over."""
    plan = Plan()
    last_done: ScriptFile | None = None
    for file in files:
        entry = entries.get(file.name)
        if entry is not None and entry.done:
            if entry.checksum != file.checksum:
                raise MigrationError(_changed(file, entry))
            plan.done += 1
            last_done = file
            continue
        plan.todo.append(file)
        if entry is not None and entry.unfinished:
            plan.begun[file.name] = entry
    _refuse_renamed(plan.todo, files, entries)
    names = {file.name for file in files}
    plan.missing = sorted((name for name, entry in entries.items() if entry.done and name not in names), key=order)
    if last_done is not None:
        plan.out_of_order = [
            file.name for file in plan.todo if order(file.name) < order(last_done.name) and file.name not in plan.begun
        ]
    if plan.out_of_order and out_of_order == "refuse" and last_done is not None:
        raise MigrationError(
            f"{files[0].phase}/{plan.out_of_order[0]} was not applied, but {last_done.label}, which comes after it, "
            "was: give it a later number, or set out_of_order: allow. Nothing was applied."
        )
    return plan


def _refuse_renamed(todo: Sequence[ScriptFile], files: Sequence[ScriptFile], entries: Mapping[str, Entry]) -> None:
    """A script of another name that was applied before would run a second time."""
    names = {file.name for file in files}
    gone = {name: entry for name, entry in entries.items() if name not in names and (entry.done or entry.unfinished)}
    by_identity = {identity(name): name for name in gone}
    by_checksum = {entry.checksum: name for name, entry in gone.items()}
    for file in todo:
        if file.name in entries:
            continue
        before = by_identity.get(identity(file.name))
        how = "differs in letter case or Unicode form only"
        if before is None:
            before = by_checksum.get(file.checksum)
            how = "has the same text"
        if before is not None:
            entry = gone[before]
            raise MigrationError(
                f"{file.label} is not in the journal, but {before}, which {how}, is {entry.state} since "
                f"{timestamp(entry.written_at)} and is missing here: it would run again. Give the script its former "
                "name back, or change the text of one that is meant to run. Nothing was applied."
            )


def _changed(file: ScriptFile, entry: Entry) -> str:
    return (
        f"{file.label} was applied at {timestamp(entry.written_at)} with checksum {entry.checksum}, and is now another "
        f"script, with checksum {file.checksum}: put the change into a new script with a name that was never used, or, "
        "if the difference is meant and harmless, accept it with action: repair. Nothing was applied."
    )
