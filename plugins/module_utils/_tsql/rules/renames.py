# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what gets another name or another place."""

from __future__ import annotations

from ..analysis import Unit
from ..breaking import MOVED, RENAMED, BreakingChange, anything, broken
from ..findings import Advice
from ..lexer import STRING, Token, string_value
from ..statements import Name, Statement, name_from_text, plain
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
    "a table is rebuilt: its copy is created, filled and renamed",
    reason=("SQL Server has no column order to change without a rebuild; the table is locked while it is copied."),
    instead="leave the order, and select columns by name",
    blocking=True,
)


_TYPES = ("COLUMN", "INDEX", "STATISTICS")
"""What sp_rename names by table and name."""


@FAMILY.on("EXEC")
def rename(context: Context, unit: Unit) -> None:
    statement = unit.statement
    procedure = statement.name.base.lower() if statement.name is not None else ""
    if procedure == "sp_renamedb":
        context.report(unit, DATABASE, "renames the database")
    if procedure != "sp_rename":
        return
    old, new, kind = (_argument(statement, name, place) for place, name in enumerate(("objname", "newname", "objtype")))
    if old is None or new is None or old.kind != STRING or new.kind != STRING:
        context.report(
            unit,
            RENAME,
            "renames something whose name is not in the script",
            advice=Advice("Write the names as literals."),
            breaks=anything(RENAMED),
        )
        return
    _renamed(context, unit, old, string_value(new), string_value(kind).upper() if kind is not None else "")


def _argument(statement: Statement, name: str, place: int) -> Token | None:
    """The value of an argument, given by name or by place."""
    unnamed = [argument.token for argument in statement.args if not argument.name]
    for argument in statement.args:
        if argument.name == f"@{name}":
            return argument.token
    return unnamed[place] if place < len(unnamed) else None


def _renamed(context: Context, unit: Unit, old: Token, new: str, kind: str) -> None:
    target = name_from_text(string_value(old), old)
    table = Name(target.parts[:-1], old) if kind in _TYPES and len(target.parts) > 1 else target
    own = table.temporary or context.own.table(table, unit)
    new_column = kind == "COLUMN" and context.own.column(table, target.base, unit)
    if kind in ("", "OBJECT") or (own and not table.temporary and not kind.startswith("COL")):
        _rebuilt(context, unit, table, new)
    context.report(
        unit,
        RENAME,
        f"renames {kind.lower() or 'object'} {string_value(old)} to {new}",
        token=old,
        advice=_rename_advice(target, table, new, kind, unit),
        table=table,
        breaks=_broken(target, table, kind),
        exempt=own or new_column,
    )


def _broken(target: Name, table: Name, kind: str) -> BreakingChange | None:
    if kind == "COLUMN":
        return broken(RENAMED, table, target.base)
    return broken(RENAMED, target) if kind not in _TYPES else None


def _rebuilt(context: Context, unit: Unit, table: Name, new_name: str) -> None:
    key = ((table.schema or "dbo").lower(), new_name.lower())
    if key in context.own.dropped.get("TABLE", set()) or (key[0], new_name.lower()) in context.own.tables:
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
    advice = None
    if moved is not None and names:
        advice = Advice(
            "Leave it where it is, and let the new schema name it.",
            (("expand", f"CREATE SYNONYM {plain(names[0].base)}.{plain(moved.base)} FOR {full(moved)};\n"),),
        )
    context.report(
        unit,
        MOVE_SCHEMA,
        f"moves {full(moved)} to schema {plain(names[0].base) if names else '?'}",
        advice=advice,
        breaks=broken(MOVED, moved),
        exempt=context.own.table(moved, unit) or context.own.module(moved, unit),
    )


@FAMILY.on("EXEC")
def move_owner(context: Context, unit: Unit) -> None:
    name = unit.statement.name
    if name is None or name.base.lower() != "sp_changeobjectowner":
        return
    moved = _argument(unit.statement, "objname", 0)
    literal = moved is not None and moved.kind == STRING
    context.report(
        unit,
        MOVE_SCHEMA,
        "moves an object to another owner",
        advice=Advice("Make a new object."),
        breaks=broken(MOVED, name_from_text(string_value(moved), moved)) if moved and literal else anything(MOVED),
    )
