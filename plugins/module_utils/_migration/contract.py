# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract phase: what no running version needs any more is removed. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._scripts.journal import Entry, State
from . import users
from .context import Context
from .journal import Record
from .plan import Plan, compare
from .users import DatabaseUsers


def run(context: Context) -> None:
    """Plan which scripts are due, and say of the others why they are not; then apply those that are."""
    request, report = context.request, context.report
    files = context.files(request.phase)
    with context.opened():
        entries = context.entries(request.phase)
        plan = compare(files, entries, "allow")
        context.note(plan, entries)
        report.out_of_order = []
        elsewhere = _elsewhere(entries, {file.name for file in files})
        known = users.read_users(context) if plan.todo or elsewhere else DatabaseUsers()
        due = Plan(begun=plan.begun)
        unseen: list[Record] = []
        for file in plan.todo:
            script = context.prepare(file)
            context.refuse_unguarded(plan, script)
            entry = entries.get(file.name)
            origin = script.header.release or (entry.release if entry else None) or request.release
            reason = users.why_not(known, origin, request.contract_after)
            if reason is None:
                due.todo.append(file)
                context.origins[file.name] = origin
                continue
            context.leave(file)
            report.waiting.append({"script": file.name, "release": origin, "reason": reason})
            if entry is None and origin is not None:
                unseen.append(Record(file, State.WAITING, release=origin))
        report.waiting += [_waiting_elsewhere(entry, known, request.contract_after) for entry in elsewhere]
        report.changed = bool(due.todo or unseen)
        if request.check_mode or not report.changed:
            return
        with context.writing() as runner:
            if unseen:
                context.journal.write(context.connection, unseen)
                report.changed = True
            context.apply_all(runner, due)


def _elsewhere(entries: Mapping[str, Entry], names: set[str]) -> list[Entry]:
    return [entry for entry in entries.values() if entry.state is State.WAITING and entry.script not in names]


def _waiting_elsewhere(entry: Entry, known: DatabaseUsers, contract_after: int) -> dict[str, Any]:
    """A script that waits and is not in this release: what it waits for, or where to find it."""
    reason = users.why_not(known, entry.release, contract_after)
    if reason is None:
        reason = f"it is due, but not among these scripts: run the contract phase with the scripts of {entry.release}"
    return {"script": entry.script, "release": entry.release, "reason": reason}
