# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases that go forward with a release: expand, backfill, and any other that only adds or fills.

What differs between them is the phase's policy. Private to this collection.
"""

from __future__ import annotations

from .._names import same
from .._scripts.journal import State
from .._scripts.phases import PHASES, Due
from . import users
from .backfill import Backfill
from .context import Context
from .journal import Record
from .plan import compare


def run(context: Context) -> None:
    """Plan; then apply script by script."""
    request, report, phase = context.request, context.report, context.request.phase
    files = context.files(phase)
    with context.opened():
        users.refuse_beyond_horizon(context)
        entries = context.entries(phase)
        plan = compare(files, entries, request.out_of_order)
        context.note(plan, entries)
        for file in plan.todo:
            context.refuse_unguarded(plan, context.prepare(file))
        brings = phase.defines and request.release is not None
        new_release = brings and not any(same(request.release, one) for one in context.releases())
        declared = _declared(context) if brings else []
        report.changed = bool(plan.todo or declared or new_release)
        if request.check_mode or not report.changed:
            return
        with context.writing() as runner:
            if declared:
                context.journal.write(context.connection, declared)
                report.changed = True
            for number, file in enumerate(plan.todo, 1):
                context.announce(number, len(plan.todo), file)
                script = context.script(file)
                if script.header.batch_rows is not None:
                    Backfill(context, runner, script).run(plan.begun.get(file.name))
                else:
                    report.applied.append(context.apply(runner, plan, script))
                report.changed = True
            if new_release and request.release is not None:
                context.journal.add_release(context.connection, request.release)
                report.changed = True


def _declared(context: Context) -> list[Record]:
    """The later scripts that this release brings, noted now.

    So it is known since which release a contract script waits, and that a backfill is declared and not complete.
    """
    found: list[Record] = []
    for phase in PHASES:
        if phase.due in (Due.AFTER_EXPAND, Due.UNUSED):
            known = context.entries(phase)
            found += [
                Record(file, State.WAITING, release=context.declared_release(file))
                for file in context.files(phase)
                if file.name not in known or known[file.name].state is State.UNDONE
            ]
    return found
