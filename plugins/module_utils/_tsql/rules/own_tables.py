# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule about this collection's own tables."""

from __future__ import annotations

from ..analysis import Unit
from ..extent import target
from ..findings import Advice
from .family import AS_IS, Context, Family
from .wording import full

FAMILY = Family()

OWN_TABLES = FAMILY.rule(
    "own-tables",
    "A",
    "the migration journal or the ledger is changed",
    reason="It would say what did not happen: scripts run twice or never, and a contract runs too early.",
    instead="the modules mssql_migration (action: repair, baseline, adopt) and deployment",
    in_body=AS_IS,
    waivable=False,
)

SCHEMA = "deploy"
_WRITES = ("CREATE ", "ALTER ", "DROP ", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "BULK")


@FAMILY.every_statement
def own_tables(context: Context, unit: Unit) -> None:
    """Any write to the schema of the journal and the ledger, also by sp_rename or by a transfer."""
    statement = unit.statement
    names = [name for name in (*statement.names, target(unit)) if name is not None]
    renamed = statement.kind == "EXEC" and any(
        argument.token.text.strip("Nn'\"[").lower().startswith(f"{SCHEMA}.") for argument in statement.args
    )
    if statement.kind == "UPDATE STATISTICS" or not (statement.kind.startswith(_WRITES) or renamed):
        return
    schemas = {name.base.lower() if statement.kind.endswith(" SCHEMA") else name.schema.lower() for name in names}
    if SCHEMA in schemas or renamed:
        context.report(
            unit,
            OWN_TABLES,
            f"{statement.kind} of {full(names[0]) if names else 'an object'} in schema {SCHEMA}",
            advice=Advice("Leave it to the collection's modules."),
        )
