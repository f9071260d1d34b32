# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that look at what is in the database: code there that depends on a table's column list, and what is bound to it."""

from __future__ import annotations

from ..analysis import Unit, read_script
from ..findings import WARNING, Advice
from ..live import Key, LiveSchema, ModuleFacts
from ..statements import plain
from .registry import Context, full, on


def _positional(live: LiveSchema) -> dict[Key, list[tuple[ModuleFacts, str]]]:
    """For each table, the modules that write or read it by position."""
    if live.positional is not None:
        return live.positional
    found: dict[Key, list[tuple[ModuleFacts, str]]] = {}
    for module in live.modules.values():
        if not module.definition:
            continue
        for unit in read_script(module.name, module.definition).units:
            statement = unit.statement
            name = statement.name
            if (
                statement.kind == "INSERT"
                and name is not None
                and statement.insert_columns is None
                and not name.temporary
            ) and "default" not in statement.flags:
                found.setdefault(name.key, []).append((module, "inserts without a column list"))
            if any(action.kind == "STAR" for action in statement.actions):
                for source in statement.sources:
                    found.setdefault(source.key, []).append((module, "selects *"))
    live.positional = found
    return found


@on("ALTER TABLE")
def positional_use(context: Context, unit: Unit) -> None:
    live = context.live
    table = unit.statement.name
    if live is None or table is None or context.new_table(table, unit, 1):
        return
    changes = [action for action in unit.statement.actions if action.kind in ("ADD COLUMN", "DROP COLUMN", "DROP ITEM")]
    changes = [action for action in changes if action.column is None or not action.column.computed]
    if not changes:
        return
    told: set[tuple[str, str]] = set()
    for module, how in _positional(live).get(table.key, []):
        if (module.name, how) in told:
            continue
        told.add((module.name, how))
        context.report(
            unit,
            "positional-use",
            f"changes the columns of {full(table)}, and {module.kind.lower()} {plain(module.schema)}.{plain(module.name)} {how}",
            table=table,
            severity=None if how.startswith("inserts") or module.kind in ("VIEW", "FUNCTION") else WARNING,
            advice=Advice(
                f"Give {plain(module.schema)}.{plain(module.name)} a successor that names its columns, let the running version use that first, "
                "and change the table a release later."
            ),
        )


@on("ALTER TABLE")
def bound(context: Context, unit: Unit) -> None:
    facts = context.table_facts(unit.statement.name)
    if facts is None or not facts.bound:
        return
    if any(action.kind in ("DROP COLUMN", "ALTER COLUMN") for action in unit.statement.actions):
        context.report(
            unit,
            "schemabinding",
            f"{full(unit.statement.name)} has modules bound to its columns: {', '.join(sorted(facts.bound)[:5])}",
            advice=Advice("The statement fails where it touches a bound column: replace those modules first."),
        )


@on("CREATE INDEX")
def quoted_identifier(context: Context, unit: Unit) -> None:
    """Names the modules that would get error 1934."""
    live = context.live
    table = unit.statement.name
    if live is None or table is None or "filtered" not in unit.statement.flags or context.new_table(table, unit, 1):
        return
    wrong = sorted(
        facts.name for facts in live.modules.values() if facts.definition and not facts.uses_quoted_identifier
    )
    if wrong:
        context.report(
            unit,
            "index-set-options",
            f"made with QUOTED_IDENTIFIER OFF, so that writing to {full(table)} fails in them: {', '.join(wrong[:5])}",
            table=table,
            advice=Advice("Make these modules anew, under new names, with QUOTED_IDENTIFIER ON first."),
        )
