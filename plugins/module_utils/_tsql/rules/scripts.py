# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the script as a whole: sessions, transactions, batches, names."""

from __future__ import annotations

from ..._scripts.checks import OUTSIDE_A_TRANSACTION, memory_optimised
from ..analysis import Script, Unit
from ..extent import target
from ..findings import WARNING, Advice
from ..lexer import QUOTED, WORD, string_value
from ..statements import HOLE, Statement, plain
from .family import AS_IS, SILENT, Context, Family
from .wording import full

FAMILY = Family()

UNQUALIFIED = FAMILY.rule(
    "unqualified",
    "W",
    "an object has no schema",
    reason="Which one is meant depends on the login.",
    instead="dbo. before the name",
    contract=WARNING,
    in_body=SILENT,
)
TRANSACTION = FAMILY.rule(
    "transaction",
    "A",
    "a script has its own transaction",
    reason="The journal would say rolled back where it was not, or the reverse.",
    instead="leave it out: the module owns the transaction",
    in_body=SILENT,
)
NO_TRANSACTION = FAMILY.rule(
    "no-transaction",
    "A",
    "this cannot run inside a transaction",
    reason="The module runs a script in one; the server refuses this there.",
    instead="-- migrate: no-transaction at the script's head, and one guarded statement",
    in_body=SILENT,
)
SESSION = FAMILY.rule(
    "session",
    "A",
    "a session setting defeats the guards",
    reason="Time-outs, roll-back on errors or execution itself no longer hold.",
    instead="leave it out",
    in_body=SILENT,
)
SAME_BATCH = FAMILY.rule(
    "same-batch",
    "A",
    "a column is added and used in one batch",
    reason="The batch is compiled before the column is there: error 207.",
    instead="GO between the two, or EXEC('...')",
    in_body=SILENT,
)
NOT_IDEMPOTENT = FAMILY.rule(
    "not-idempotent",
    "W",
    "no guard in a script without a transaction",
    reason="When it stopped half-way, the next run fails.",
    instead="ask COL_LENGTH or OBJECT_ID first",
    contract=WARNING,
    in_body=SILENT,
)
NAME_LENGTH = FAMILY.rule(
    "name-length",
    "A",
    "a name of more than 128 characters",
    reason="The server refuses it.",
    instead="a shorter name",
    in_body=AS_IS,
)


_SESSION = frozenset(
    """LOCK_TIMEOUT NOEXEC PARSEONLY IMPLICIT_TRANSACTIONS FMTONLY SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML
    ANSI_DEFAULTS ANSI_NULL_DFLT_OFF REMOTE_PROC_TRANSACTIONS""".split()  # noqa: SIM905
)


_MUST_BE_ON = frozenset(
    {
        "XACT_ABORT",
        "QUOTED_IDENTIFIER",
        "ANSI_NULLS",
        "ANSI_WARNINGS",
        "ANSI_PADDING",
        "CONCAT_NULL_YIELDS_NULL",
        "ARITHABORT",
    }
)


_DECISIVE = frozenset({"XACT_ABORT", "QUOTED_IDENTIFIER", "ANSI_NULLS", "ANSI_NULL_DFLT_ON"})
"""OFF changes what the script creates, or what an error ends: without ANSI_NULL_DFLT_ON new columns become NOT NULL."""


@FAMILY.on("SET")
def session(context: Context, unit: Unit) -> None:
    statement = unit.statement
    value = statement.options.get("value", "")
    for word in statement.words:
        if word in _SESSION:
            if value == "OFF" and word in (
                "NOEXEC",
                "PARSEONLY",
                "IMPLICIT_TRANSACTIONS",
                "FMTONLY",
                "ANSI_DEFAULTS",
                "ANSI_NULL_DFLT_OFF",
            ):
                continue
            context.report(
                unit,
                SESSION,
                f"SET {word} {value}",
                advice=Advice("Leave it out: the migration engine sets what the script needs."),
            )
        elif (word in _MUST_BE_ON or word == "ANSI_NULL_DFLT_ON") and value == "OFF":
            context.report(
                unit,
                SESSION,
                f"SET {word} OFF",
                severity=None if word in _DECISIVE else WARNING,
                advice=Advice(
                    f"Leave it out: {word} is ON."
                    if word != "XACT_ABORT"
                    else "Leave it out: with XACT_ABORT ON an error rolls back."
                ),
            )


