# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about locks that a script asks for, or keeps longer than it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..analysis import Script, Unit
from ..findings import WARNING, Advice
from ..lexer import WORD, Token
from ..ownership import LIKELY
from ..statements import Name
from .family import SILENT, Context, Family
from .wording import full

FAMILY = Family()

TABLE_LOCK = FAMILY.rule(
    "table-lock",
    "E",
    "a hint or an isolation level asks for a lock on a whole table or range",
    reason="The running version waits until the script's transaction ends.",
    instead="leave the hint out; read and write by key",
    blocking=True,
)
WAIT = FAMILY.rule(
    "wait",
    "A",
    "WAITFOR while the script holds locks",
    reason="The script's transaction keeps its locks while it waits, and the running version waits with it.",
    instead="leave it out; -- migrate: batch ROWS pause MILLISECONDSms pauses between transactions",
    in_body=SILENT,
)
DEADLOCK_PRIORITY = FAMILY.rule(
    "deadlock-priority",
    "A",
    "a script asks to win deadlocks",
    reason="The migration engine sets LOW, so that the running version's request survives a deadlock.",
    instead="leave it out",
    in_body=SILENT,
)

_WHOLE = frozenset({"TABLOCK", "TABLOCKX"})
_RANGE = frozenset({"HOLDLOCK", "SERIALIZABLE", "REPEATABLEREAD"})
_LOW = -5
"""DEADLOCK_PRIORITY LOW as a number (documentation of SET DEADLOCK_PRIORITY)."""


def _hints(words: Sequence[Token]) -> Iterator[Token]:
    """Lock hints: words in a list in parentheses that holds nothing but hints, WITH or not."""
    for at, token in enumerate(words):
        if token.kind != WORD or token.key not in _WHOLE | _RANGE or not at:
            continue
        if words[at - 1].key in ("(", ",") and at + 1 < len(words) and words[at + 1].key in (")", ","):
            yield token


@FAMILY.on("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "BULK INSERT", "IF", "WHILE", "SET", "DECLARE")
def table_lock(context: Context, unit: Unit) -> None:
    statement = unit.statement
    tables = [name for name in (*statement.names, *statement.sources) if name is not None]
    if tables and all(name.temporary or context.own.table(name, unit, LIKELY) for name in tables):
        return
    bounded = "where" in statement.options or statement.kind == "MERGE"
    for token in _hints(unit.words()):
        whole = token.key in _WHOLE
        context.report(
            unit,
            TABLE_LOCK,
            f"{token.key} locks {_all_of(tables)}{'' if whole else ', or a range of its keys,'} "
            "until the script's transaction ends",
            token=token,
            severity=None if whole or not bounded else WARNING,
            table=tables[0] if tables else None,
            advice=Advice("Leave the hint out."),
        )


def _all_of(tables: Sequence[Name]) -> str:
    return " and ".join(dict.fromkeys(full(name) for name in tables)) or "a table"


@FAMILY.on("SET")
def isolation_level(context: Context, unit: Unit) -> None:
    statement = unit.statement
    value = statement.options.get("value", "")
    if statement.words == ("TRANSACTION ISOLATION LEVEL",) and value in ("SERIALIZABLE", "REPEATABLE READ"):
        context.report(
            unit,
            TABLE_LOCK,
            f"SET TRANSACTION ISOLATION LEVEL {value} keeps the locks of every read",
            advice=Advice("Leave it out: READ COMMITTED is enough for a migration."),
        )


@FAMILY.on("SET")
def deadlock_priority(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.words != ("DEADLOCK_PRIORITY",):
        return
    value = statement.options.get("value", "")
    if value == "LOW":
        return
    words = [token.key or token.text for token in unit.words()]
    number = words[-1] if words[-1] != ";" else words[-2]
    if number.isdigit() and "-" in words and int(number) >= -_LOW:
        return
    context.report(
        unit,
        DEADLOCK_PRIORITY,
        f"SET DEADLOCK_PRIORITY {value} is above LOW",
        advice=Advice("Leave it out: the migration engine sets LOW and tries again."),
    )


_KEEPS_LOCKS = ("CREATE ", "ALTER ", "DROP ", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "BULK", "EXEC")


@FAMILY.every_script
def wait(context: Context) -> None:
    """WAITFOR behind a statement that took locks, in a script whose transaction still holds them."""
    script = context.script
    if script.no_transaction:
        return
    for unit in script.units:
        if unit.statement.kind != "WAITFOR" or unit.module is not None:
            continue
        holder = _holder(context, script, unit)
        if holder is not None:
            context.report(
                unit,
                WAIT,
                f"waits while the transaction holds the locks of {holder.statement.kind}",
                advice=Advice(
                    "Leave it out, or pause between rounds: -- migrate: batch 1000 pause 200ms, in backfill."
                ),
            )


def _holder(context: Context, script: Script, waiting: Unit) -> Unit | None:
    """The first statement whose locks are held at this one: one before it, or one in the same loop."""
    loops = {(guard.ident, guard.text) for guard in waiting.guards if guard.word == "WHILE"}
    for unit in script.units:
        statement = unit.statement
        if unit.module is not None or not statement.kind.startswith(_KEEPS_LOCKS):
            continue
        if statement.name is not None and (
            statement.name.temporary or context.own.table(statement.name, waiting, LIKELY)
        ):
            continue
        in_loop = unit.batch == waiting.batch and any(
            guard.word == "WHILE" and (guard.ident, guard.text) in loops for guard in unit.guards
        )
        if unit.number < waiting.number or in_loop:
            return unit
    return None
