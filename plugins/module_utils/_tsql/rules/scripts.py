# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the script as a whole: sessions, transactions, other databases, what cannot be seen."""

from __future__ import annotations

from ..analysis import HOLE, Script, Unit
from ..findings import ERROR, WARNING, Advice
from ..lexer import QUOTED, WORD, string_value
from ..statements import Name, Statement, plain
from .data import target
from .registry import Context, full, on

_SESSION = frozenset(
    """LOCK_TIMEOUT NOEXEC PARSEONLY IMPLICIT_TRANSACTIONS FMTONLY SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML ANSI_DEFAULTS
    ANSI_NULL_DFLT_OFF REMOTE_PROC_TRANSACTIONS""".split()  # noqa: SIM905
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


@on("SET")
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
                "session",
                f"SET {word} {value}",
                advice=Advice("Leave it out: the migration engine sets what the script needs."),
            )
        elif word in _MUST_BE_ON and value == "OFF":
            context.report(
                unit,
                "session",
                f"SET {word} OFF",
                severity=WARNING if word not in ("XACT_ABORT", "QUOTED_IDENTIFIER", "ANSI_NULLS") else None,
                advice=Advice(
                    f"Leave it out: {word} is ON."
                    if word != "XACT_ABORT"
                    else "Leave it out: with XACT_ABORT ON an error rolls back."
                ),
            )


@on("EXECUTE AS", "SETUSER", "REVERT")
def context_switch(context: Context, unit: Unit) -> None:
    context.report(unit, "session", f"{unit.statement.kind} changes who runs the rest", advice=Advice("Leave it out."))


@on("BEGIN TRANSACTION", "COMMIT TRANSACTION", "ROLLBACK TRANSACTION", "SAVE TRANSACTION")
def transaction(context: Context, unit: Unit) -> None:
    if unit.number in _framed(context.script):
        context.report(
            unit,
            "transaction",
            "Entity Framework Core's own transaction: inside the module's it neither begins nor commits anything",
            severity=WARNING,
            advice=Advice("Generate the script with --no-transactions."),
        )
        return
    context.report(
        unit,
        "transaction",
        f"{unit.statement.kind} in a script",
        advice=Advice(
            "Leave it out: the migration engine runs a script, and writes its journal row, in one transaction."
        ),
    )


