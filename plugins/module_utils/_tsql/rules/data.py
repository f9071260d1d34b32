# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about rows."""

from __future__ import annotations

from dataclasses import replace

from ..._scripts.phases import named
from ..analysis import Unit
from ..breaking import EMPTIED, broken
from ..extent import (
    FEW,
    assignments,
    columns_in,
    copies_few,
    extent,
    in_loop,
    is_few,
    joined_to_few,
    null_only_from_columns,
    null_tests,
    says_nothing,
    target,
    top_of,
    where_of,
)
from ..findings import WARNING, Advice
from ..ownership import LIKELY
from ..statements import Action, Name, plain
from .family import SILENT, Context, Family
from .triggers import TRIGGER_OFF
from .unreadable import UNKNOWN
from .wording import full, in_contract

FAMILY = Family()

DATA_MASS = FAMILY.rule(
    "data-mass",
    "E",
    "rows are written all at once",
    reason="About 5,000 row locks escalate to a lock on the table, and the log grows by all of it.",
    instead="batches of fewer than 5,000 rows",
    blocking=True,
)
DATA_MEANING = FAMILY.rule(
    "data-meaning",
    "W",
    "existing rows are edited",
    reason="The running version meets values that it does not know.",
    instead="add rows first; edit in contract",
    in_body=SILENT,
)
TRUNCATE = FAMILY.rule(
    "truncate",
    "E",
    "a table is emptied",
    reason="The rows are gone, under a schema lock.",
    instead="contract",
    blocking=True,
)
SWITCH = FAMILY.rule(
    "switch",
    "E",
    "a table's rows are switched away",
    reason="The rows are gone from where they were, under a schema lock.",
    instead="contract",
    blocking=True,
)
PARTITION = FAMILY.rule(
    "partition",
    "E",
    "partitions change",
    reason="Data moves, or is gone, under a schema lock.",
    instead="contract",
    blocking=True,
)


def _shared(context: Context, unit: Unit, table: Name | None) -> bool:
    """Whether the rows of a table are the running version's too. A table that only may be new is shared."""
    if table is None:
        return True
    if table.temporary or table.base.lower() in ("inserted", "deleted"):
        return False
    return not context.own.table(table, unit)


def _composed(context: Context, unit: Unit) -> bool:
    if "composed" not in unit.statement.flags:
        return False
    context.report(
        unit,
        UNKNOWN,
        f"a {unit.statement.kind} inside FROM ( )",
        advice=Advice("Write it as a statement of its own, with OUTPUT INTO."),
    )
    return True


