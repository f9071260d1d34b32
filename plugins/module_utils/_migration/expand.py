# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expand phase: what the new release needs, added so that the running one does not notice.

Private to this collection.
"""

from __future__ import annotations

from .apply import Applied, Runner
from .context import Context
from .errors import MigrationError
from .journal import Record
from .plan import Plan, compare
from .scripts import Script, ScriptFile, find_scripts, load


def run(context: Context) -> None:
    """Plan; then apply script by script."""
    request, report = context.request, context.report
    files = find_scripts(request.path, "expand")
    with context.opened():
        entries = context.entries("expand")
        plan = compare(files, entries, request.out_of_order)
        report.already_applied = plan.done
        report.last_applied = next((name for name, entry in reversed(entries.items()) if entry.done), None)
        report.missing, report.out_of_order = plan.missing, plan.out_of_order
        for file in plan.todo:
            _refuse_unguarded(plan, context.prepare(file))
        new_release = request.release is not None and request.release not in context.releases()
        unseen = _unseen_contract(context)
        report.changed = bool(plan.todo or new_release or unseen)
        if request.check_mode or not report.changed:
            return
        report.changed = False
        runner = context.runner()
        try:
            if new_release and request.release is not None:
                context.journal.add_release(context.connection, request.release)
                report.changed = True
            if unseen:
                context.journal.write(context.connection, unseen)
                report.changed = True
            for number, file in enumerate(plan.todo, 1):
                context.announce(number, len(plan.todo), file)
                report.applied.append(_apply(context, runner, plan, file))
                report.changed = True
        finally:
            runner.close()


def _apply(context: Context, runner: Runner, plan: Plan, file: ScriptFile) -> Applied:
    script = load(file, context.request.variables)
    if script.header.no_transaction:
        return runner.run_alone(script, plan.begun.get(file.name))
    return runner.run(script)


def _refuse_unguarded(plan: Plan, script: Script) -> None:
    begun = plan.begun.get(script.file.name)
    if begun is not None and script.header.no_transaction and not script.guarded:
        raise MigrationError(
            f"{script.file.label} was begun at {begun.written_at:%Y-%m-%dT%H:%M:%SZ} without a transaction and did not "
            "come to its end: look at what it did; then either begin it with IF, so that it can run again, or accept it "
            "as done with action: repair. Nothing was applied."
        )
    if script.header.batch_rows is not None:
        raise MigrationError(
            f"{script.file.label} has the header of a backfill (-- migrate: batch): move it to the backfill phase. "
            "Nothing was applied."
        )


def _unseen_contract(context: Context) -> list[Record]:
    """The contract scripts that this release brings: noted now, so that it is known since which release they wait."""
    if context.request.release is None:
        return []
    known = context.entries("contract")
    return [
        Record(file, "waiting", release=load(file, context.request.variables).header.release)
        for file in find_scripts(context.request.path, "contract")
        if file.name not in known
    ]