def _framed(script: Script) -> frozenset[int]:
    """The transaction statements that Entity Framework Core writes around its migrations.

    BEGIN TRANSACTION and COMMIT alternate, unnamed and under no condition, and each pair holds the row that goes into the
    migrations' history.
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


_WHOLE = [
    "ALTER DATABASE",
    "CREATE DATABASE",
    "DROP DATABASE",
    "BACKUP",
    "RESTORE",
    "SHUTDOWN",
    "RECONFIGURE",
    "ALTER SERVER",
]


@on(*_WHOLE)
def database(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        "database",
        f"{unit.statement.kind} reaches beyond the schema",
        advice=Advice("Leave it to the collection's modules or an administrator."),
    )


@on("KILL")
def kill(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        "kill-blockers",
        "KILL ends other sessions",
        advice=Advice("Leave it out: the migration engine waits, and gives up in time."),
    )


@on("USE")
def use(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        "cross-database",
        f"USE {plain(unit.statement.name.base) if unit.statement.name else ''} leaves the database that the run is for",
        advice=Advice("Leave it out: the connection names the database."),
    )


_HARMLESS = frozenset({"tempdb", "master"})
_SYSTEM_SCHEMAS = frozenset({"sys", "information_schema"})


def cross_database(context: Context, unit: Unit) -> None:
    """For every statement: names of three and four parts, and OPENQUERY and the like."""
    statement = unit.statement
    if statement.kind in ("DROP STATISTICS", "UPDATE STATISTICS"):
        return  # table.statistic is no name of another database
    if statement.module is not None and statement.module.statement is statement:
        names = [statement.name] if statement.name else []
    else:
        names = list(statement.names)
    targets = [action.target for action in statement.actions if action.target]
    for name, source in [(one, False) for one in (*names, *targets)] + [(one, True) for one in statement.sources]:
        if name is None or not name.database:
            continue
        if name.temporary and name.database.lower() == "tempdb":
            continue
        reads = source and not name.server and name.database.lower() in _HARMLESS
        if statement.kind == "EXEC":
            reads = name.base.lower().startswith("sp_") and name.database.lower() == "master"
        context.report(
            unit,
            "cross-database",
            f"{name} names another " + ("server" if name.server else "database"),
            token=name.token,
            severity=WARNING if reads else None,
            advice=Advice(f"{full(Name(name.parts[-2:], name.token))}, in the database of the connection."),
        )
    if "remote" in statement.flags:
        context.report(
            unit,
            "cross-database",
            "reads or runs something on another server",
            advice=Advice("Two-part names in this database."),
        )


# -- procedures

_KNOWN = frozenset(
    """sp_addextendedproperty sp_updateextendedproperty sp_dropextendedproperty sp_refreshview sp_refreshsqlmodule sp_recompile
    sp_help sp_helptext sp_helpindex sp_helpconstraint sp_helpdb sp_spaceused sp_who sp_who2 sp_lock sp_columns sp_tables sp_depends
    sp_fkeys sp_pkeys sp_statistics sp_updatestats sp_createstats sp_autostats sp_settriggerorder sp_set_session_context
    sp_getapplock sp_releaseapplock sp_addrolemember sp_addrole sp_grantdbaccess sp_adduser sp_addmessage sp_describe_first_result_set
    sp_sequence_get_range sp_helprole sp_helpuser sp_helptrigger sp_cleanup_temporal_history sp_executesql sp_rename sp_changeobjectowner
    sp_tableoption sp_addtype sp_xml_preparedocument sp_xml_removedocument sp_droprolemember sp_dropuser sp_revokedbaccess
    sp_droprole sp_unbindefault sp_unbindrule sp_bindefault sp_bindrule sp_droptype sp_configure sp_dboption sp_dbcmptlevel
    sp_detach_db sp_attach_db sp_renamedb sp_changedbowner sp_fulltext_database sp_fulltext_catalog sp_fulltext_table sp_fulltext_column
    sp_addlinkedserver sp_serveroption sp_addlinkedsrvlogin sp_dropserver sp_change_users_login sp_defaultdb sp_addlogin sp_droplogin
    sp_indexoption""".split()  # noqa: SIM905
)
_PERMISSION_PROCS = frozenset(
    {
        "sp_droprolemember",
        "sp_dropuser",
        "sp_revokedbaccess",
        "sp_droprole",
        "sp_change_users_login",
        "sp_droplogin",
        "sp_defaultdb",
    }
)
_DATABASE_PROCS = frozenset(
    {"sp_configure", "sp_dboption", "sp_dbcmptlevel", "sp_detach_db", "sp_attach_db", "sp_changedbowner", "sp_addlogin"}
)
_REMOTE_PROCS = frozenset({"sp_addlinkedserver", "sp_serveroption", "sp_addlinkedsrvlogin", "sp_dropserver"})
_OTHER_PROCS = {
    "sp_unbindefault": ("drop-default", "unbinds a default"),
    "sp_bindefault": ("change-default", "binds a default"),
    "sp_unbindrule": ("drop-constraint", "unbinds a rule"),
    "sp_bindrule": ("add-check", "binds a rule"),
    "sp_droptype": ("drop-module", "drops a type"),
    "sp_tableoption": ("unknown", "sp_tableoption changes how a table is stored or locked"),
    "sp_indexoption": ("unknown", "sp_indexoption changes how an index locks"),
}


@on("EXEC")
def procedure(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if "variable" in statement.flags:
        context.report(
            unit, "dynamic", "EXEC of a procedure whose name is in a variable", advice=Advice("Name the procedure.")
        )
        return
    name = statement.name
    if name is None:
        return
    if HOLE in name.parts:
        return
    base = name.base.lower()
    if base in _PERMISSION_PROCS:
        context.report(unit, "permissions", f"{base} takes rights away", advice=Advice("Do it in contract."))
    elif base in _DATABASE_PROCS:
        context.report(unit, "database", f"{base} reaches beyond the schema")
    elif base in _REMOTE_PROCS:
        context.report(unit, "cross-database", f"{base} links another server")
    elif base in _OTHER_PROCS:
        rule, message = _OTHER_PROCS[base]
        context.report(unit, rule, message, advice=Advice("Do it in contract, or allow it with a reason."))
    elif base.startswith("sp_fulltext"):
        if not context.script.no_transaction:
            context.report(
                unit,
                "no-transaction",
                f"{base} cannot run inside a transaction",
                advice=Advice("A script of its own, headed -- migrate: no-transaction"),
            )
    elif base not in _KNOWN or (
        name.schema and name.schema.lower() not in ("sys", "dbo") and base not in ("sp_executesql", "sp_rename")
    ):
        _own_procedure(context, unit, name)
    if "concatenated" in statement.flags and base != "sp_executesql":
        context.report(unit, "unknown", "an argument of EXEC cannot be an expression")


def _own_procedure(context: Context, unit: Unit, name: Name) -> None:
    module = unit.statement.module
    if module is not None and module.name is not None and module.name.key == name.key:
        return  # it calls itself
    body = context.objects.bodies.get(name.key)
    if body is not None and (name.temporary or context.new_module(name, unit)):
        for rule, message in list(body):
            context.report(unit, rule, f"runs {full(name)}, which this release makes: {message}", severity=ERROR)
        return
    context.report(
        unit,
        "dynamic",
        f"runs {full(name)}, whose code is not in this release's scripts",
        token=name.token,
        advice=Advice(
            "Write what it does into the script, or say in a waiver what it does: -- lint: allow dynamic <what it does>"
        ),
    )


# -- one batch

_USES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "IF", "WHILE", "SET", "DECLARE"})


def same_batch(context: Context, script: Script) -> None:
    """Columns that are added, and used by a statement of the same batch."""
    batch: int | tuple[int, str] = -1
    added: dict[tuple[str, str], set[str]] = {}
    created: set[tuple[str, str]] = set()
    for unit in script.units:
        statement = unit.statement
        here: tuple[int, str] = (unit.batch, "" if not unit.in_string else unit.text)
        if here != batch:
            if unit.in_string:
                continue
            batch = here
            added, created = {}, set()
        if statement.module is not None:
            continue
        name = statement.name
        if statement.kind == "CREATE TABLE" and name is not None:
            created.add(name.key)
        elif statement.kind == "ALTER TABLE" and name is not None:
            if name.temporary or name.key in created:
                continue
            for action in statement.actions:
                if action.kind == "ADD COLUMN":
                    added.setdefault(name.key, set()).add(action.name.lower())
        elif added and statement.kind in _USES:
            _used(context, unit, added)


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
                "same-batch",
                f"uses column {plain(string_value(token))} in the batch that adds it",
                token=token,
                advice=Advice("Put a GO line between the two, or wrap the second in EXEC(N'...')."),
            )
            return


# -- the rest

_SCHEMA_KINDS = (
    "CREATE TABLE", "ALTER TABLE", "DROP TABLE", "CREATE INDEX", "DROP INDEX", "ALTER INDEX", "TRUNCATE TABLE", "INSERT", "UPDATE",
    "DELETE", "MERGE", "CREATE PROCEDURE", "CREATE VIEW", "CREATE FUNCTION", "CREATE TRIGGER", "ALTER PROCEDURE", "ALTER VIEW",
    "ALTER FUNCTION", "ALTER TRIGGER", "CREATE OR ALTER PROCEDURE", "CREATE OR ALTER VIEW", "CREATE OR ALTER FUNCTION",
    "CREATE OR ALTER TRIGGER", "CREATE SEQUENCE", "CREATE TYPE", "CREATE SYNONYM", "DROP PROCEDURE", "DROP VIEW", "DROP FUNCTION",
    "DROP SYNONYM", "DROP SEQUENCE", "DROP TRIGGER", "DROP TYPE",
)  # fmt: skip


@on(*_SCHEMA_KINDS)
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
        context.report(unit, "unqualified", f"{name} has no schema", token=name.token, advice=Advice(f"{full(name)}"))


_GUARDED = ("CREATE ", "ALTER ", "DROP ")


def not_idempotent(context: Context, unit: Unit) -> None:
    """For every statement of a script without a transaction."""
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
        "not-idempotent",
        f"{kind} without a guard, in a script that runs in no transaction",
        advice=Advice(
            "IF COL_LENGTH(...) IS NULL, IF OBJECT_ID(...) IS NULL, or IF NOT EXISTS (SELECT ... FROM sys...) before it."
        ),
    )


def name_length(context: Context, unit: Unit) -> None:
    """For every statement: names that are too long."""
    for token in unit.words():
        if token.end - token.start > 128 and token.kind in (WORD, QUOTED) and len(string_value(token)) > 128:
            context.report(
                unit,
                "name-length",
                f"a name of {len(string_value(token))} characters",
                token=token,
                advice=Advice("128 at most, suffix included."),
            )
    statement = unit.statement
    if statement.kind == "EXEC" and statement.name is not None and statement.name.base.lower() == "sp_rename":
        for argument in statement.args[1:2]:
            if len(string_value(argument.token)) > 128:
                context.report(unit, "name-length", "a new name of more than 128 characters", token=argument.token)


@on("UNKNOWN")
def unknown(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        "unknown",
        unit.statement.message,
        advice=Advice(
            "Write the statement in a form that the linter knows, or allow it: -- lint: allow unknown <why it is harmless>"
        ),
    )