@FAMILY.on("UPDATE", "DELETE")
def data_mass(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = target(unit)
    if not _shared(context, unit, table) or _composed(context, unit):
        return
    rows = extent(context.script, unit, context.table_facts(table))
    verb = "deletes" if statement.kind == "DELETE" else "updates"
    where = where_of(unit)
    if verb == "deletes" and (not where or says_nothing(where)) and not joined_to_few(unit):
        rows = replace(rows, few=False, why=rows.why or "without a WHERE that leaves any out", accumulates=False)
    if not rows.few and _refused(context, unit, table):
        context.report(
            unit,
            DATA_MASS,
            f"{verb} rows of {full(table)} {rows.why}",
            table=table,
            severity=WARNING if rows.accumulates and named(context.options.phase).batched else None,
            advice=_batches(context, unit, table),
            breaks=broken(EMPTIED, table) if statement.kind == "DELETE" and not where_of(unit) else None,
        )
    elif named(context.options.phase).defines and not is_few(top_of(unit)):
        context.report(
            unit,
            DATA_MEANING,
            f"{verb} rows of {full(table)} that the running version knows",
            advice=Advice("Add new rows instead; edit or delete old ones in contract."),
        )


def _refused(context: Context, unit: Unit, table: Name | None) -> bool:
    """Whether a statement that is not proven to touch few rows is refused.

    Any WHERE of a backfill finds every row: it is written for that. So does one that fills a new column, or asks for
    rows that are not filled yet. Otherwise a WHERE is left to data-meaning: most such statements correct single rows.
    """
    where = where_of(unit)
    if named(context.options.phase).batched or not where or in_loop(unit) or top_of(unit) or says_nothing(where):
        return True
    unfilled = set(null_tests(where))
    assigned = {column.lower() for column, _value in assignments(unit)}
    return bool(unfilled & assigned) or any(
        context.own.column(table, column, unit, LIKELY) for column in unfilled | assigned
    )


_HEADER = "-- migrate: batch 1000 pause 100ms\n"


def _batches(context: Context, unit: Unit, table: Name | None) -> Advice:
    """The same statement in the engine's own rounds, each in a transaction of its own."""
    if unit.statement.kind == "DELETE":
        scripts = (("contract", _delete_in_batches(unit, table)),)
        return Advice(
            "In contract, in batches, each with its own short transaction.",
            () if unit.statement.sources or unit.dynamic else scripts,
        )
    words = list(unit.words())
    start = next((token.start for token in words if token.key == "SET"), None)
    assigned = assignments(unit)
    fits = start is not None and len(assigned) == 1 and "from" not in unit.statement.flags and not unit.dynamic
    if not fits or where_of(unit) or "output" in unit.statement.flags or in_loop(unit) or start is None:
        return _in_rounds()
    column, value = assigned[0]
    if not null_only_from_columns(value):
        return _in_rounds()
    clause = unit.text[start : words[-1].end].rstrip("; \n")
    done = f"{plain(column)} IS NULL" + "".join(f" AND {plain(one)} IS NOT NULL" for one in columns_in(value))
    return Advice(
        "In backfill, in rounds of the migration engine, with a WHERE that tells which rows are still to do.",
        (("backfill", f"{_HEADER}UPDATE TOP (1000) {full(table)} {clause} WHERE {done};\n"),),
    )


def _in_rounds() -> Advice:
    return Advice(
        "In backfill, with the header -- migrate: batch 1000 pause 100ms and UPDATE TOP (1000) ... WHERE "
        "<not done yet>: the engine runs it again until no row is left, each round in a transaction of its own."
    )


def _delete_in_batches(unit: Unit, table: Name | None) -> str:
    where = where_of(unit)
    condition = f" WHERE {unit.text[where[0].start : where[-1].end].rstrip('; ')}" if where else ""
    target_name = full(table)
    return (
        "-- migrate: no-transaction\n"
        f"IF EXISTS (SELECT 1 FROM {target_name}{condition})\nBEGIN\n    WHILE 1 = 1\n    BEGIN\n"
        f"        DELETE TOP (1000) FROM {target_name}{condition};\n"
        "        IF @@ROWCOUNT = 0 BREAK;\n    END;\nEND;\n"
    )


@FAMILY.on("MERGE")
def merge(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    if not _shared(context, unit, table) or _composed(context, unit):
        return
    facts = context.table_facts(table)
    changes = bool({"delete", "update"} & statement.flags)
    listed = "values" in statement.flags
    if facts is not None and facts.rows < FEW and changes:
        _merge_meaning(context, unit, table)
    elif "by source" in statement.flags and changes:
        context.report(
            unit,
            DATA_MASS,
            f"touches every row of {full(table)} that its source does not have (WHEN NOT MATCHED BY SOURCE)",
            table=table,
            advice=Advice("Leave WHEN NOT MATCHED BY SOURCE out; delete by key, in contract."),
        )
    elif changes and ("delete" in statement.flags or not listed):
        context.report(
            unit,
            DATA_MASS,
            f"updates or deletes rows of {full(table)} all at once (MERGE)",
            table=table,
            advice=Advice("UPDATE TOP (1000) ... in backfill; INSERT ... WHERE NOT EXISTS for new rows."),
        )
    elif changes:
        _merge_meaning(context, unit, table)
    elif not listed and not copies_few(context.script, unit, context.table_facts):
        _copies(context, unit, table)


def _merge_meaning(context: Context, unit: Unit, table: Name | None) -> None:
    if named(context.options.phase).defines:
        context.report(
            unit,
            DATA_MEANING,
            f"updates rows of {full(table)} that the running version knows (MERGE)",
            advice=Advice("Leave WHEN MATCHED out: add new rows only."),
        )


@FAMILY.on("INSERT")
def insert_many(context: Context, unit: Unit) -> None:
    """INSERT ... SELECT takes as many locks as an UPDATE of the same rows."""
    statement = unit.statement
    table = target(unit)
    if not {"select", "exec"} & statement.flags or not _shared(context, unit, table):
        return
    if not copies_few(context.script, unit, context.table_facts):
        _copies(context, unit, table)


def _copies(context: Context, unit: Unit, table: Name | None) -> None:
    context.report(
        unit,
        DATA_MASS,
        f"adds rows to {full(table)} all at once, as many as its source has",
        severity=WARNING,
        table=table,
        advice=Advice("In backfill: -- migrate: batch 1000, and INSERT ... SELECT TOP (1000) ... WHERE NOT EXISTS."),
    )


@FAMILY.on("BULK INSERT")
def bulk_insert(context: Context, unit: Unit) -> None:
    table = target(unit)
    if _shared(context, unit, table):
        context.report(
            unit,
            DATA_MASS,
            f"loads a file into {full(table)} at once, fires no triggers, and leaves constraints unchecked",
            table=table,
            advice=Advice("Load it into a new table, and move its rows in backfill, in batches."),
        )


@FAMILY.on("ALTER TABLE")
def move_partition(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    for action in unit.statement.actions:
        if action.kind == "SWITCH":
            context.report(
                unit,
                SWITCH,
                f"switches rows of {full(table)} to {full(action.target)}",
                token=action.token,
                advice=in_contract(unit),
                table=table,
                breaks=broken(EMPTIED, table),
                exempt=context.own.table(table, unit) and context.own.table(action.target, unit),
            )
        elif action.kind == "DISABLE CHANGE_TRACKING" and not context.own.table(table, unit):
            context.report(
                unit,
                TRIGGER_OFF,
                f"stops the change tracking of {full(table)}: CHANGETABLE fails, and what was tracked is lost",
                token=action.token,
                advice=Advice("Leave it on; stop it in contract when nothing reads it."),
            )
        elif _stops_history(action) and not context.own.table(table, unit):
            context.report(
                unit,
                TRIGGER_OFF,
                f"stops the history of {full(table)}: queries FOR SYSTEM_TIME fail until it is on again",
                token=action.token,
                severity=WARNING if _resumes_history(context, unit) else None,
                advice=Advice("Switch it on again in the same script: its transaction hides the gap."),
            )


def _stops_history(action: Action) -> bool:
    return action.kind == "SET" and action.options.get("SYSTEM_VERSIONING", "").startswith("OFF")


def _resumes_history(context: Context, unit: Unit) -> bool:
    """Whether the same script, in its one transaction, switches the history of the table on again."""
    table = unit.statement.name
    return not context.script.no_transaction and any(
        action.kind == "SET" and action.options.get("SYSTEM_VERSIONING", "").startswith("ON")
        for later in context.script.units[unit.number + 1 :]
        if table is not None and later.statement.name is not None and later.statement.name.key == table.key
        for action in later.statement.actions
    )


@FAMILY.on("TRUNCATE TABLE")
def truncate(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    own = context.own.table(table, unit)
    context.report(
        unit,
        TRUNCATE,
        f"empties table {full(table)}",
        advice=in_contract(unit),
        table=table,
        breaks=broken(EMPTIED, table),
        exempt=own,
    )
    if "partitions" in unit.statement.flags and not own:
        context.report(unit, PARTITION, f"empties partitions of {full(table)}", advice=in_contract(unit), table=table)


@FAMILY.on("ALTER PARTITION FUNCTION", "ALTER PARTITION SCHEME", "DROP PARTITION FUNCTION", "DROP PARTITION SCHEME")
def partition(context: Context, unit: Unit) -> None:
    context.report(
        unit, PARTITION, f"{unit.statement.kind.lower()} {full(unit.statement.name)}", advice=in_contract(unit)
    )
