# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about columns that are added or altered."""

from __future__ import annotations

from dataclasses import replace

from ..._scripts.phases import EXPAND, named
from ..analysis import Unit
from ..breaking import RETYPED, broken
from ..findings import ERROR, WARNING, Advice
from ..lexer import QUOTED, WORD, Token
from ..live import ColumnFacts
from ..ownership import LIKELY
from ..statements import Action, Column, Name, plain
from .constraints import ADD_CHECK, ADD_FOREIGN_KEY, null_passes
from .family import Context, Family
from .indexes import ADD_UNIQUE
from .wording import constraint_name, full

FAMILY = Family()

ADD_REQUIRED = FAMILY.rule(
    "add-required",
    "E",
    "a new NOT NULL column has no default",
    reason="An INSERT of the running version fails.",
    instead="nullable, or with a default; then a backfill; NOT NULL in contract",
)
ADD_DEFAULT_OFFLINE = FAMILY.rule(
    "add-default-offline",
    "E",
    "a NOT NULL column with a default that writes every row",
    reason=(
        "Every row is written while a schema lock stops all readers and writers. Enterprise "
        "edition does without where the default is a constant at run time; Standard edition never "
        "does."
    ),
    instead="nullable with a default, then a backfill in batches",
    blocking=True,
)
ADD_WITH_VALUES = FAMILY.rule(
    "add-with-values",
    "W",
    "WITH VALUES fills the column in every row",
    reason="Every row may be written under a schema lock.",
    instead="leave WITH VALUES out, and backfill in batches",
    contract=WARNING,
)
ADD_IDENTITY = FAMILY.rule(
    "add-identity",
    "E",
    "an IDENTITY column is added",
    reason="Every row is written under a schema lock.",
    instead="a new table, or a column kept by a trigger",
    blocking=True,
)
ADD_ROWVERSION = FAMILY.rule(
    "add-rowversion",
    "E",
    "a rowversion column is added",
    reason="Every row is written under a schema lock.",
    instead="a new table, or a column kept by a trigger",
    blocking=True,
)
ADD_PERSISTED = FAMILY.rule(
    "add-persisted",
    "E",
    "a persisted computed column is added",
    reason="Every row is written under a schema lock.",
    instead="a computed column that is not persisted, or a column kept by a trigger",
    blocking=True,
)
ALTER_TYPE = FAMILY.rule(
    "alter-type",
    "E",
    "a column's type changes",
    reason=(
        "Rows may be rewritten under a schema lock, and the running version reads the type that it was built with."
    ),
    instead="a new column, kept in step by a trigger; widening a varchar(n) is harmless",
    blocking=True,
)
ALTER_NOTNULL = FAMILY.rule(
    "alter-notnull",
    "E",
    "a column becomes NOT NULL",
    reason="All rows are read under a schema lock, and the running version still writes NULL.",
    instead="contract, after a backfill and a check for NULLs in the same transaction",
    blocking=True,
)
ALTER_NULL = FAMILY.rule(
    "alter-null",
    "W",
    "a column becomes nullable",
    reason="The running version's typed reader meets NULL.",
    instead="a new column",
)
ALTER_IMPLICIT_NULL = FAMILY.rule(
    "alter-implicit-null",
    "A",
    "ALTER COLUMN says neither NULL nor NOT NULL",
    reason="The column silently becomes nullable.",
    instead="write NULL or NOT NULL",
)


_ZERO = {
    **dict.fromkeys(["int", "integer", "bigint", "smallint", "tinyint", "bit", "decimal", "dec", "numeric"], "0"),
    **dict.fromkeys(["money", "smallmoney", "float", "real"], "0"),
    **dict.fromkeys(["char", "varchar", "text"], "''"),
    **dict.fromkeys(["nchar", "nvarchar", "ntext", "sysname"], "N''"),
    **dict.fromkeys(["date", "datetime", "datetime2", "smalldatetime", "datetimeoffset"], "'19000101'"),
    "time": "'00:00'",
    "uniqueidentifier": "'00000000-0000-0000-0000-000000000000'",
    **dict.fromkeys(["binary", "varbinary", "image"], "0x"),
}  # fmt: skip


_LARGE = frozenset({"xml", "text", "ntext", "image", "hierarchyid", "geometry", "geography", "json"})


