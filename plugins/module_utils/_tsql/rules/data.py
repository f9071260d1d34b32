# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about rows."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import Unit
from ..breaking import EMPTIED, broken
from ..findings import WARNING, Advice
from ..lexer import QUOTED, VARIABLE, WORD, Token, string_value
from ..ownership import LIKELY
from ..statements import Action, Name
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


_BATCH = 5000


_NO_COLUMN = frozenset(
    """AND OR NOT NULL IS IN LIKE BETWEEN EXISTS SELECT WHERE CAST CONVERT AS INT BIT LEN GETDATE SYSDATETIME
    ISNULL COALESCE OPTION RECOMPILE MAXDOP""".split()  # noqa: SIM905
)


def target(unit: Unit) -> Name | None:
    """The table that is meant: an alias is looked up in FROM."""
    statement = unit.statement
    name = statement.name
    if name is None or name.schema or name.temporary:
        return name
    sources = {id(source.token): source for source in statement.sources}
    words = unit.words()
    wanted = name.base.lower()
    for at, token in enumerate(words):
        if not at or token.kind not in (WORD, QUOTED) or string_value(token).lower() != wanted:
            continue
        end = at - 2 if words[at - 1].key == "AS" else at - 1
        for first in range(end, max(end - 8, -1), -2):
            source = sources.get(id(words[first]))
            if source is not None and (len(source.parts) - 1) * 2 == end - first:
                return source
    return name


def _says_nothing(words: Sequence[Token]) -> bool:
    """A WHERE that every row fulfils: no column in it (1 = 1), or one compared with itself."""
    columns = [
        token
        for at, token in enumerate(words)
        if token.kind in (WORD, QUOTED)
        and token.key not in _NO_COLUMN
        and not (at + 1 < len(words) and words[at + 1].key == "(")
    ]
    if not columns:
        return not any(token.kind == VARIABLE for token in words)
    plain = [token for token in words if token.key not in ("(", ")", ";")]
    half = len(plain) // 2
    if len(plain) % 2 == 1 and plain[half].key in ("=", ">=", "<="):
        return [token.text.lower() for token in plain[:half]] == [token.text.lower() for token in plain[half + 1 :]]
    return False


def _joined_to_few(unit: Unit) -> bool:
    """Joined to the rows that a trigger is for, or, in a loop, to a temporary table that holds the keys of a batch."""
    statement = unit.statement
    words = unit.words()
    if not any(token.key == "JOIN" for token in words) or any(token.key in ("LEFT", "FULL") for token in words):
        return False
    if statement.module is not None and statement.module.kind == "TRIGGER":
        return any(source.base.lower() in ("inserted", "deleted") and not source.schema for source in statement.sources)
    if not any(guard.word == "WHILE" for guard in unit.guards):
        return False
    return any(source.temporary for source in statement.sources) or any(
        one.key in ("JOIN", "FROM") and two.kind == VARIABLE for one, two in zip(words, words[1:])
    )


def _where(unit: Unit) -> Sequence[Token]:
    statement = unit.statement
    if "where" not in statement.options:
        return ()
    return unit.tokens[int(statement.options["where"]) + 1 : statement.last]


