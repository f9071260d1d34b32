# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what lies beyond the application's schema: the server, other databases, rights."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import WARNING, Advice
from ..statements import Name, plain
from .family import AS_IS, Context, Family
from .wording import full, in_contract

FAMILY = Family()

PERMISSIONS = FAMILY.rule(
    "permissions",
    "E",
    "permissions are revoked",
    reason="The running version is denied.",
    instead="contract",
)
DATABASE = FAMILY.rule(
    "database",
    "A",
    "the database or server is changed as a whole",
    reason="It reaches beyond the application's schema.",
    instead="the collection's own modules, or an administrator",
)
CROSS_DATABASE = FAMILY.rule(
    "cross-database",
    "A",
    "another database or server is named",
    reason=("In a clone of the database under another name it reaches the wrong one; with USE the journal moves too."),
    instead="two-part names",
    in_body=AS_IS,
)


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


@FAMILY.on(*_WHOLE)
def database(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        DATABASE,
        f"{unit.statement.kind} reaches beyond the schema",
        advice=Advice("Leave it to the collection's modules or an administrator."),
    )


@FAMILY.on("USE")
def use(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        CROSS_DATABASE,
        f"USE {plain(unit.statement.name.base) if unit.statement.name else ''} leaves the database that the run is for",
        advice=Advice("Leave it out: the connection names the database."),
    )


_HARMLESS = frozenset({"tempdb", "master"})


@FAMILY.every_statement
def cross_database(context: Context, unit: Unit) -> None:
    """Names of three and four parts, and OPENQUERY and the like."""
    statement = unit.statement
    if statement.kind in ("DROP STATISTICS", "UPDATE STATISTICS"):
        return  # table.statistic does not name another database
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
            CROSS_DATABASE,
            f"{name} names another " + ("server" if name.server else "database"),
            token=name.token,
            severity=WARNING if reads else None,
            advice=Advice(f"{full(Name(name.parts[-2:], name.token))}, in the database of the connection."),
        )
    if "remote" in statement.flags:
        context.report(
            unit,
            CROSS_DATABASE,
            "reads or runs something on another server",
            advice=Advice("Two-part names in this database."),
        )


@FAMILY.on("GRANT", "DENY", "REVOKE")
def server_permissions(context: Context, unit: Unit) -> None:
    if "server" in unit.statement.flags:
        context.report(
            unit,
            DATABASE,
            f"{unit.statement.kind} of a permission on the whole server",
            severity=WARNING,
            advice=Advice("Leave it to an administrator."),
        )


@FAMILY.on("ALTER SERVER ROLE", "CREATE LOGIN")
def server_principals(context: Context, unit: Unit) -> None:
    statement = unit.statement
    removes = statement.words == ("DROP",)
    context.report(
        unit,
        DATABASE,
        f"{statement.kind} reaches beyond the database",
        severity=None if removes or statement.words == ("NAME",) else WARNING,
        advice=Advice("Leave it to an administrator."),
    )


@FAMILY.on("ADD SIGNATURE")
def signature(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        PERMISSIONS,
        f"signs {full(unit.statement.name)}, which then runs with the permissions of a certificate's or key's user",
        severity=WARNING,
        advice=Advice("Check what that user may do. A later ALTER of the module removes the signature."),
    )


_TAKING = {
    "DENY": "denies rights",
    "REVOKE": "revokes rights",
    "DROP USER": "drops a user",
    "DROP ROLE": "drops a role",
    "DROP LOGIN": "drops a login",
    "DROP APPLICATION ROLE": "drops an application role",
    "ALTER AUTHORIZATION": "changes an owner",
    "ALTER APPLICATION ROLE": "changes an application role",
    "DROP SIGNATURE": "removes a module's signature, and the permissions that came with it",
}


DENYING = frozenset({"db_denydatareader", "db_denydatawriter"})
"""Fixed database roles whose members lose rights."""


@FAMILY.on(*_TAKING, "ALTER USER", "ALTER LOGIN", "ALTER ROLE")
def permissions(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.kind in _TAKING:
        context.report(unit, PERMISSIONS, _TAKING[statement.kind], advice=in_contract(unit))
    elif statement.kind == "ALTER ROLE" and statement.words == ("ADD",):
        if statement.name is not None and statement.name.base.lower() in DENYING:
            context.report(
                unit, PERMISSIONS, f"denies by the role {plain(statement.name.base)}", advice=in_contract(unit)
            )
    elif statement.kind == "ALTER ROLE":
        context.report(
            unit,
            PERMISSIONS,
            "removes a member from a role" if statement.words == ("DROP",) else "renames a role",
            advice=in_contract(unit),
        )
    elif statement.kind in ("ALTER USER", "ALTER LOGIN"):
        context.report(
            unit,
            PERMISSIONS,
            f"changes {statement.kind[6:].lower()} {plain(statement.name.base) if statement.name else '?'}",
            advice=in_contract(unit),
        )
