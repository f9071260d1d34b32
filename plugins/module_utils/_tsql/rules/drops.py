# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what is dropped: tables, columns, schemas, constraints and defaults."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import Advice
from ..statements import Name, plain
from .family import Context, Family
from .indexes import DROP_INDEX
from .wording import full, in_contract, targets

FAMILY = Family()

DROP_TABLE = FAMILY.rule(
    "drop-table",
    "E",
    "a table is dropped",
    reason="The running version reads it, and no backout brings the rows back.",
    instead="drop it in contract, when no supported release uses it any more",
)
DROP_COLUMN = FAMILY.rule(
    "drop-column",
    "E",
    "a column is dropped",
    reason="The running version reads or writes it, and its values are gone.",
    instead="drop it in contract, when no supported release uses it any more",
)
DROP_SCHEMA = FAMILY.rule(
    "drop-schema",
    "E",
    "a schema is dropped",
    reason="The running version names the schema in its SQL.",
    instead="drop it in contract",
)
DROP_CONSTRAINT = FAMILY.rule(
    "drop-constraint",
    "W",
    "a constraint is dropped",
    reason="What the running version relies on is no longer enforced.",
    instead="drop it in contract",
)
DROP_DEFAULT = FAMILY.rule(
    "drop-default",
    "E",
    "a DEFAULT is dropped",
    reason="An INSERT of the running version that leaves the column out fails.",
    instead="drop it in contract",
)


@FAMILY.on("DROP TABLE")
def drop_table(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if not context.new_table(name, unit):
            context.report(
                unit,
                DROP_TABLE,
                f"drops table {full(name)}",
                token=name.token if name else None,
                advice=in_contract(unit),
                table=name,
            )


@FAMILY.on("DROP SCHEMA")
def drop_schema(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if name is None or not context.objects.newness(context.objects.schemas.get(name.base.lower()), unit, ""):
            context.report(
                unit, DROP_SCHEMA, f"drops schema {plain(name.base) if name else '?'}", advice=in_contract(unit)
            )


@FAMILY.on("DROP DEFAULT", "DROP RULE")
def drop_old_style(context: Context, unit: Unit) -> None:
    rule = DROP_DEFAULT if unit.statement.kind == "DROP DEFAULT" else DROP_CONSTRAINT
    context.report(
        unit, rule, f"drops {unit.statement.kind[5:].lower()} {full(unit.statement.name)}", advice=in_contract(unit)
    )


@FAMILY.on("ALTER TABLE")
def drop_parts(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    for action in statement.actions:
        if action.kind == "DROP COLUMN":
            if context.new_table(table, unit):
                continue
            origin = context.objects.columns.get((*table.key, action.name.lower())) if table else None
            if table is not None and context.objects.newness(origin, unit, table.schema) == 2:
                continue
            context.report(
                unit,
                DROP_COLUMN,
                f"drops column {plain(action.name)} of {full(table)}",
                token=action.token,
                advice=in_contract(unit),
                table=table,
            )
        elif action.kind == "DROP ITEM":
            if context.new_table(table, unit):
                continue
            context.report(
                unit,
                DROP_COLUMN,
                f"DROP {plain(action.name)} of {full(table)} says neither COLUMN nor CONSTRAINT",
                token=action.token,
                advice=Advice(
                    "The server takes it for a constraint. Say so, in contract.",
                    (("contract", f"ALTER TABLE {full(table)} DROP CONSTRAINT {plain(action.name)};\n"),),
                ),
                table=table,
            )
        elif action.kind == "DROP CONSTRAINT":
            _drop_constraint(context, unit, table, action.name, action.token.start)
        elif action.kind == "DROP INDEX" and not context.new_table(table, unit):
            context.report(
                unit,
                DROP_INDEX,
                f"drops index {plain(action.name)} of {full(table)}",
                token=action.token,
                advice=in_contract(unit),
                table=table,
            )
        elif action.kind == "DROP PERIOD" and not context.new_table(table, unit):
            context.report(
                unit,
                DROP_CONSTRAINT,
                f"drops the period of {full(table)}",
                token=action.token,
                advice=in_contract(unit),
            )


def _drop_constraint(context: Context, unit: Unit, table: Name | None, name: str, _offset: int) -> None:
    if context.new_table(table, unit):
        return
    if table is not None:
        made = context.objects.constraints.get((*table.key, name.lower()))
        if context.objects.newness(made, unit, table.schema) == 2:
            return
    default = name.lower().startswith(
        ("df_", "df__", "default_", "def_")
    ) or "default_constraints" in unit.statement.options.get("looked up in", "")
    if default:
        context.report(
            unit,
            DROP_DEFAULT,
            f"drops the default {_shown(name)} of {full(table)}",
            advice=in_contract(unit),
            table=table,
        )
        return
    context.report(
        unit,
        DROP_CONSTRAINT,
        f"drops constraint {_shown(name)} of {full(table)}",
        advice=in_contract(unit),
        table=table,
    )


def _shown(name: str) -> str:
    return "whose name is looked up" if name == "__variable__" else plain(name)
