# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release's scripts have made so far, in their order. Private to the collection.

What a release makes itself, the running version cannot use: most rules do not apply to it. A CREATE under a condition
proves less: the object may have been there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .analysis import HOLE, Unit
from .statements import Name

if TYPE_CHECKING:
    from .rules.family import Rule

CERTAIN = 2
LIKELY = 1


@dataclass
class _Origin:
    guards: tuple[tuple[str, str], ...]
    """What must hold for it to be made: (word, text) of each condition; history conditions compare by text."""
    idents: tuple[tuple[int, int], ...]
    """The same as (batch, number)."""
    existence: bool
    """Whether all conditions ask for existence."""
    jumps: bool
    written_schema: str


@dataclass
class Objects:
    """Tables, columns, modules and types that the scripts made or dropped."""

    tables: dict[tuple[str, str], _Origin] = field(default_factory=dict)
    columns: dict[tuple[str, str, str], _Origin] = field(default_factory=dict)
    modules: dict[tuple[str, str], _Origin] = field(default_factory=dict)
    types: dict[tuple[str, str], _Origin] = field(default_factory=dict)
    table_types: set[tuple[str, str]] = field(default_factory=set)
    indexes: dict[tuple[str, str, str], _Origin] = field(default_factory=dict)
    constraints: dict[tuple[str, str, str], _Origin] = field(default_factory=dict)
    schemas: dict[str, _Origin] = field(default_factory=dict)
    computed: set[tuple[str, str, str]] = field(default_factory=set)
    dropped: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    bodies: dict[tuple[str, str], list[tuple[Rule, str]]] = field(default_factory=dict)
    """What the body of a module made here does, that would be refused if it ran: (rule, message)."""
    unchecked: dict[tuple[str, str, str], tuple[Unit, str]] = field(default_factory=dict)
    """Constraints left unchecked so far."""

    def origin(self, unit: Unit, schema: str) -> _Origin:
        conditions = [guard for guard in unit.guards if not guard.history]
        return _Origin(
            tuple((guard.word, guard.text) for guard in unit.guards),
            tuple((unit.batch, guard.ident) for guard in conditions),
            all(guard.existence for guard in conditions),
            unit.jumps,
            schema.lower(),
        )

    def newness(self, origin: _Origin | None, unit: Unit, schema: str) -> int:
        """Whether something that was made so is surely, or probably, new where this unit stands."""
        if origin is None or origin.jumps:
            return 0
        here = {(unit.batch, guard.ident) for guard in unit.guards}
        texts = {(guard.word, guard.text) for guard in unit.guards if guard.history}
        histories = [
            pair
            for pair in origin.guards
            if pair[0] == "IF" and pair[1].startswith("NOT EXISTS (") and "MIGRATIONID" in pair[1]
        ]
        if any(pair not in texts for pair in histories):
            return 0
        same_schema = origin.written_schema == schema.lower()
        if all(ident in here for ident in origin.idents):
            return CERTAIN if same_schema else LIKELY
        return LIKELY if origin.existence else 0

    def new_table(self, name: Name | None, unit: Unit) -> int:
        if name is None or HOLE in name.parts:
            return 0
        if name.temporary:
            return CERTAIN
        if name.database:
            return 0
        return self.newness(self.tables.get(name.key), unit, name.schema)

    def new_column(self, name: Name | None, column: str, unit: Unit) -> int:
        """The table may be an old one: the column is what counts."""
        if name is None:
            return 0
        table = self.new_table(name, unit)
        if table:
            return table
        return self.newness(self.columns.get((*name.key, column.lower())), unit, name.schema)

    def new_module(self, name: Name | None, unit: Unit) -> int:
        if name is None or HOLE in name.parts:
            return 0
        return self.newness(self.modules.get(name.key), unit, name.schema)

    def new_type(self, name: Name | None, unit: Unit) -> int:
        return 0 if name is None else self.newness(self.types.get(name.key), unit, name.schema)

    # -- what a statement makes or takes away

    def apply(self, unit: Unit) -> None:
        statement = unit.statement
        if statement.module is not None and statement.module.statement is not statement:
            return
        kind = statement.kind
        name = statement.name
        if name is None:
            return
        if kind.startswith("CREATE") and kind.endswith(("PROCEDURE", "FUNCTION")):
            self.bodies.setdefault(name.key, [])
        if HOLE in name.parts:
            return
        if kind == "CREATE TABLE" or (kind == "SELECT" and "into" in statement.flags):
            self.tables.setdefault(name.key, self.origin(unit, name.schema))
            for column in statement.columns:
                if column.computed:
                    self.computed.add((*name.key, column.name.lower()))
        elif kind == "ALTER TABLE":
            for action in statement.actions:
                if action.kind == "ADD COLUMN":
                    self.columns.setdefault((*name.key, action.name.lower()), self.origin(unit, name.schema))
                    if action.column is not None and action.column.computed:
                        self.computed.add((*name.key, action.name.lower()))
                    if action.column is not None and action.column.default_name:
                        self.constraints.setdefault(
                            (*name.key, action.column.default_name.lower()), self.origin(unit, name.schema)
                        )
                elif action.kind.startswith("ADD ") and action.name:
                    self.constraints.setdefault((*name.key, action.name.lower()), self.origin(unit, name.schema))
        elif kind == "CREATE INDEX":
            for action in statement.actions:
                self.indexes.setdefault((*name.key, action.name.lower()), self.origin(unit, name.schema))
        elif kind in (
            "CREATE PROCEDURE",
            "CREATE VIEW",
            "CREATE FUNCTION",
            "CREATE TRIGGER",
            "CREATE SYNONYM",
            "CREATE SEQUENCE",
        ):
            self.modules.setdefault(name.key, self.origin(unit, name.schema))
        elif kind == "CREATE TYPE":
            self.types.setdefault(name.key, self.origin(unit, name.schema))
            if "table" in statement.flags:
                self.table_types.add(name.key)
        elif kind == "CREATE SCHEMA":
            self.schemas.setdefault(name.base.lower(), self.origin(unit, ""))
        elif kind.startswith("DROP "):
            gone = self.dropped.setdefault(kind[5:], set())
            for one in statement.names:
                gone.add(one.key)
                if kind == "DROP TABLE":
                    self.tables.pop(one.key, None)
                elif kind != "DROP INDEX":
                    self.modules.pop(one.key, None)
                    self.types.pop(one.key, None)
