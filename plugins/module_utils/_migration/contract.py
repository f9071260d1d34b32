# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract phase: what no running version needs any more is removed. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping

from .._scripts.journal import Entry, State
from . import gating
from .context import Context
from .journal import Record
from .plan import Plan, compare


def run(context: Context) -> None:
    """Plan which scripts are due, and say of the others why they are not; then apply those that are."""
    request, report = context.request, context.report
    files = context.files(request.phase)
    with context.opened():
        entries = context.entries(request.phase)
        plan = compare(files, entries, "allow")
        context.note(plan, entries)
        report.out_of_order = []
        field = gating.read_field(context) if plan.todo else gating.Field(context.releases())
        due = Plan(begun=plan.begun)
        unseen: list[Record] = []
        for file in plan.todo:
            script = context.prepare(file)
            context.refuse_unguarded(plan, script)
            entry = entries.get(file.name)
            origin = script.header.release or (entry.release if entry else None) or request.release
            reason = gating.why_not(field, origin, request.contract_after)
            if reason is None:
                due.todo.append(file)
                continue
            report.planned.pop()
            if report.sql:
                report.sql.pop()
            report.waiting.append({"script": file.name, "release": origin, "reason": reason})
            if entry is None and origin is not None:
                unseen.append(Record(file, State.WAITING, release=origin))
        report.waiting += _not_here(entries, {file.name for file in files})
        report.changed = bool(due.todo or unseen)
        if request.check_mode or not report.changed:
            return
        with context.writing() as runner:
            if unseen:
                context.journal.write(context.connection, unseen)
                report.changed = True
            for file in due.todo:
                context.origins[file.name] = _origin(entries, file.name)
            context.apply_all(runner, due)


def _origin(entries: Mapping[str, Entry], name: str) -> str | None:
    entry = entries.get(name)
    return entry.release if entry else None


def _not_here(entries: Mapping[str, Entry], names: set[str]) -> list[dict[str, str | None]]:
    return [
        {"script": entry.script, "release": entry.release, "reason": "it waits, but it is not among these scripts"}
        for entry in entries.values()
        if entry.state is State.WAITING and entry.script not in names
    ]
