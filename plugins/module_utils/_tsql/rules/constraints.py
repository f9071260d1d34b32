# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about constraints."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import Unit
from ..extent import columns_in
from ..findings import WARNING, Advice
from ..lexer import Token
from ..ownership import LIKELY
from ..statements import Action, Name, plain
from .family import SILENT, Context, Family
from .indexes import ADD_UNIQUE, INDEX_OFFLINE, after_duplicates
from .triggers import TRIGGER_OFF
from .wording import constraint_name, full, in_contract

FAMILY = Family()

CHANGE_DEFAULT = FAMILY.rule(
    "change-default",
    "W",
    "a column's default is replaced",
    reason="Rows that the running version inserts change their meaning.",
    instead="a new column",
)
ADD_CHECK = FAMILY.rule(
    "add-check",
    "E",
    "a CHECK constraint on an existing table",
    reason=(
        "It is enforced on the running version's writes at once, even with NOCHECK; without "
        "NOCHECK all rows are read under a lock."
    ),
    instead="contract: NOCHECK first, CHECK CHECK later",
    blocking=True,
)
ADD_FOREIGN_KEY = FAMILY.rule(
    "add-foreign-key",
    "E",
    "a foreign key on an existing table",
    reason=("It is enforced on the running version's writes at once, even with NOCHECK, and locks both tables."),
    instead="contract: NOCHECK first, CHECK CHECK later",
    blocking=True,
)
UNTRUSTED = FAMILY.rule(
    "untrusted",
    "W",
    "a constraint is left unchecked",
    reason="The optimizer ignores it, and wrong rows stay.",
    instead="WITH CHECK CHECK CONSTRAINT",
    contract=WARNING,
    in_body=SILENT,
)
UNNAMED = FAMILY.rule(
    "unnamed",
    "W",
    "a constraint has no name",
    reason="Contract cannot name it later: the server made one up.",
    instead="CONSTRAINT and a name",
    contract=WARNING,
    in_body=SILENT,
)


