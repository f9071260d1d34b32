# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about code in the database that depends on a table's column list."""

from __future__ import annotations

from ..analysis import Unit, read_script
from ..findings import WARNING, Advice
from ..live import Key, LiveSchema, ModuleFacts
from ..ownership import LIKELY
from ..statements import plain
from .family import Context, Family
from .wording import full

FAMILY = Family()

POSITIONAL_USE = FAMILY.rule(
    "positional-use",
    "E",
    "code in the database depends on a table's column list, which changes",
    reason="INSERT without a column list fails once any column is added; SELECT * shifts.",
    instead="name the columns there first, in a new version",
)


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


@FAMILY.on("ALTER TABLE")
def positional_use(context: Context, unit: Unit) -> None:
    live = context.live
    table = unit.statement.name
    if live is None or table is None or context.own.table(table, unit, LIKELY):
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
            POSITIONAL_USE,
            f"changes the columns of {full(table)}, and {module.kind.lower()} "
            f"{plain(module.schema)}.{plain(module.name)} {how}",
            table=table,
            severity=None if how.startswith("inserts") or module.kind in ("VIEW", "FUNCTION") else WARNING,
            advice=Advice(
                f"Give {plain(module.schema)}.{plain(module.name)} a successor that names its columns, let the "
                "running version use that first, "
                "and change the table a release later."
            ),
        )