_CONSTANT_FUNCTIONS = frozenset(
    """GETDATE GETUTCDATE SYSDATETIME SYSUTCDATETIME SYSDATETIMEOFFSET CURRENT_TIMESTAMP SUSER_SNAME SUSER_NAME
    SUSER_ID USER_NAME CURRENT_USER SESSION_USER SYSTEM_USER USER ORIGINAL_LOGIN HOST_NAME APP_NAME DB_NAME
    CONVERT CAST DATEADD DATEPART YEAR MONTH DAY ISNULL COALESCE NULL N AS DATE DATETIME DATETIME2
    DATETIMEOFFSET INT BIGINT SMALLINT TINYINT BIT VARCHAR NVARCHAR CHAR NCHAR DECIMAL NUMERIC FLOAT REAL MONEY
    TIME UNIQUEIDENTIFIER VARBINARY BINARY SMALLDATETIME DATEFROMPARTS AT ZONE SESSION_CONTEXT CONTEXT_INFO
    REPLICATE UPPER LOWER ABS TODATETIMEOFFSET SWITCHOFFSET EOMONTH""".split()  # noqa: SIM905
)


def _constant(default: list[Token]) -> bool:
    """Whether a default has one value for all rows of a statement."""
    names = [token for token in default if token.kind in (WORD, QUOTED)]
    return all(token.key in _CONSTANT_FUNCTIONS for token in names if token.kind == WORD) and not any(
        token.kind == QUOTED and token.text.strip('[]"').upper() not in _CONSTANT_FUNCTIONS for token in names
    )


def _default_text(column: Column, unit: Unit) -> str:
    if not column.default:
        return ""
    return unit.text[column.default[0].start : column.default[-1].end]


def staged(table: Name | None, column: Column, value: str, *, required: bool = True) -> Advice:
    """The three steps to a required column."""
    name = plain(column.name)
    type_text = column.full_type
    target = full(table)
    default = (
        f" CONSTRAINT {constraint_name('DF', table.base if table else '', column.name)} DEFAULT ({value})"
        if value
        else ""
    )
    scripts = [("expand", f"ALTER TABLE {target} ADD {name} {type_text} NULL{default};\n")]
    if value:
        scripts.append(
            (
                "backfill",
                "-- migrate: batch 1000 pause 100ms\n"
                f"UPDATE TOP (1000) {target} SET {name} = {value} WHERE {name} IS NULL;\n",
            )
        )
    if required:
        scripts.append(
            (
                "contract",
                f"IF EXISTS (SELECT 1 FROM {target} WITH (TABLOCKX, HOLDLOCK) WHERE {name} IS NULL)\nBEGIN;\n"
                f"    THROW 50000, N'{(target + '.' + name).replace(chr(39), chr(39) * 2)} still holds NULL: run the "
                "backfill again', 1;\nEND;\n"
                f"ALTER TABLE {target} ALTER COLUMN {name} {type_text} NOT NULL;\n",
            )
        )
    return Advice(
        "Nullable now, filled in batches, required later. A default alone is not enough where the running version "
        "writes NULL itself.",
        tuple(scripts),
    )


