# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule about this collection's own tables."""

from __future__ import annotations

import re

from ..analysis import Unit
from ..extent import target
from ..findings import Advice
from ..lexer import QUOTED, STRING, WORD, Token, string_value
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
# Of these only the words tell what they are about: a right, an owner, or a table that is taken out of the schema.
_RIGHTS = frozenset({"GRANT", "DENY", "REVOKE", "ALTER AUTHORIZATION", "ALTER SCHEMA"})
_IN_SCHEMA = re.compile(rf"(?:\A|\.)\s*[\[\"]?{SCHEMA}[\]\"]?\s*\.", re.IGNORECASE)


@FAMILY.every_statement
def own_tables(context: Context, unit: Unit) -> None:
    """Any write to the schema of the journal and the ledger, and whatever opens another way to write there."""
    found = _written(unit) or _renamed(unit) or _given_away(unit) or _shown(unit)
    if found:
        context.report(
            unit,
            OWN_TABLES,
            f"{found} in schema {SCHEMA}",
            advice=Advice("Leave it to the collection's modules."),
        )


def _written(unit: Unit) -> str:
    """A statement that changes rows or definitions, by the schema of a name in it."""
    kind = unit.statement.kind
    if kind == "UPDATE STATISTICS" or not kind.startswith(_WRITES):
        return ""
    names = [name for name in (*unit.statement.names, target(unit)) if name is not None]
    schemas = {name.base.lower() if kind.endswith(" SCHEMA") else name.schema.lower() for name in names}
    return f"{kind} of {full(names[0])}" if SCHEMA in schemas else ""


def _renamed(unit: Unit) -> str:
    """A procedure, such as sp_rename, that gets the name of such a table."""
    statement = unit.statement
    texts = [string_value(argument.token) for argument in statement.args if argument.token.kind in (STRING, QUOTED)]
    named = statement.kind == "EXEC" and any(_IN_SCHEMA.search(text) for text in texts)
    return f"{statement.kind} of {full(statement.names[0]) if statement.names else 'an object'}" if named else ""


def _given_away(unit: Unit) -> str:
    if unit.statement.kind not in _RIGHTS:
        return ""
    tokens = unit.words()
    for at, token in enumerate(tokens):
        if token.kind in (WORD, QUOTED) and _unquoted(token) == SCHEMA:
            before = tokens[at - 1].key if at else ""
            behind = tokens[at + 1].key if at + 1 < len(tokens) else ""
            if behind == "." or before in (":", "::"):
                return f"{unit.statement.kind} on an object"
    return ""


def _unquoted(token: Token) -> str:
    return (string_value(token) if token.kind == QUOTED else token.text).lower()


def _shown(unit: Unit) -> str:
    """A view of such a table, which can be written through."""
    module = unit.module
    if module is None or module.kind != "VIEW":
        return ""
    shown = next((name for name in unit.statement.sources if name.schema.lower() == SCHEMA), None)
    return f"a view of {full(shown)}" if shown is not None else ""
