# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what is dropped: tables, columns, schemas, constraints and defaults."""

from __future__ import annotations

from ..analysis import Unit
from ..breaking import DROPPED, broken
from ..findings import ERROR, Advice
from ..statements import HOLE, Action, Name, plain
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
        context.report(
            unit,
            DROP_TABLE,
            f"drops table {full(name)}",
            token=name.token if name else None,
            advice=in_contract(unit),
            table=name,
            breaks=broken(DROPPED, name),
            exempt=context.own.table(name, unit),
        )


@FAMILY.on("DROP SCHEMA")
def drop_schema(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if not context.own.schema(name, unit):
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
    for action in unit.statement.actions:
        check = _PARTS.get(action.kind)
        if check is not None:
            check(context, unit, action)


def _drop_column(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    context.report(
        unit,
        DROP_COLUMN,
        f"drops column {plain(action.name)} of {full(table)}",
        token=action.token,
        advice=in_contract(unit),
        table=table,
        breaks=broken(DROPPED, table, action.name),
        exempt=context.own.table(table, unit) or context.own.column(table, action.name, unit),
    )


def _drop_item(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
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
        breaks=broken(DROPPED, table, action.name),
        exempt=context.own.table(table, unit),
    )


def _drop_constraint(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    shown = f"{_shown(action.name)} of {full(table)}"
    if context.own.table(table, unit):
        return
    if context.own.constraint(table, action.name, unit):
        column = context.own.only_default_of(table, action.name)
        if column and not _replaced(context, unit, table, column):
            context.report(
                unit,
                DROP_DEFAULT,
                f"drops the default {shown}: an INSERT of the running version leaves its required column "
                f"{plain(column)} out",
                advice=in_contract(unit),
                table=table,
            )
        return
    rule, what, severity = _DROPPED[_kind(context, unit, action)]
    context.report(unit, rule, f"drops {what} {shown}", advice=in_contract(unit), table=table, severity=severity)


def _replaced(context: Context, unit: Unit, table: Name | None, column: str) -> bool:
    """Whether the same script gives the column another default."""
    return table is not None and any(
        action.kind == "ADD DEFAULT" and [one.lower() for one in action.columns] == [column]
        for later in context.script.units[unit.number + 1 :]
        if later.statement.kind == "ALTER TABLE" and later.statement.name and later.statement.name.key == table.key
        for action in later.statement.actions
    )


_DROPPED = {
    "D": (DROP_DEFAULT, "the default", None),
    "PK": (DROP_CONSTRAINT, "the primary key and its index", ERROR),
    "UQ": (DROP_CONSTRAINT, "the unique key and its index", ERROR),
    "F": (DROP_CONSTRAINT, "constraint", None),
    "C": (DROP_CONSTRAINT, "constraint", None),
    "": (DROP_DEFAULT, "a constraint of unknown kind, which may be the default of a required column:", None),
}
"""By the kind of a constraint as sys.objects has it: rule, words, severity."""
_PREFIXES = {
    "df": "D", "def": "D", "default": "D", "pk": "PK", "uq": "UQ", "ux": "UQ", "uk": "UQ", "ak": "UQ", "uc": "UQ",
    "fk": "F", "ck": "C", "chk": "C", "cc": "C", "check": "C",
}  # fmt: skip


def _kind(context: Context, unit: Unit, action: Action) -> str:
    """What is known of a constraint: from the live schema, or where there is none from the prefix of its name."""
    table = unit.statement.name
    if "default_constraints" in unit.statement.options.get("looked up in", ""):
        return "D"
    if context.live is not None and table is not None:
        return context.live.constraints.get((*table.key, action.name.lower()), "")
    return _PREFIXES.get(action.name.lower().partition("_")[0], "")


def _drop_index(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    if not context.own.table(table, unit):
        context.report(
            unit,
            DROP_INDEX,
            f"drops index {plain(action.name)} of {full(table)}",
            token=action.token,
            advice=in_contract(unit),
            table=table,
        )


def _drop_period(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    if not context.own.table(table, unit):
        context.report(
            unit,
            DROP_CONSTRAINT,
            f"drops the period of {full(table)}: its columns become required, with no value of their own",
            token=action.token,
            advice=in_contract(unit),
            severity=ERROR,
        )


_PARTS = {
    "DROP COLUMN": _drop_column,
    "DROP ITEM": _drop_item,
    "DROP CONSTRAINT": _drop_constraint,
    "DROP INDEX": _drop_index,
    "DROP PERIOD": _drop_period,
}


def _shown(name: str) -> str:
    return "whose name is looked up" if name == HOLE else plain(name)
