# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what gets another name or another place."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import Advice
from ..lexer import STRING, string_value
from ..statements import Name, name_from_text, plain
from .family import Context, Family
from .server import DATABASE
from .wording import full, in_contract

FAMILY = Family()

RENAME = FAMILY.rule(
    "rename",
    "E",
    "something is renamed",
    reason="The running version uses the old name at once, and procedures and views are not rewritten.",
    instead="add the new name beside the old one, kept in step by a trigger; for a table, a synonym",
)
MOVE_SCHEMA = FAMILY.rule(
    "move-schema",
    "E",
    "an object moves to another schema",
    reason="It is a rename, and it drops the object's permissions.",
    instead="make a new object",
)
REBUILD_TABLE = FAMILY.rule(
    "rebuild-table",
    "E",
    "a table is rebuilt: created anew, copied, dropped, renamed",
    reason=("SQL Server has no column order to change without a rebuild; the table is locked while it is copied."),
    instead="leave the order, and select columns by name",
    blocking=True,
)


_RENAMES = frozenset({"sp_rename", "sp_renamedb"})


@FAMILY.on("EXEC")
def rename(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.name is None or statement.name.base.lower() not in _RENAMES:
        return
    if statement.name.base.lower() == "sp_renamedb":
        context.report(unit, DATABASE, "renames the database")
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
            RENAME,
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
        RENAME,
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
            REBUILD_TABLE,
            f"puts a copy in the place of table {new_name}, which this release drops",
            advice=Advice(
                "Leave the columns in their order, and name them in every SELECT and INSERT. Add what is new with "
                "ALTER TABLE ... ADD."
            ),
            severity=None,
        )


def _rename_advice(target: Name, table: Name, new_name: str, kind: str, unit: Unit) -> Advice:
    if kind == "COLUMN":
        return Advice(
            f"Add a column {plain(new_name)} beside {plain(target.base)} (nullable), keep the two in step by a "
            "trigger, fill the new one "
            "in backfill, and drop the old one in contract."
        )
    if kind in ("", "OBJECT"):
        return Advice(
            f"Leave {full(table)} as it is and give it a second name; the next versions use that.",
            (("expand", f"CREATE SYNONYM {plain(table.schema or 'dbo')}.{plain(new_name)} FOR {full(table)};\n"),),
        )
    return in_contract(unit)


@FAMILY.on("ALTER SCHEMA")
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
        unit, MOVE_SCHEMA, f"moves {full(moved)} to schema {plain(names[0].base) if names else '?'}", advice=advice
    )


@FAMILY.on("EXEC")
def move_owner(context: Context, unit: Unit) -> None:
    name = unit.statement.name
    if name is not None and name.base.lower() == "sp_changeobjectowner":
        context.report(unit, MOVE_SCHEMA, "moves an object to another owner", advice=Advice("Make a new object."))
