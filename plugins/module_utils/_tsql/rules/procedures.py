# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about procedures that a script runs, and SQL that is put together at run time."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis import Unit
from ..findings import ERROR, Advice
from ..statements import HOLE, Name
from .constraints import ADD_CHECK, CHANGE_DEFAULT
from .drops import DROP_CONSTRAINT, DROP_DEFAULT
from .family import SILENT, Context, Family, Rule
from .modules import DROP_MODULE
from .scripts import NO_TRANSACTION
from .server import CROSS_DATABASE, DATABASE, PERMISSIONS
from .unreadable import UNKNOWN
from .wording import full

FAMILY = Family()

DYNAMIC = FAMILY.rule(
    "dynamic",
    "A",
    "SQL that is put together at run time, or code that the linter does not see",
    reason="What it does cannot be seen here.",
    instead="a literal, which is read like the script itself",
    in_body=SILENT,
)


_KNOWN = frozenset(
    """sp_addextendedproperty sp_updateextendedproperty sp_dropextendedproperty sp_refreshview
    sp_refreshsqlmodule sp_recompile sp_help sp_helptext sp_helpindex sp_helpconstraint sp_helpdb sp_spaceused
    sp_who sp_who2 sp_lock sp_columns sp_tables sp_depends sp_fkeys sp_pkeys sp_statistics sp_updatestats
    sp_createstats sp_autostats sp_settriggerorder sp_set_session_context sp_getapplock sp_releaseapplock
    sp_addrolemember sp_addrole sp_grantdbaccess sp_adduser sp_addmessage sp_describe_first_result_set
    sp_sequence_get_range sp_helprole sp_helpuser sp_helptrigger sp_cleanup_temporal_history sp_executesql
    sp_rename sp_changeobjectowner sp_tableoption sp_addtype sp_xml_preparedocument sp_xml_removedocument
    sp_droprolemember sp_dropuser sp_revokedbaccess sp_droprole sp_unbindefault sp_unbindrule sp_bindefault
    sp_bindrule sp_droptype sp_configure sp_dboption sp_dbcmptlevel sp_detach_db sp_attach_db sp_renamedb
    sp_changedbowner sp_fulltext_database sp_fulltext_catalog sp_fulltext_table sp_fulltext_column
    sp_addlinkedserver sp_serveroption sp_addlinkedsrvlogin sp_dropserver sp_change_users_login sp_defaultdb
    sp_addlogin sp_droplogin sp_indexoption""".split()  # noqa: SIM905
)


_IN_CONTRACT = "Do it in contract, or allow it with a reason."


@dataclass(frozen=True)
class _Refused:
    """A system procedure that does what a rule refuses."""

    rule: Rule
    message: str
    advice: str = ""


_REFUSED: dict[str, _Refused] = {
    **{
        name: _Refused(PERMISSIONS, f"{name} revokes permissions", "Do it in contract.")
        for name in """sp_droprolemember sp_dropuser sp_revokedbaccess sp_droprole sp_change_users_login sp_droplogin
            sp_defaultdb""".split()  # noqa: SIM905
    },
    **{
        name: _Refused(DATABASE, f"{name} reaches beyond the schema")
        for name in """sp_configure sp_dboption sp_dbcmptlevel sp_detach_db sp_attach_db sp_changedbowner
            sp_addlogin""".split()  # noqa: SIM905
    },
    **{
        name: _Refused(CROSS_DATABASE, f"{name} links another server")
        for name in "sp_addlinkedserver sp_serveroption sp_addlinkedsrvlogin sp_dropserver".split()  # noqa: SIM905
    },
    "sp_unbindefault": _Refused(DROP_DEFAULT, "unbinds a default", _IN_CONTRACT),
    "sp_bindefault": _Refused(CHANGE_DEFAULT, "binds a default", _IN_CONTRACT),
    "sp_unbindrule": _Refused(DROP_CONSTRAINT, "unbinds a rule", _IN_CONTRACT),
    "sp_bindrule": _Refused(ADD_CHECK, "binds a rule", _IN_CONTRACT),
    "sp_droptype": _Refused(DROP_MODULE, "drops a type", _IN_CONTRACT),
    "sp_tableoption": _Refused(UNKNOWN, "sp_tableoption changes how a table is stored or locked", _IN_CONTRACT),
    "sp_indexoption": _Refused(UNKNOWN, "sp_indexoption changes how an index locks", _IN_CONTRACT),
}


@FAMILY.on("EXEC")
def procedure(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if "variable" in statement.flags:
        context.report(
            unit, DYNAMIC, "EXEC of a procedure whose name is in a variable", advice=Advice("Name the procedure.")
        )
        return
    name = statement.name
    if name is None or HOLE in name.parts:
        return
    base = name.base.lower()
    refused = _REFUSED.get(base)
    if refused is not None:
        advice = Advice(refused.advice) if refused.advice else None
        context.report(unit, refused.rule, refused.message, advice=advice)
    elif base.startswith("sp_fulltext"):
        _fulltext(context, unit, base)
    elif not _known(name, base):
        _own_procedure(context, unit, name)
    if "concatenated" in statement.flags and base != "sp_executesql":
        context.report(unit, UNKNOWN, "an argument of EXEC cannot be an expression")


def _known(name: Name, base: str) -> bool:
    """Whether this is a procedure of the server whose effects lint knows, wherever they are checked."""
    if base not in _KNOWN:
        return False
    return not name.schema or name.schema.lower() in ("sys", "dbo") or base in ("sp_executesql", "sp_rename")


def _fulltext(context: Context, unit: Unit, base: str) -> None:
    if not context.script.no_transaction:
        context.report(
            unit,
            NO_TRANSACTION,
            f"{base} cannot run inside a transaction",
            advice=Advice("A script of its own, headed -- migrate: no-transaction"),
        )


def _own_procedure(context: Context, unit: Unit, name: Name) -> None:
    module = unit.statement.module
    if module is not None and module.name is not None and module.name.key == name.key:
        return  # it calls itself
    body = context.own.bodies.get(name.key)
    if body is not None and (name.temporary or context.own.module(name, unit)):
        for rule, message in list(body):
            context.report(unit, rule, f"runs {full(name)}, which this release makes: {message}", severity=ERROR)
        return
    context.report(
        unit,
        DYNAMIC,
        f"runs {full(name)}, whose code is not in this release's scripts",
        token=name.token,
        advice=Advice(
            "Write what it does into the script, or say in a waiver what it does: -- lint: allow dynamic <what it does>"
        ),
    )


@FAMILY.every_statement
def troubles(context: Context, unit: Unit) -> None:
    """SQL in the strings of this statement that cannot be read."""
    for trouble in context.script.troubles.get(unit.number, ()):
        context.report(
            unit,
            DYNAMIC if trouble.dynamic else UNKNOWN,
            trouble.message,
            offset=trouble.offset,
            advice=Advice("Write the SQL as one literal, which the linter reads like the script itself."),
        )