@FAMILY.on("ALTER TABLE")
def add_column(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    if context.own.table(table, unit):
        return
    likely = context.own.table(table, unit, LIKELY)  # excuses what only locks, not what fails an INSERT
    for action in statement.actions:
        column = action.column
        if action.kind != "ADD COLUMN" or column is None:
            continue
        if not likely:
            _added(context, unit, table, column)
        elif not _fills_itself(column):
            _constrained(context, unit, table, column)
            if _fails_inserts(column):
                _required(context, unit, table, column)


def _fills_itself(column: Column) -> bool:
    return bool(column.computed or column.identity or column.type_name in ("rowversion", "timestamp"))


def _fails_inserts(column: Column) -> bool:
    """Whether an INSERT that leaves the new column out fails."""
    return column.required and column.default is None


def _added(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    if column.computed:
        _computed(context, unit, table, column)
    elif column.type_name in ("rowversion", "timestamp"):
        _rowversion(context, unit, table, column)
    elif column.identity:
        _identity(context, unit, table, column)
    else:
        _constrained(context, unit, table, column)
        _required(context, unit, table, column)


def _nullable(table: Name | None, column: Column, type_text: str = "") -> tuple[str, str]:
    """The script that adds the column without anything else."""
    return (
        "expand",
        f"ALTER TABLE {full(table)} ADD {plain(column.name)} {type_text or column.full_type} NULL;\n",
    )


def _computed(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    if column.persisted:
        context.report(
            unit,
            ADD_PERSISTED,
            f"adds persisted computed {_where(table, column)}",
            token=column.token,
            table=table,
            advice=Advice("Leave PERSISTED out: the value is computed when it is read."),
        )


def _rowversion(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    context.report(
        unit,
        ADD_ROWVERSION,
        f"adds {_where(table, column)} of type {column.type_name}",
        token=column.token,
        table=table,
        advice=Advice(
            "Put it into a table of its own, with the key of the first, or count versions in a column that a trigger "
            "keeps.",
            (_nullable(table, column, "bigint"),),
        ),
    )


def _identity(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    context.report(
        unit,
        ADD_IDENTITY,
        f"adds IDENTITY {_where(table, column)}",
        token=column.token,
        table=table,
        advice=Advice(
            "A nullable column, filled from a sequence in backfill, with the sequence as its default.",
            (_nullable(table, column),),
        ),
    )


def _constrained(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    """A foreign key, a CHECK or a key in the definition of the column."""
    where = _where(table, column)
    alone = _nullable(table, column)
    if column.references is not None:
        name = constraint_name("FK", table.base if table else "", column.name)
        later = (
            f"ALTER TABLE {full(table)} WITH NOCHECK ADD CONSTRAINT {name} FOREIGN KEY ({plain(column.name)}) "
            f"{unit.text[column.reference[0].start : column.reference[-1].end]};\n"
        )
        harmless = column.stays_null and context.own.table(column.references, unit)
        context.report(
            unit,
            ADD_FOREIGN_KEY,
            f"adds {where} with a foreign key to {full(column.references)}",
            token=column.token,
            table=table,
            severity=WARNING if harmless else None,
            advice=Advice("The column now, the foreign key in contract.", (alone, ("contract", later))),
        )
    if column.check:
        context.report(
            unit,
            ADD_CHECK,
            f"adds {where} with a CHECK",
            token=column.token,
            table=table,
            severity=WARNING if column.stays_null and null_passes(column.condition, [column.name]) else None,
            advice=Advice("The column now, the CHECK in contract.", (alone,)),
        )
    if column.unique or column.primary_key:
        context.report(
            unit,
            ADD_UNIQUE,
            f"adds unique {where}",
            token=column.token,
            table=table,
            advice=Advice("The column now, the key in contract.", (alone,)),
        )


def _required(context: Context, unit: Unit, table: Name | None, column: Column) -> None:
    """NOT NULL, a default, and WITH VALUES."""
    where = _where(table, column)
    if _fails_inserts(column):
        context.report(
            unit,
            ADD_REQUIRED,
            f"adds required {where} ({column.type_text} {_as_written(column)}) with no default",
            token=column.token,
            table=table,
            advice=staged(table, column, _ZERO.get(column.type_name, "")),
        )
    elif column.required:
        _default_offline(context, unit, table, column, where)
    if column.with_values:
        context.report(
            unit,
            ADD_WITH_VALUES,
            f"fills {where} in every row (WITH VALUES)",
            token=column.token,
            table=table,
            advice=staged(table, column, _default_text(column, unit), required=False),
        )


def _as_written(column: Column) -> str:
    if column.nullable is None and not column.primary_key:
        return "without NULL, which is not nullable for every type"
    return "NOT NULL"


def _default_offline(context: Context, unit: Unit, table: Name | None, column: Column, where: str) -> None:
    large = column.type_name in _LARGE or "max" in column.type_args
    own_type = "." in column.type_name
    constant = column.default is not None and _constant(column.default)
    edition = context.options.edition or (context.live.edition if context.live else "")
    why = ""
    severity: str | None = None
    if not constant:
        why = "its default is not a constant at run time"
    elif large or own_type:
        why = f"its type is {column.type_text}"
    elif edition in ("standard", "express", "web"):
        why = f"{edition.capitalize()} edition writes every row"
    elif edition not in ("enterprise", "developer", "azure"):
        facts = context.table_facts(table)
        if facts is not None and facts.rows == 0:
            return
        why = "on Standard edition it writes every row; state the server's edition to know"
        severity = WARNING if named(context.options.phase).strict else None
    if not why:
        return
    context.report(
        unit,
        ADD_DEFAULT_OFFLINE,
        f"adds {where} NOT NULL with a default: {why}",
        token=column.token,
        table=table,
        severity=severity,
        advice=staged(table, column, _default_text(column, unit)),
    )


@FAMILY.on("ALTER TABLE")
def alter_column(context: Context, unit: Unit) -> None:
    for action in unit.statement.actions:
        if action.column is None:
            continue
        if action.kind == "ALTER COLUMN OPTION":
            _option(context, unit, action, action.column)
        elif action.kind == "ALTER COLUMN":
            table = unit.statement.name
            facts = context.table_facts(table)
            now = facts.columns.get(action.column.name.lower()) if facts is not None else None
            _nullability(context, unit, action.column, now)
            made = context.own.definition(table, action.column.name)
            same = made is not None and (made.type_name, made.type_args) == (
                action.column.type_name,
                action.column.type_args,
            )
            if not same and (now is None or action.words or not _same_or_wider(action.column, now)):
                _retyped(context, unit, action.column, now)


def _own(context: Context, unit: Unit, column: Column) -> bool:
    """Whether the running version does not know the column. Its INSERT meets the column all the same."""
    table = unit.statement.name
    return context.own.table(table, unit) or context.own.column(table, column.name, unit)


_HARMLESS_OPTIONS = (("ROWGUIDCOL",), ("NOT FOR REPLICATION",))


def _option(context: Context, unit: Unit, action: Action, column: Column) -> None:
    table = unit.statement.name
    if action.words[1:] in _HARMLESS_OPTIONS:
        return
    adds = action.words[0] == "ADD"
    context.report(
        unit,
        ADD_PERSISTED if action.words == ("ADD", "PERSISTED") else ALTER_TYPE,
        f"{action.words[0].lower()}s {action.words[1]} {'to' if adds else 'from'} {_where(table, column)}",
        token=column.token,
        table=table,
        advice=Advice("Leave it, or do it in contract.", (("contract", unit.source.rstrip("; \n") + ";\n"),)),
        breaks=broken(RETYPED, table, column.name),
        exempt=context.own.table(table, unit),
    )


def _where(table: Name | None, column: Column) -> str:
    return f"column {plain(column.name)} of {full(table)}"


def _nullability(context: Context, unit: Unit, column: Column, now: ColumnFacts | None) -> None:
    """What ALTER COLUMN says, or leaves out, about NULL."""
    table = unit.statement.name
    own = _own(context, unit, column)
    if column.nullable is None:
        context.report(
            unit,
            ALTER_IMPLICIT_NULL,
            f"ALTER COLUMN {plain(column.name)} says neither NULL nor NOT NULL",
            token=column.token,
            advice=Advice(
                "Write it out; without it the column becomes nullable."
                + ("" if now is None else f" At present it is {'NULL' if now.nullable else 'NOT NULL'}.")
            ),
            exempt=own,
        )
    elif column.nullable is False and (now is None or now.nullable):
        value = _ZERO.get(column.type_name, "")
        context.report(
            unit,
            ALTER_NOTNULL,
            f"makes {_where(table, column)} NOT NULL",
            token=column.token,
            table=table,
            advice=Advice(
                "Backfill first; in contract, check for NULLs in the same transaction.",
                tuple(pair for pair in staged(table, _as_now(column, now), value).scripts if pair[0] != EXPAND.name),
            ),
            breaks=broken(RETYPED, table, column.name),
            exempt=context.own.table(table, unit),
        )
    elif column.nullable is True and (now is None or not now.nullable):
        context.report(
            unit,
            ALTER_NULL,
            f"makes {_where(table, column)} nullable, if it is not",
            token=column.token,
            advice=Advice("Add a new column that is nullable."),
            exempt=own,
        )


def _as_now(column: Column, now: ColumnFacts | None) -> Column:
    """The column with the collation that it has, where the statement names none."""
    if column.collate or now is None or not now.collation:
        return column
    return replace(column, collate=now.collation)


def _retyped(context: Context, unit: Unit, column: Column, now: ColumnFacts | None) -> None:
    table = unit.statement.name
    message = f"changes {_where(table, column)} to {column.type_text}"
    if now is None:
        message += "; its present type is not known here"
    else:
        message += (
            f", at present {now.type_name}({now.characters})" if now.max_length else f", at present {now.type_name}"
        )
    context.report(
        unit,
        ALTER_TYPE,
        message,
        token=column.token,
        table=table,
        severity=ERROR if named(context.options.phase).strict else None,
        advice=Advice(
            "A new column beside it, kept in step by a trigger, and the old one dropped in contract. Where this only "
            "widens a varchar(n), "
            "run the linter with a connection, or say so in a waiver.",
            (("expand", f"ALTER TABLE {full(table)} ADD {plain(column.name + '_2')} {column.type_text} NULL;\n"),),
        ),
        breaks=broken(RETYPED, table, column.name),
        exempt=context.own.table(table, unit),
    )


def _same_or_wider(column: Column, now: ColumnFacts) -> bool:
    if column.collate and now.collation:
        return False
    if column.type_name != now.type_name:
        return False
    if column.type_name in ("varchar", "nvarchar", "varbinary"):
        if not column.type_args:
            return False
        if column.type_args == ("max",):
            return now.max_length == -1
        if now.max_length == -1 or not column.type_args[0].isdigit():
            return False
        return int(column.type_args[0]) >= now.characters
    if column.type_name in ("char", "nchar", "binary"):
        return bool(column.type_args) and column.type_args[0] == str(now.characters)
    return not column.type_args
