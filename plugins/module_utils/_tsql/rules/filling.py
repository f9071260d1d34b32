# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Triggers that only fill columns which are new in this release: what an expand needs for a required column."""

from __future__ import annotations

from ..analysis import Unit, read_script
from ..extent import assignments, target
from ..lexer import WORD
from ..live import LiveSchema, ModuleFacts
from ..ownership import LIKELY
from ..statements import Name
from .family import Context

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_OTHER_ASSIGNMENTS = frozenset({"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "WRITE"})
_CONTROL = frozenset({"IF", "BEGIN", "END", "RETURN"})


def only_fills_new_columns(context: Context, unit: Unit) -> bool:
    """Whether a new trigger does nothing but fill columns that this release adds to the trigger's own table.

    It is set-based, with SET NOCOUNT ON, and each statement that writes is an UPDATE of those columns, joined with
    the rows that were written.
    """
    statement = unit.statement
    if "instead" in statement.flags or statement.kind != "CREATE TRIGGER" or len(statement.names) < 2:
        return False
    table = statement.names[1]
    silent, fills = False, False
    for one in context.script.body(unit):
        inner = one.statement
        if inner.kind == "SET" and "NOCOUNT" in inner.words and inner.options.get("value") == "ON":
            silent = True
        elif inner.kind == "UPDATE" and _fills(context, one, table):
            fills = True
        elif inner.kind not in _CONTROL:
            return False
    return silent and fills


def _fills(context: Context, unit: Unit, table: Name) -> bool:
    written = target(unit)
    joined = any(source.base.lower() == "inserted" and not source.schema for source in unit.statement.sources)
    columns = [column.rpartition(".")[2] for column, _value in assignments(unit)]
    if any(token.key in _OTHER_ASSIGNMENTS for token in unit.words()):
        return False
    if written is None or written.key != table.key or not joined or not columns:
        return False
    return all(context.own.column(table, column, unit, LIKELY) for column in columns)


def returns_output(live: LiveSchema, table: Name) -> list[ModuleFacts]:
    """The modules of the live schema that write to a table with OUTPUT and without INTO: error 334 with a trigger."""
    return [
        module
        for module in live.modules.values()
        if module.definition
        and any(_returns(unit, table) for unit in read_script(module.name, module.definition).units)
    ]


def _returns(unit: Unit, table: Name) -> bool:
    statement = unit.statement
    names = [*statement.names, *statement.sources]
    if statement.kind not in _WRITES or not any(name.key == table.key for name in names):
        return False
    keys = [token.key for token in unit.words() if token.kind == WORD]
    return "OUTPUT" in keys and "INTO" not in keys[keys.index("OUTPUT") :]
