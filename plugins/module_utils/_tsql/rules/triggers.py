# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about triggers."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import ERROR, WARNING, Advice
from ..statements import Name, plain
from .family import AS_IS, Context, Family
from .filling import only_fills_new_columns, returns_output
from .server import DATABASE
from .wording import full

FAMILY = Family()

TRIGGER_ADD = FAMILY.rule(
    "trigger-add",
    "E",
    "a trigger on an existing table",
    reason=("Entity Framework Core 7 and newer write OUTPUT without INTO; on a table with a trigger that fails."),
    instead="a waiver that says that the running version declares HasTrigger, or writes with no OUTPUT",
)
TRIGGER_QUALITY = FAMILY.rule(
    "trigger-quality",
    "A",
    "a trigger that miscounts, loses rows or returns rows",
    reason=(
        "Without SET NOCOUNT ON callers count wrong; a scalar takes one row of many; a result set confuses callers."
    ),
    instead="set-based code",
    in_body=AS_IS,
)
TRIGGER_OFF = FAMILY.rule(
    "trigger-off",
    "A",
    "triggers or all constraints are switched off",
    reason="What keeps old and new columns in step, or rows sound, stops.",
    instead="leave them on",
)


_AGGREGATES = frozenset({"COUNT", "COUNT_BIG", "SUM", "AVG", "MIN", "MAX", "STRING_AGG"})


@FAMILY.on("CREATE TRIGGER", "CREATE OR ALTER TRIGGER")
def trigger_add(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if "database" in statement.flags or "server" in statement.flags:
        context.report(
            unit,
            DATABASE,
            "a trigger on the database or the server",
            advice=Advice("Have an administrator set it up."),
        )
        return
    table = statement.names[1] if len(statement.names) > 1 else None
    if context.own.table(table, unit) or (table is not None and context.own.module(table, unit)):
        return
    if table is not None and only_fills_new_columns(context, unit):
        _filling(context, unit, table)
        return
    context.report(
        unit,
        TRIGGER_ADD,
        f"puts trigger {full(statement.name)} on {full(table)}",
        token=table.token if table else None,
        table=table,
        advice=Advice(
            "See that the running version declares HasTrigger for the table (or writes with no OUTPUT clause); then "
            "allow it with a waiver that "
            f"says so: -- lint: allow trigger-add <version> declares HasTrigger for {full(table)}"
        ),
    )


def _filling(context: Context, unit: Unit, table: Name) -> None:
    """A trigger that fills new columns is what a required column needs; only OUTPUT without INTO speaks against it."""
    failing = returns_output(context.live, table) if context.live is not None else []
    message = f"trigger {full(unit.statement.name)} fills new columns of {full(table)}"
    if failing:
        names = ", ".join(sorted(f"{plain(one.schema)}.{plain(one.name)}" for one in failing)[:5])
        message += f", and writing with OUTPUT without INTO fails there (error 334): {names}"
    else:
        message += ": a write of the running version with OUTPUT without INTO would fail (error 334)"
    context.report(
        unit,
        TRIGGER_ADD,
        message,
        token=table.token,
        table=table,
        severity=ERROR if failing else WARNING,
        advice=Advice(
            "Entity Framework Core 7 and newer write so unless HasTrigger is declared for the table: see that the "
            "running version declares it, or writes with no OUTPUT."
        ),
    )


@FAMILY.on("CREATE TRIGGER", "CREATE OR ALTER TRIGGER", "ALTER TRIGGER")
def trigger_quality(context: Context, unit: Unit) -> None:
    if {"database", "server"} & unit.statement.flags:
        return
    name = full(unit.statement.name)
    body = context.script.body(unit)
    counts = any(
        one.statement.kind == "SET" and "NOCOUNT" in one.statement.words and one.statement.options.get("value") == "ON"
        for one in body
    )
    if not counts:
        context.report(
            unit,
            TRIGGER_QUALITY,
            f"trigger {name} has no SET NOCOUNT ON",
            advice=Advice("SET NOCOUNT ON; as the first statement of its body."),
        )
    previous = ""
    for one in body:
        statement = one.statement
        inserted = any(
            source.base.lower() in ("inserted", "deleted") and not source.schema for source in statement.sources
        )
        scalar = (statement.kind == "SELECT" and "assigns" in statement.flags) or (
            statement.kind in ("SET", "DECLARE") and "cursor" not in statement.flags
        )
        if inserted and scalar and not any(token.key in _AGGREGATES for token in one.words()):
            context.report(
                one,
                TRIGGER_QUALITY,
                f"trigger {name} takes one row of inserted or deleted; a statement may write many",
                advice=Advice("Join inserted and deleted in one INSERT, UPDATE or DELETE."),
                severity=ERROR,
            )
        elif statement.kind == "SELECT" and not {"assigns", "into"} & statement.flags and previous != "DECLARE":
            context.report(
                one,
                TRIGGER_QUALITY,
                f"trigger {name} returns rows to its caller",
                advice=Advice("Take the SELECT out."),
                severity=ERROR,
            )
        previous = statement.kind if statement.kind == "DECLARE" and "cursor" in statement.flags else ""


@FAMILY.on("DISABLE TRIGGER", "ALTER TABLE")
def trigger_off(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.kind == "DISABLE TRIGGER":
        if statement.name is None or not context.own.table(statement.name, unit):
            context.report(
                unit,
                TRIGGER_OFF,
                f"switches triggers of {full(statement.name) if statement.name else 'the database'} off",
                advice=Advice("Leave them on; drop a trigger in contract when nothing needs it."),
            )
        return
    for action in statement.actions:
        if action.kind == "ENABLE TRIGGER":
            _enabled(context, unit, statement.name)
        if action.kind == "DISABLE TRIGGER" and not context.own.table(statement.name, unit):
            context.report(
                unit,
                TRIGGER_OFF,
                f"switches trigger {plain(action.name)} of {full(statement.name)} off",
                token=action.token,
                advice=Advice("Leave it on; drop it in contract when nothing needs it."),
            )


@FAMILY.on("ENABLE TRIGGER")
def trigger_on(context: Context, unit: Unit) -> None:
    _enabled(context, unit, unit.statement.names[-1] if unit.statement.names else None)


def _enabled(context: Context, unit: Unit, table: Name | None) -> None:
    """A trigger that was off begins to act on the running version's writes, like a new one."""
    if not context.own.table(table, unit):
        context.report(
            unit,
            TRIGGER_ADD,
            f"switches triggers of {full(table) if table else 'the database'} on",
            table=table,
            severity=WARNING,
            advice=Advice("See that the running version writes to the table with no OUTPUT clause, or with INTO."),
        )
