# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The undo phase: what an expand phase added is taken away again, the last first. Private to this collection.

`undo/NNN_x.sql` undoes `expand/NNN_x.sql`. It is refused beyond the rollback horizon, and while a node runs the release.
"""

from __future__ import annotations

from .._scripts.find import ScriptFile
from .._scripts.journal import Entry, State
from .._scripts.phases import BACKFILL, EXPAND
from . import gating
from .context import Context
from .errors import MigrationError
from .journal import Record


def run(context: Context) -> None:
    """Plan from the journal; then undo script by script."""
    request, report = context.request, context.report
    if request.release is None:
        raise MigrationError("The phase undo expects release: say which release's scripts are to be undone.")
    files = {file.name: file for file in context.files(request.phase)}
    with context.opened():
        todo = [entry for entry in context.entries(EXPAND).values() if entry.done and entry.release == request.release]
        todo.sort(key=lambda entry: entry.id, reverse=True)
        report.already_applied = len(todo)
        report.last_applied = todo[0].script if todo else None
        if not todo:
            return
        without = [entry.script for entry in reversed(todo) if entry.script not in files]
        if without:
            raise MigrationError(
                f"The release {request.release} cannot be undone: there is no undo script for {', '.join(without)} "
                f"(undo/{without[0]} is expected). Nothing was undone."
            )
        gating.refuse_undo(context, request.release)
        for entry in todo:
            context.prepare(files[entry.script])
        report.changed = True
        if request.check_mode:
            return
        backfills = [
            _undone(ScriptFile(BACKFILL, entry.script, "", entry.checksum), entry)
            for entry in context.entries(BACKFILL).values()
            if entry.release == request.release and entry.state is not State.UNDONE
        ]
        with context.writing() as runner:
            for number, entry in enumerate(todo, 1):
                file = files[entry.script]
                context.announce(number, len(todo), file)
                script = context.script(file)
                also = [_undone(ScriptFile(EXPAND, entry.script, "", entry.checksum), entry)]
                if number == len(todo):
                    also += backfills
                if script.header.no_transaction:
                    applied = runner.run_alone(script, None, also)
                else:
                    applied = runner.run(script, also)
                report.applied.append(applied)
                report.changed = True


def _undone(file: ScriptFile, entry: Entry) -> Record:
    return Record(file, State.UNDONE, release=entry.release)
