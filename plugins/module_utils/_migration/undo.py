# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The undo phase: what an expand phase added is taken away again, the last first. Private to this collection.

`undo/NNN_x.sql` undoes `expand/NNN_x.sql`. It is refused beyond the rollback horizon, and unless it is certain that
nothing runs the release or a newer one.
"""

from __future__ import annotations

from .._names import same
from .._scripts.journal import Entry, State
from .._scripts.phases import PHASES, Due, named
from . import users
from .context import Context
from .errors import MigrationError
from .journal import Record, undone
from .plan import Plan


def run(context: Context) -> None:
    """Plan from the journal; then undo script by script."""
    request, report = context.request, context.report
    if request.release is None:
        raise MigrationError("The phase undo expects release: say which release's scripts are to be undone.")
    taken_back = named(request.phase.undoes)
    files = {file.name: file for file in context.files(request.phase)}
    with context.opened():
        todo = [
            entry
            for entry in context.entries(taken_back).values()
            if entry.done and same(entry.release, request.release)
        ]
        todo.sort(key=lambda entry: entry.id, reverse=True)
        report.already_applied = len(todo)
        report.last_applied = todo[0].script if todo else None
        if not todo:
            return
        without = [entry.script for entry in reversed(todo) if entry.script not in files]
        if without:
            raise MigrationError(
                f"The release {request.release} cannot be undone: there is no undo script for {', '.join(without)} "
                f"({request.phase}/{without[0]} is expected). Nothing was undone."
            )
        users.refuse_undo(context, request.release)
        plan = Plan([files[entry.script] for entry in todo], begun=_begun(context))
        for file in plan.todo:
            context.refuse_unguarded(plan, context.prepare(file))
        report.changed = True
        if request.check_mode:
            return
        declared = _declared(context, request.release)
        with context.writing() as runner:
            for number, (file, entry) in enumerate(zip(plan.todo, todo), 1):
                context.announce(number, len(todo), file)
                also = [undone(entry)]
                if number == len(todo):
                    also += declared
                report.applied.append(context.apply(runner, plan, context.script(file), also))
                report.changed = True


def _begun(context: Context) -> dict[str, Entry]:
    """Undo scripts without a transaction that an earlier run began and did not end."""
    return {name: entry for name, entry in context.entries(context.request.phase).items() if entry.unfinished}


def _declared(context: Context, release: str) -> list[Record]:
    """The later scripts of the release: nothing waits for them any more."""
    return [
        undone(entry)
        for phase in PHASES
        if phase.due in (Due.AFTER_EXPAND, Due.UNUSED)
        for entry in context.entries(phase).values()
        if same(entry.release, release) and entry.state is not State.UNDONE
    ]
