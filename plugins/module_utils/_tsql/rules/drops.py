# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what is taken away, renamed or moved."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import WARNING, Advice
from ..lexer import STRING, string_value
from ..statements import Action, Name, name_from_text, plain
from .registry import Context, full, in_contract, on, targets

_MODULE_KINDS = (
    ["DROP PROCEDURE", "DROP VIEW", "DROP FUNCTION", "DROP SYNONYM", "DROP SEQUENCE", "DROP TRIGGER", "DROP AGGREGATE"]
    + ["DROP XML SCHEMA COLLECTION", "DROP ASSEMBLY"]
)  # fmt: skip


@on("DROP TABLE")
def drop_table(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if not context.new_table(name, unit):
            context.report(
                unit,
                "drop-table",
                f"drops table {full(name)}",
                token=name.token if name else None,
                advice=in_contract(unit),
                table=name,
            )


@on("DROP SCHEMA")
def drop_schema(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if name is None or not context.objects.newness(context.objects.schemas.get(name.base.lower()), unit, ""):
            context.report(
                unit, "drop-schema", f"drops schema {plain(name.base) if name else '?'}", advice=in_contract(unit)
            )


@on(*_MODULE_KINDS)
def drop_module(context: Context, unit: Unit) -> None:
    kind = unit.statement.kind[5:].lower()
    for name in targets(unit):
        if name is not None and (name.temporary or context.new_module(name, unit)):
            continue
        context.report(
            unit,
            "drop-module",
            f"drops {kind} {full(name)}",
            token=name.token if name else None,
            advice=in_contract(unit),
        )


@on("DROP TYPE")
def drop_type(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        if name is not None and context.objects.new_type(name, unit):
            continue
        table_type = name is not None and (
            (context.live is not None and context.live.types.get(name.key, False))
            or name.key in context.objects.table_types
        )
        token = name.token if name else None
        if table_type:
            context.report(unit, "table-type", f"drops table type {full(name)}", token=token, advice=in_contract(unit))
        context.report(unit, "drop-module", f"drops type {full(name)}", token=token, advice=in_contract(unit))


@on("DROP DEFAULT", "DROP RULE")
def drop_old_style(context: Context, unit: Unit) -> None:
    rule = "drop-default" if unit.statement.kind == "DROP DEFAULT" else "drop-constraint"
    context.report(
        unit, rule, f"drops {unit.statement.kind[5:].lower()} {full(unit.statement.name)}", advice=in_contract(unit)
    )


@on("DROP INDEX")
def drop_index(context: Context, unit: Unit) -> None:
    for action in unit.statement.actions:
        table = action.target
        if context.new_table(table, unit):
            continue
        if table is not None:
            made = context.objects.indexes.get((*table.key, action.name.lower()))
            if context.objects.newness(made, unit, table.schema) == 2:
                continue
        context.report(
            unit,
            "drop-index",
            f"drops index {plain(action.name)} of {full(table)}",
            token=action.token,
            advice=in_contract(unit),
            table=table,
        )


@on("DROP FULLTEXT")
def drop_fulltext(context: Context, unit: Unit) -> None:
    context.report(unit, "drop-index", "drops a full-text index or catalog", advice=in_contract(unit))


@on("ALTER INDEX")
def disable_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.words == ("DISABLE",) and not context.new_table(statement.name, unit):
        index = statement.actions[0].name if statement.actions else "?"
        context.report(
            unit,
            "drop-index",
            f"disables index {plain(index)} of {full(statement.name)}",
            advice=in_contract(unit),
            table=statement.name,
        )


@on("ALTER TABLE")
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
                "drop-column",
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
                "drop-column",
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
                "drop-index",
                f"drops index {plain(action.name)} of {full(table)}",
                token=action.token,
                advice=in_contract(unit),
                table=table,
            )
        elif action.kind == "DROP PERIOD" and not context.new_table(table, unit):
            context.report(
                unit,
                "drop-constraint",
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
            "drop-default",
            f"drops the default {_shown(name)} of {full(table)}",
            advice=in_contract(unit),
            table=table,
        )
        return
    context.report(
        unit,
        "drop-constraint",
        f"drops constraint {_shown(name)} of {full(table)}",
        advice=in_contract(unit),
        table=table,
    )


def _shown(name: str) -> str:
    return "whose name is looked up" if name == "__variable__" else plain(name)


_RENAMES = frozenset({"sp_rename", "sp_renamedb"})


@on("EXEC")
def rename(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.name is None or statement.name.base.lower() not in _RENAMES:
        return
    if statement.name.base.lower() == "sp_renamedb":
        context.report(unit, "database", "renames the database")
        return
    by_name = {argument.name: argument.token for argument in statement.args if argument.name}
    plain_args = [argument.token for argument in statement.args if not argument.name]
    old = by_name.get("@objname") or (plain_args[0] if plain_args else None)
    new = by_name.get("@newname") or (plain_args[1] if len(plain_args) > 1 else None)
    kind_token = by_name.get("@objtype") or (plain_args[2] if len(plain_args) > 2 else None)
    kind = string_value(kind_token).upper() if kind_token is not None else ""
    if old is None or new is None or old.kind != STRING or new.kind != STRING:
        context.report(
            unit,
            "rename",
            "renames something whose name is not in the script",
            advice=Advice("Write the names as literals."),
        )
        return
    target = name_from_text(string_value(old), old)
    new_name = string_value(new)
    table = target
    if kind in ("COLUMN", "INDEX", "STATISTICS") and len(target.parts) > 1:
        table = Name(target.parts[:-1], old)
    if table.temporary or context.new_table(table, unit):
        if not table.temporary and not kind.startswith("COL"):
            _rebuilt(context, unit, table, new_name)
        return
    if kind in {"", "OBJECT"}:
        _rebuilt(context, unit, table, new_name)
    context.report(
        unit,
        "rename",
        f"renames {kind.lower() or 'object'} {string_value(old)} to {new_name}",
        token=old,
        advice=_rename_advice(target, table, new_name, kind, unit),
        table=table,
    )


def _rebuilt(context: Context, unit: Unit, table: Name, new_name: str) -> None:
    key = ((table.schema or "dbo").lower(), new_name.lower())
    if key in context.objects.dropped.get("TABLE", set()) or (key[0], new_name.lower()) in context.objects.tables:
        context.report(
            unit,
            "rebuild-table",
            f"puts a copy in the place of table {new_name}, which this release drops",
            advice=Advice(
                "Leave the columns in their order, and name them in every SELECT and INSERT. Add what is new with ALTER TABLE ... ADD."
            ),
            severity=None,
        )


def _rename_advice(target: Name, table: Name, new_name: str, kind: str, unit: Unit) -> Advice:
    if kind == "COLUMN":
        return Advice(
            f"Add a column {plain(new_name)} beside {plain(target.base)} (nullable), keep the two in step by a trigger, fill the new one "
            "in backfill, and drop the old one in contract."
        )
    if kind in ("", "OBJECT"):
        return Advice(
            f"Leave {full(table)} as it is and give it a second name; the next versions use that.",
            (("expand", f"CREATE SYNONYM {plain(table.schema or 'dbo')}.{plain(new_name)} FOR {full(table)};\n"),),
        )
    return in_contract(unit)


@on("ALTER SCHEMA")
def move_schema(context: Context, unit: Unit) -> None:
    names = unit.statement.names
    moved = names[1] if len(names) > 1 else None
    if moved is not None and (context.new_table(moved, unit) or context.new_module(moved, unit)):
        return
    advice = None
    if moved is not None and names:
        advice = Advice(
            "Leave it where it is, and let the new schema name it.",
            (("expand", f"CREATE SYNONYM {plain(names[0].base)}.{plain(moved.base)} FOR {full(moved)};\n"),),
        )
    context.report(
        unit, "move-schema", f"moves {full(moved)} to schema {plain(names[0].base) if names else '?'}", advice=advice
    )


@on("EXEC")
def move_owner(context: Context, unit: Unit) -> None:
    name = unit.statement.name
    if name is not None and name.base.lower() == "sp_changeobjectowner":
        context.report(unit, "move-schema", "moves an object to another owner", advice=Advice("Make a new object."))


@on("ALTER TABLE")
def move_partition(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    for action in unit.statement.actions:
        if action.kind == "SWITCH" and not context.new_table(table, unit):
            context.report(
                unit,
                "switch",
                f"switches rows of {full(table)} to {full(action.target)}",
                token=action.token,
                advice=in_contract(unit),
                table=table,
            )
        elif _stops_history(action) and not context.new_table(table, unit):
            context.report(
                unit,
                "trigger-off",
                f"stops the history of {full(table)}",
                token=action.token,
                severity=WARNING,
                advice=Advice("Rows that change until it is on again leave no history."),
            )


def _stops_history(action: Action) -> bool:
    return action.kind == "SET" and action.options.get("SYSTEM_VERSIONING", "").startswith("OFF")


@on("TRUNCATE TABLE")
def truncate(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    if not context.new_table(table, unit):
        context.report(unit, "truncate", f"empties table {full(table)}", advice=in_contract(unit), table=table)
        if "partitions" in unit.statement.flags:
            context.report(
                unit, "partition", f"empties partitions of {full(table)}", advice=in_contract(unit), table=table
            )


@on("ALTER PARTITION FUNCTION", "ALTER PARTITION SCHEME", "DROP PARTITION FUNCTION", "DROP PARTITION SCHEME")
def partition(context: Context, unit: Unit) -> None:
    context.report(
        unit, "partition", f"{unit.statement.kind.lower()} {full(unit.statement.name)}", advice=in_contract(unit)
    )
