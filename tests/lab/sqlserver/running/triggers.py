# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AFTER triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.catalog import ObjectInfo, TriggerInfo
from ..errors import SqlError
from ..frame import Frame, ReturnSignal, TriggerContext, check_nesting
from ..parser import nodes as n
from . import batch, options

if TYPE_CHECKING:
    from ..session import Session

_CAPTURED = ("insert_i", "update_i", "update_d", "delete_d")


def fire(
    s: Session,
    triggers: list[TriggerInfo],
    info: ObjectInfo,
    events: tuple[str, ...],
    updated: frozenset[str],
    frame: Frame,
    count: int,
) -> None:
    """Run the triggers of one statement. `count` rows changed; `updated` are the columns that an UPDATE sets."""
    check_nesting(frame.level + 1)
    captured = _take_captured(s)
    kept_count, kept_identity = s.rowcount, s.last_identity
    for event in events:
        inserted = captured.get(f"{event.lower()}_i", "")
        deleted = captured.get(f"{event.lower()}_d", "")
        if len(events) > 1 and not inserted and not deleted:
            continue
        columns = updated if event == "UPDATE" else frozenset(info.by_name)
        context = TriggerContext(info, event, inserted, deleted, columns)
        for trigger in triggers:
            # RECURSIVE_TRIGGERS is off: a trigger is not fired by its own changes
            if event in trigger.events and frame.procedure_id != trigger.object_id:
                s.rowcount = count
                _run(s, trigger, context, frame)
    s.rowcount, s.last_identity = kept_count, kept_identity


def _take_captured(s: Session) -> dict[str, str]:
    """The rows that PostgreSQL's triggers have captured for this statement; nested statements capture their own."""
    row = s.backend.query("SELECT " + ", ".join(f"current_setting('lab.{k}', true)" for k in _CAPTURED)).rows[0]
    s.backend.query("SELECT " + ", ".join(f"set_config('lab.{k}', '', false)" for k in _CAPTURED))
    return {k: (v or b"").decode() for k, v in zip(_CAPTURED, row)}


def _run(s: Session, trigger: TriggerInfo, context: TriggerContext, frame: Frame) -> None:
    inner = Frame(trigger.definition, frame, trigger.name, trigger.object_id, context.table.schema)
    inner.trigger = context
    module = s.server.parse(trigger.definition, True)[0]
    assert isinstance(module, n.Module)
    autocommit = s.tran.count == 0
    if autocommit:
        s.tran.count = 1
    kept = s.settings.copy()
    s.settings.xact_abort = True  # SQL Server sets it in triggers
    s.out.in_proc += 1
    try:
        batch.run_all(s, module.body, inner)
    except ReturnSignal:
        pass
    finally:
        s.out.in_proc -= 1
        options.restore(s, kept)
        batch.end_frame(s, inner)
        if autocommit and s.tran.count == 1:
            s.tran.count = 0
    if not s.backend.in_transaction:
        raise SqlError(3609, "The transaction ended in the trigger. The batch has been aborted.", aborts="batch")