@FAMILY.on("EXECUTE AS", "SETUSER", "REVERT")
def context_switch(context: Context, unit: Unit) -> None:
    context.report(unit, SESSION, f"{unit.statement.kind} changes who runs the rest", advice=Advice("Leave it out."))


@FAMILY.on("BEGIN TRANSACTION", "COMMIT TRANSACTION", "ROLLBACK TRANSACTION", "SAVE TRANSACTION")
def transaction(context: Context, unit: Unit) -> None:
    if unit.number in _framed(context.script):
        context.report(
            unit,
            TRANSACTION,
            "Entity Framework Core's own transaction: inside the module's it neither begins nor commits anything",
            severity=WARNING,
            advice=Advice("Generate the script with --no-transactions."),
        )
        return
    context.report(
        unit,
        TRANSACTION,
        f"{unit.statement.kind} in a script",
        advice=Advice(
            "Leave it out: the migration engine runs a script, and writes its journal row, in one transaction."
        ),
    )


def _framed(script: Script) -> frozenset[int]:
    """The transaction statements that Entity Framework Core writes around its migrations.

    BEGIN TRANSACTION and COMMIT alternate, unnamed and under no condition, and each pair holds the row that goes into
    the migrations' history.
    """
    if script.framed is not None:
        return script.framed
    framed: set[int] = set()
    opened: Unit | None = None
    history = False
    sound = True
    for unit in script.units:
        statement = unit.statement
        kind = statement.kind
        if kind.endswith(" TRANSACTION"):
            if unit.in_string or statement.module is not None or unit.guards or "named" in statement.flags:
                sound = False
            elif kind == "BEGIN TRANSACTION" and opened is None:
                opened, history = unit, False
            elif kind == "COMMIT TRANSACTION" and opened is not None:
                if history:
                    framed.update((opened.number, unit.number))
                opened = None
            else:
                sound = False
        elif kind in ("INSERT", "DELETE") and is_history(statement):
            history = True
    script.framed = frozenset(framed) if sound and opened is None else frozenset()
    return script.framed


def is_history(statement: Statement) -> bool:
    """Whether this writes the migrations' history of Entity Framework Core."""
    if statement.kind == "INSERT" and statement.insert_columns is not None:
        return tuple(column.lower() for column in statement.insert_columns) == ("migrationid", "productversion")
    return statement.name is not None and statement.name.base.lower() == "__efmigrationshistory"


_USES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "IF", "WHILE", "SET", "DECLARE"})


@FAMILY.every_script
def same_batch(context: Context) -> None:
    """Columns that are added, and used by a statement of the same batch."""
    for batch in _compiled_together(context.script.units):
        added: dict[tuple[str, str], set[str]] = {}
        created: set[tuple[str, str]] = set()
        for unit in batch:
            name = unit.statement.name
            if unit.statement.kind in _USES:
                _used(context, unit, added)
            elif name is None or name.temporary:
                continue
            elif unit.statement.kind == "CREATE TABLE":
                created.add(name.key)
            elif unit.statement.kind == "ALTER TABLE" and name.key not in created:
                new = {action.name.lower() for action in unit.statement.actions if action.kind == "ADD COLUMN"}
                added.setdefault(name.key, set()).update(new)


def _compiled_together(units: list[Unit]) -> list[list[Unit]]:
    """The statements of each batch, without strings that are executed and bodies of modules."""
    batches: dict[int, list[Unit]] = {}
    for unit in units:
        if not unit.in_string and unit.statement.module is None:
            batches.setdefault(unit.batch, []).append(unit)
    return list(batches.values())


