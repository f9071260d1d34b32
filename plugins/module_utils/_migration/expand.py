# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expand phase: what the new release needs, added so that the running one does not notice.

Private to this collection.
"""

from __future__ import annotations

from .._scripts.journal import State
from .._scripts.phases import CONTRACT
from .context import Context
from .journal import Record
from .loading import load
from .plan import compare


def run(context: Context) -> None:
    """Plan; then apply script by script."""
    request, report = context.request, context.report
    files = context.files(request.phase)
    with context.opened():
        entries = context.entries(request.phase)
        plan = compare(files, entries, request.out_of_order)
        context.note(plan, entries)
        for file in plan.todo:
            script = context.prepare(file)
            context.refuse_unguarded(plan, script)
        new_release = request.release is not None and request.release not in context.releases()
        unseen = _unseen_contract(context)
        report.changed = bool(plan.todo or new_release or unseen)
        if request.check_mode or not report.changed:
            return
        with context.writing() as runner:
            if new_release and request.release is not None:
                context.journal.add_release(context.connection, request.release)
                report.changed = True
            if unseen:
                context.journal.write(context.connection, unseen)
                report.changed = True
            context.apply_all(runner, plan)


def _unseen_contract(context: Context) -> list[Record]:
    """The contract scripts that this release brings: noted now, so that it is known since which release they wait."""
    if context.request.release is None:
        return []
    known = context.entries(CONTRACT)
    return [
        Record(file, State.WAITING, release=load(file, context.request.variables).header.release)
        for file in context.files(CONTRACT)
        if file.name not in known
    ]