@FAMILY.on("UPDATE", "DELETE")
def data_mass(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = target(unit)
    if table is not None and (table.temporary or context.own.table(table, unit, LIKELY)):
        return
    if table is not None and table.base.lower() in ("inserted", "deleted"):
        return
    if "composed" in statement.flags:
        context.report(
            unit,
            UNKNOWN,
            f"a {statement.kind} inside FROM ( )",
            advice=Advice("Write it as a statement of its own, with OUTPUT INTO."),
        )
        return
    top = statement.options.get("top", "")
    limited = top == "cte" or (top.isdigit() and int(top) < _BATCH and "percent" not in statement.flags)
    where = _where(unit)
    everything = (not where or _says_nothing(where)) and not _joined_to_few(unit)
    verb = "deletes" if statement.kind == "DELETE" else "updates"
    if everything and not limited:
        why = "with no WHERE" if not where else "with a WHERE that every row fulfils"
        if top and not limited:
            why += f" and TOP ({top}), which is not below {_BATCH}"
        context.report(
            unit,
            DATA_MASS,
            f"{verb} {full(table)} {why}",
            table=table,
            advice=_batches(unit, table, statement.kind),
            breaks=broken(EMPTIED, table) if statement.kind == "DELETE" else None,
        )
    elif context.options.phase == "expand" and not limited:
        context.report(
            unit,
            DATA_MEANING,
            f"{verb} rows of {full(table)} that the running version knows",
            advice=Advice("Add new rows instead; edit or delete old ones in contract."),
        )


def _batches(unit: Unit, table: Name | None, kind: str) -> Advice:
    if kind == "DELETE":
        return Advice(
            "In contract, in batches, each with its own short transaction.",
            (
                (
                    "contract",
                    f"WHILE 1 = 1\nBEGIN\n    DELETE TOP (1000) FROM {full(table)};\n    IF @@ROWCOUNT = 0 "
                    "BREAK;\nEND;\n",
                ),
            ),
        )
    words = list(unit.words())
    start = next((token.start for token in words if token.key == "SET"), None)
    first = None
    for at, token in enumerate(words):
        if token.key == "SET" and at + 1 < len(words):
            first = words[at + 1].text
    clause = unit.text[start : words[-1].end] if start is not None and "from" not in unit.statement.flags else ""
    if not clause or first is None or "where" in unit.statement.options or unit.dynamic:
        return Advice(
            "In backfill, in batches of fewer than 5,000 rows: UPDATE TOP (1000) ... WHERE <not done yet>, until "
            "@@ROWCOUNT is 0."
        )
    return Advice(
        "In backfill, in batches, with a WHERE that tells which rows are still to do.",
        (
            (
                "backfill",
                f"WHILE 1 = 1\nBEGIN\n    UPDATE TOP (1000) {full(table)} {clause} WHERE {first} IS NULL;\n    IF "
                "@@ROWCOUNT = 0 BREAK;\nEND;\n",
            ),
        ),
    )


@FAMILY.on("MERGE")
def merge(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    if table is None or table.temporary or context.own.table(table, unit, LIKELY):
        return
    if "composed" in statement.flags:
        context.report(
            unit,
            UNKNOWN,
            "a MERGE inside FROM ( )",
            advice=Advice("Write it as a statement of its own, with OUTPUT INTO."),
        )
        return
    if "by source" in statement.flags and {"delete", "update"} & statement.flags:
        context.report(
            unit,
            DATA_MASS,
            f"touches every row of {full(table)} that its source does not have (WHEN NOT MATCHED BY SOURCE)",
            table=table,
            advice=Advice("Leave WHEN NOT MATCHED BY SOURCE out; delete by key, in contract."),
        )
    elif "delete" in statement.flags or ("update" in statement.flags and "values" not in statement.flags):
        context.report(
            unit,
            DATA_MASS,
            f"updates or deletes rows of {full(table)} all at once (MERGE)",
            table=table,
            advice=Advice("UPDATE TOP (1000) ... in a loop, in backfill; INSERT ... WHERE NOT EXISTS for new rows."),
        )
    elif "update" in statement.flags and context.options.phase == "expand":
        context.report(
            unit,
            DATA_MEANING,
            f"updates rows of {full(table)} that the running version knows (MERGE)",
            advice=Advice("Leave WHEN MATCHED out: add new rows only."),
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
                exempt=context.own.table(table, unit),
            )
        elif _stops_history(action) and not context.own.table(table, unit):
            context.report(
                unit,
                TRIGGER_OFF,
                f"stops the history of {full(table)}",
                token=action.token,
                severity=WARNING,
                advice=Advice("Rows that change until it is on again leave no history."),
            )


def _stops_history(action: Action) -> bool:
    return action.kind == "SET" and action.options.get("SYSTEM_VERSIONING", "").startswith("OFF")


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