def _used(context: Context, unit: Unit, added: dict[tuple[str, str], set[str]]) -> None:
    statement = unit.statement
    touched: set[str] = set()
    named = [target(unit), *statement.sources]
    for name in named:
        if name is not None and name.key in added:
            touched |= added[name.key]
    if not touched:
        return
    for token in unit.words():
        if token.kind in (WORD, QUOTED) and string_value(token).lower() in touched:
            context.report(
                unit,
                SAME_BATCH,
                f"uses column {plain(string_value(token))} in the batch that adds it",
                token=token,
                advice=Advice("Put a GO line between the two, or wrap the second in EXEC(N'...')."),
            )
            return


_MODULES = ("PROCEDURE", "VIEW", "FUNCTION", "TRIGGER")
_SCHEMA_KINDS = (
    *("CREATE TABLE", "ALTER TABLE", "DROP TABLE", "TRUNCATE TABLE", "CREATE INDEX", "ALTER INDEX", "DROP INDEX"),
    *("INSERT", "UPDATE", "DELETE", "MERGE"),
    *(f"{verb} {kind}" for verb in ("CREATE", "ALTER", "CREATE OR ALTER", "DROP") for kind in _MODULES),
    *(f"{verb} {kind}" for verb in ("CREATE", "DROP") for kind in ("SEQUENCE", "TYPE", "SYNONYM")),
)


@FAMILY.on(*_SCHEMA_KINDS)
def unqualified(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.kind in ("UPDATE", "DELETE"):
        name = target(unit)
        names = [name] if name is not None else []
    elif statement.kind == "CREATE SYNONYM":
        names = statement.names
    else:
        names = (
            statement.names[:1]
            if statement.kind.endswith("TRIGGER") and not statement.kind.startswith("DROP")
            else statement.names
        )
    if "cte" in statement.flags or "composed" in statement.flags:
        return
    for name in names:
        if (
            name.schema
            or name.temporary
            or name.database
            or name.base == HOLE
            or name.base.lower() in ("inserted", "deleted")
        ):
            continue
        context.report(unit, UNQUALIFIED, f"{name} has no schema", token=name.token, advice=Advice(f"{full(name)}"))


_GUARDED = ("CREATE ", "ALTER ", "DROP ")


@FAMILY.every_statement
def not_idempotent(context: Context, unit: Unit) -> None:
    """In a script without a transaction, what cannot be run twice."""
    if not context.script.no_transaction:
        return
    statement = unit.statement
    kind = statement.kind
    if (
        not kind.startswith(_GUARDED)
        or statement.module is not None
        or "if exists" in statement.flags
        or unit.in_string
    ):
        return
    if statement.name is not None and statement.name.temporary:
        return
    if kind.startswith("CREATE OR ALTER") or any(guard.existence or guard.history for guard in unit.guards):
        return
    context.report(
        unit,
        NOT_IDEMPOTENT,
        f"{kind} without a guard, in a script that runs in no transaction",
        advice=Advice(
            "IF COL_LENGTH(...) IS NULL, IF OBJECT_ID(...) IS NULL, or IF NOT EXISTS (SELECT ... FROM sys...) before "
            "it."
        ),
    )


@FAMILY.every_statement
def memory_optimised_in_string(context: Context, unit: Unit) -> None:
    """DDL of memory-optimised tables in a string that is executed; elsewhere the engine's reader finds it."""
    if context.script.no_transaction or not unit.in_string or unit.module is not None:
        return
    token = memory_optimised(unit.words())
    if token is not None:
        context.report(unit, NO_TRANSACTION, f"{token.key} {OUTSIDE_A_TRANSACTION}", token=token)


@FAMILY.every_statement
def name_length(context: Context, unit: Unit) -> None:
    """Names that are too long for the server."""
    for token in unit.words():
        if token.end - token.start > 128 and token.kind in (WORD, QUOTED) and len(string_value(token)) > 128:
            context.report(
                unit,
                NAME_LENGTH,
                f"a name of {len(string_value(token))} characters",
                token=token,
                advice=Advice("128 at most, suffix included."),
            )
    statement = unit.statement
    if statement.kind == "EXEC" and statement.name is not None and statement.name.base.lower() == "sp_rename":
        for argument in statement.args[1:2]:
            if len(string_value(argument.token)) > 128:
                context.report(unit, NAME_LENGTH, "a new name of more than 128 characters", token=argument.token)