@FAMILY.on("ALTER TABLE")
def add_constraint(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    for action in unit.statement.actions:
        check = _ADDED.get(action.kind)
        if check is None:
            continue
        if action.nocheck and action.kind in _CHECKED and table is not None and not table.temporary:
            context.own.unchecked[(*table.key, action.name.lower())] = (unit, action.name)
        if not context.own.table(table, unit):
            check(context, unit, action)


def _add_check(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    if _null_passes(context, unit, action):
        context.report(
            unit,
            ADD_CHECK,
            f"adds CHECK constraint {_named(action)} to {full(table)}, on a column that the running version leaves "
            "NULL: it passes, and the rows are read under a lock unless WITH NOCHECK is written",
            token=action.token,
            table=table,
            severity=WARNING,
            advice=Advice("WITH NOCHECK now; WITH CHECK CHECK CONSTRAINT in contract."),
        )
        return
    context.report(
        unit,
        ADD_CHECK,
        f"adds CHECK constraint {_named(action)} to {full(table)}",
        token=action.token,
        table=table,
        advice=_later(unit, table, action),
    )


def _null_passes(context: Context, unit: Unit, action: Action) -> bool:
    """Whether every column in a CHECK is one that the running version leaves NULL, which passes it."""
    table = unit.statement.name
    unknown = [name for name in columns_in(action.condition) if _stays_null(context, unit, table, name)]
    return null_passes(action.condition, unknown)


def _stays_null(context: Context, unit: Unit, table: Name | None, column: str) -> bool:
    made = context.own.definition(table, column)
    if made is None:
        made = next((one for one in unit.statement.columns if one.name.lower() == column.lower()), None)
    return made is not None and made.stays_null


def null_passes(condition: Sequence[Token], unknown: Sequence[str]) -> bool:
    """Whether a CHECK over columns that are NULL passes: it has no other column, and asks for no NULL."""
    named = {name.lower() for name in columns_in(condition)}
    asks = any(token.key in ("IS", "ISNULL", "COALESCE", "NULLIF", "CASE", "IIF", "CONCAT") for token in condition)
    return bool(named) and not asks and named <= {name.lower() for name in unknown}


def _named(action: Action) -> str:
    return plain(action.name) or "without a name"


def _add_foreign_key(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    columns = [column for column in action.columns if _stays_null(context, unit, table, column)]
    if columns and context.own.table(action.target, unit):
        context.report(
            unit,
            ADD_FOREIGN_KEY,
            f"adds foreign key {_named(action)} from a new column of {full(table)} to the new table "
            f"{full(action.target)}"
            + ("" if action.nocheck else ": the rows are read under a lock unless WITH NOCHECK is written"),
            token=action.token,
            table=table,
            severity=WARNING,
            advice=Advice("WITH NOCHECK now; WITH CHECK CHECK CONSTRAINT in contract."),
        )
        return
    context.report(
        unit,
        ADD_FOREIGN_KEY,
        f"adds foreign key {_named(action)} from {full(table)} to {full(action.target)}",
        token=action.token,
        table=table,
        advice=_later(unit, table, action),
    )


def _add_connection(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    context.report(
        unit,
        ADD_CHECK,
        f"adds edge constraint {_named(action)} to {full(table)}",
        token=action.token,
        table=table,
        advice=in_contract(unit),
    )


def _add_key(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    context.report(
        unit,
        ADD_UNIQUE,
        f"adds {action.kind[4:]} {_named(action)} to {full(table)}",
        token=action.token,
        table=table,
        advice=after_duplicates(table, action, in_contract(unit, "")),
    )


def _add_index(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    if "UNIQUE" in action.words:
        _add_key(context, unit, action)
        return
    context.report(
        unit,
        INDEX_OFFLINE,
        f"builds index {plain(action.name)} on {full(table)}, by ALTER TABLE, which cannot do it online",
        token=action.token,
        table=table,
        advice=Advice("CREATE INDEX ... WITH (ONLINE = ON)."),
    )


def _add_default(context: Context, unit: Unit, action: Action) -> None:
    table = unit.statement.name
    column = action.columns[0] if action.columns else ""
    if context.own.column(table, column, unit, LIKELY) or any(
        one.name.lower() == column.lower() for one in unit.statement.columns
    ):
        return
    facts = context.table_facts(table)
    now = facts.columns.get(column.lower()) if facts else None
    if now is not None and not now.has_default:
        return
    context.report(
        unit,
        CHANGE_DEFAULT,
        f"sets a default for column {plain(column) or '?'} of {full(table)}",
        token=action.token,
        advice=Advice(
            "Where the column has none so far this is harmless; otherwise add a new column with the new default."
        ),
    )


_CHECKED = ("ADD CHECK", "ADD FOREIGN KEY")
_ADDED = {
    "ADD CHECK": _add_check,
    "ADD FOREIGN KEY": _add_foreign_key,
    "ADD CONNECTION": _add_connection,
    "ADD PRIMARY KEY": _add_key,
    "ADD UNIQUE": _add_key,
    "ADD INDEX": _add_index,
    "ADD DEFAULT": _add_default,
}


def _later(unit: Unit, table: Name | None, action: Action) -> Advice:
    """Unchecked first, so that the lock is short; the check of the old rows later."""
    name = action.name
    if not name or unit.dynamic or len([one for one in unit.statement.actions if one.kind.startswith("ADD ")]) != 1:
        return Advice("In contract: add it WITH NOCHECK, then WITH CHECK CHECK CONSTRAINT in a script of its own.")
    source = unit.source.strip().rstrip(";")
    after = source.upper().find("ADD")
    if after < 0:
        return Advice("In contract: add it WITH NOCHECK, then WITH CHECK CHECK CONSTRAINT in a script of its own.")
    rest = source[after:]
    return Advice(
        "In contract, and in two steps: the first holds the lock for a moment, the second reads the rows.",
        (
            (
                "contract",
                f"ALTER TABLE {full(table)} WITH NOCHECK {rest};\nGO\nALTER TABLE {full(table)} WITH CHECK CHECK "
                f"CONSTRAINT {plain(name)};\n",
            ),
        ),
    )


@FAMILY.on("ALTER TABLE")
def checking(context: Context, unit: Unit) -> None:
    """NOCHECK CONSTRAINT and CHECK CONSTRAINT."""
    table = unit.statement.name
    if table is None or table.temporary:
        return
    for action in unit.statement.actions:
        if action.kind == "NOCHECK CONSTRAINT":
            _off(context, unit, table, action)
        elif action.kind == "CHECK CONSTRAINT":
            _on(context, unit, table, action)


def _off(context: Context, unit: Unit, table: Name, action: Action) -> None:
    if action.name == "ALL":
        context.report(
            unit,
            TRIGGER_OFF,
            f"switches all constraints of {full(table)} off",
            token=action.token,
            advice=Advice("Leave them on."),
        )
    else:
        context.own.unchecked[(*table.key, action.name.lower())] = (unit, action.name)


def _on(context: Context, unit: Unit, table: Name, action: Action) -> None:
    if action.words and action.words[0] == "CHECK":
        if not context.own.table(table, unit, LIKELY):
            context.report(
                unit,
                ADD_CHECK,
                f"checks {'all constraints' if action.name == 'ALL' else plain(action.name)} of {full(table)}: all "
                "rows are read under a schema lock",
                token=action.token,
                table=table,
                advice=Advice("In contract, in a script of its own.", in_contract(unit, "").scripts),
            )
        for key in list(context.own.unchecked):
            if key[:2] == table.key and (action.name == "ALL" or key[2] == action.name.lower()):
                del context.own.unchecked[key]
    elif not context.own.table(table, unit, LIKELY):
        context.report(
            unit,
            UNTRUSTED,
            f"switches {plain(action.name)} of {full(table)} on without checking the rows",
            token=action.token,
            advice=Advice(
                "In contract, with the check.",
                (("contract", f"ALTER TABLE {full(table)} WITH CHECK CHECK CONSTRAINT {_all(action.name)};\n"),),
            ),
        )


def _all(name: str) -> str:
    return "ALL" if name == "ALL" else plain(name)


@FAMILY.every_script
def unchecked(context: Context) -> None:
    """What a script leaves unchecked."""
    for key, (unit, name) in list(context.own.unchecked.items()):
        table = unit.statement.name
        del context.own.unchecked[key]
        if context.own.table(table, unit):
            continue
        context.report(
            unit,
            UNTRUSTED,
            f"leaves {plain(name) or 'a constraint'} of {full(table)} unchecked",
            advice=Advice(
                "Check the rows, in a script of its own.",
                (("contract", f"ALTER TABLE {full(table)} WITH CHECK CHECK CONSTRAINT {plain(name)};\n"),)
                if name
                else (),
            ),
        )


_SHORT = {"DEFAULT": "DF", "CHECK": "CK", "UNIQUE": "UQ", "PRIMARY KEY": "PK", "FOREIGN KEY": "FK"}


@FAMILY.on("CREATE TABLE", "ALTER TABLE")
def unnamed(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.name is None or statement.name.temporary:
        return
    for column in statement.columns:
        for kind in column.unnamed:
            context.report(
                unit,
                UNNAMED,
                f"the {kind} of column {plain(column.name)} has no name",
                token=column.token,
                advice=Advice(
                    f"CONSTRAINT {constraint_name(_SHORT[kind], statement.name.base, column.name)} before {kind}."
                ),
            )
    for action in statement.actions:
        kind = action.kind[4:]
        if action.kind.startswith("ADD ") and kind in _SHORT and not action.name:
            context.report(
                unit,
                UNNAMED,
                f"the {kind} of {full(statement.name)} has no name",
                token=action.token,
                advice=Advice(
                    f"CONSTRAINT {constraint_name(_SHORT[kind], statement.name.base, *action.columns[:2])} before "
                    f"{kind}."
                ),
            )
