# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this release has created so far, in the order of its scripts. Private to the collection.

What the pending scripts of a release create, the running version cannot use: most rules do not apply. That holds for
a whole table, routine or type. A column, default or constraint on an older table is shared: the INSERT of the running
version meets it. A CREATE under a condition proves less: the object may have been there; and the condition has to ask
for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .analysis import Unit
from .live import LiveSchema
from .statements import DEFAULT_SCHEMA, HOLE, Action, Asked, Column, Name, Statement

if TYPE_CHECKING:
    from .rules.family import Rule

CERTAIN = 2
LIKELY = 1
UNPROVEN = 0

Key = tuple[str, str]
PartKey = tuple[str, str, str]
"""Schema and name of a table, and the name of its column, index or constraint."""


@dataclass(frozen=True)
class _Origin:
    """How something was created."""

    histories: tuple[tuple[str, str], ...]
    """Entity Framework Core's questions whether a migration was applied: they compare by text, in any batch."""
    conditions: tuple[tuple[int, int], ...]
    """Other conditions that must hold for it to be created: (batch, number). Batches count over all scripts."""
    existence: bool
    """Whether all other conditions ask whether the very object exists."""
    jumps: bool
    """Whether a GOTO, RETURN or BREAK may have passed over it."""
    written_schema: str
    applied: bool = False
    """Created by a script of this release that was applied in a former run, so that it exists by now."""

    def newness(self, unit: Unit, schema: str) -> int:
        """CERTAIN, LIKELY or UNPROVEN: whether what was created so is new where this unit stands."""
        if self.jumps:
            return UNPROVEN
        here = {(unit.batch, guard.ident) for guard in unit.guards}
        texts = {(guard.word, guard.text) for guard in unit.guards if guard.history}
        if any(history not in texts for history in self.histories):
            return UNPROVEN
        if all(condition in here for condition in self.conditions):
            return CERTAIN if self.written_schema == schema.lower() else LIKELY
        return LIKELY if self.existence else UNPROVEN


def _origin(unit: Unit, made: Asked, *, applied: bool = False) -> _Origin:
    """How the statement of a unit creates something."""
    conditions = [guard for guard in unit.guards if not guard.history]
    return _Origin(
        tuple((guard.word, guard.text) for guard in unit.guards if guard.history),
        tuple((unit.batch, guard.ident) for guard in conditions),
        all(guard.asked is not None and _is(guard.asked, made) for guard in conditions),
        unit.jumps,
        made.schema,
        applied,
    )


def _is(asked: Asked, made: Asked) -> bool:
    """Whether a condition asks for what is created, by its schema too where it says one."""
    schemas = ("", made.schema or DEFAULT_SCHEMA)
    return replace(asked, schema=made.schema) == made and asked.schema in schemas


@dataclass
class Ownership:
    """Whether this release created a table, a column, an index, a constraint, a module, a type or a schema.

    With a live schema, a CREATE under a condition is proven by the object's absence.
    """

    live: LiveSchema | None = None
    tables: dict[Key, _Origin] = field(default_factory=dict)
    columns: dict[PartKey, _Origin] = field(default_factory=dict)
    definitions: dict[PartKey, Column] = field(default_factory=dict)
    """How the columns were added."""
    defaults: dict[PartKey, str] = field(default_factory=dict)
    """By constraint, the column that a default added here is for."""
    modules: dict[Key, _Origin] = field(default_factory=dict)
    types: dict[Key, _Origin] = field(default_factory=dict)
    table_types: set[Key] = field(default_factory=set)
    indexes: dict[PartKey, _Origin] = field(default_factory=dict)
    constraints: dict[PartKey, _Origin] = field(default_factory=dict)
    schemas: dict[str, _Origin] = field(default_factory=dict)
    computed: set[PartKey] = field(default_factory=set)
    """Computed columns."""
    dropped: dict[str, set[Key]] = field(default_factory=dict)
    """What the scripts dropped, by kind."""
    bodies: dict[Key, list[tuple[Rule, str]]] = field(default_factory=dict)
    """What the body of a module created here does, that would be refused if it ran: rule and message."""
    unchecked: dict[PartKey, tuple[Unit, str]] = field(default_factory=dict)
    """Constraints left unchecked so far."""

    # -- the questions

    def table(self, name: Name | None, unit: Unit, at_least: int = CERTAIN) -> bool:
        """Whether a table is this release's own, or temporary."""
        if name is None or HOLE in name.parts:
            return False
        if name.temporary:
            return True
        if name.database:
            return False
        origin = self.tables.get(name.key)
        if origin is not None and not origin.applied and self._present(name):
            return False
        found = _newness(origin, unit, name.schema)
        return found >= at_least or (found >= LIKELY and self._absent(name))

    def column(self, table: Name | None, column: str, unit: Unit, at_least: int = CERTAIN) -> bool:
        """Whether a column was added by this release. Its table may be an older one."""
        if table is None:
            return False
        origin = self.columns.get((*table.key, column.lower()))
        facts = self.live.tables.get(table.key) if self.live is not None else None
        if origin is not None and not origin.applied and facts is not None and column.lower() in facts.columns:
            return False
        return _newness(origin, unit, table.schema) >= at_least

    def index(self, table: Name | None, index: str, unit: Unit) -> bool:
        return self._part(self.indexes, table, index, unit) >= CERTAIN

    def constraint(self, table: Name | None, constraint: str, unit: Unit) -> bool:
        return self._part(self.constraints, table, constraint, unit) >= CERTAIN

    def module(self, name: Name | None, unit: Unit) -> bool:
        """Whether a procedure, view, function, trigger, synonym or sequence is this release's own."""
        if name is None or HOLE in name.parts:
            return False
        found = _newness(self.modules.get(name.key), unit, name.schema)
        return found >= CERTAIN or (found >= LIKELY and self._absent(name))

    def type(self, name: Name | None, unit: Unit) -> bool:
        if name is None:
            return False
        found = _newness(self.types.get(name.key), unit, name.schema)
        return found >= CERTAIN or (found >= LIKELY and self.live is not None and name.key not in self.live.types)

    def schema(self, name: Name | None, unit: Unit) -> bool:
        if name is None:
            return False
        key = name.base.lower()
        found = _newness(self.schemas.get(key), unit, "")
        return found >= CERTAIN or (found >= LIKELY and self.live is not None and key not in self.live.schemas)

    def definition(self, table: Name | None, column: str) -> Column | None:
        """How a column was added by this release, if it was."""
        return None if table is None else self.definitions.get((*table.key, column.lower()))

    def only_default_of(self, table: Name | None, constraint: str) -> str:
        """The required column that a default of this release is for: without it an INSERT that leaves it out fails."""
        if table is None:
            return ""
        column = self.defaults.get((*table.key, constraint.lower()), "")
        made = self.definition(table, column)
        return column if made is not None and made.required else ""

    def _present(self, name: Name) -> bool:
        """Whether the live database has it, so that a CREATE of it either fails or is skipped."""
        dropped = any(name.key in gone for gone in self.dropped.values())
        return self.live is not None and self.live.exists(name.key) and not dropped

    def _absent(self, name: Name) -> bool:
        return self.live is not None and not self.live.exists(name.key)

    @staticmethod
    def _part(parts: dict[PartKey, _Origin], table: Name | None, name: str, unit: Unit) -> int:
        if table is None:
            return UNPROVEN
        return _newness(parts.get((*table.key, name.lower())), unit, table.schema)

    # -- what a statement creates or drops

    def apply(self, unit: Unit, *, applied: bool = False) -> None:
        """Remember what a statement creates or drops, once it was checked.

        ``applied``: it did so in a former run of this release.
        """
        statement = unit.statement
        name = statement.name
        if name is None or (statement.module is not None and statement.module.statement is not statement):
            return
        kind = statement.kind
        if kind.startswith("CREATE") and kind.endswith(("PROCEDURE", "FUNCTION")):
            self.bodies.setdefault(name.key, [])
        if HOLE in name.parts:
            return
        if kind == "SELECT" and "into" in statement.flags:
            kind = "CREATE TABLE"
        if kind.startswith("DROP "):
            self._drop(statement)
        elif kind in _CREATES:
            _CREATES[kind](
                self, statement, name, lambda kind, part="": _origin(unit, _made(kind, name, part), applied=applied)
            )

    def _drop(self, statement: Statement) -> None:
        kind = statement.kind
        gone = self.dropped.setdefault(kind[5:], set())
        for one in statement.names:
            gone.add(one.key)
            if kind == "DROP TABLE":
                self.tables.pop(one.key, None)
            elif kind != "DROP INDEX":
                self.modules.pop(one.key, None)
                self.types.pop(one.key, None)

    def _create_table(self, statement: Statement, name: Name, origin: _OriginOf) -> None:
        self.tables.setdefault(name.key, origin("object"))
        for column in statement.columns:
            if column.computed:
                self.computed.add((*name.key, column.name.lower()))

    def _alter_table(self, statement: Statement, name: Name, origin: _OriginOf) -> None:
        for action in statement.actions:
            if action.kind == "ADD COLUMN":
                self._add_column(action, name, origin)
            elif action.kind.startswith("ADD ") and action.name:
                self.constraints.setdefault((*name.key, action.name.lower()), origin("constraint", action.name))
                if action.kind == "ADD DEFAULT" and action.columns:
                    self.defaults[(*name.key, action.name.lower())] = action.columns[0].lower()

    def _add_column(self, action: Action, name: Name, origin: _OriginOf) -> None:
        key = (*name.key, action.name.lower())
        self.columns.setdefault(key, origin("column", action.name))
        if action.column is not None:
            self.definitions.setdefault(key, action.column)
        column = action.column
        if column is not None and column.computed:
            self.computed.add(key)
        if column is not None and column.default_name:
            constraint = (*name.key, column.default_name.lower())
            self.constraints.setdefault(constraint, origin("column", action.name))
            self.defaults[constraint] = action.name.lower()

    def _create_index(self, statement: Statement, name: Name, origin: _OriginOf) -> None:
        for action in statement.actions:
            self.indexes.setdefault((*name.key, action.name.lower()), origin("index", action.name))

    def _create_module(self, _statement: Statement, name: Name, origin: _OriginOf) -> None:
        self.modules.setdefault(name.key, origin("object"))

    def _create_type(self, statement: Statement, name: Name, origin: _OriginOf) -> None:
        self.types.setdefault(name.key, origin("type"))
        if "table" in statement.flags:
            self.table_types.add(name.key)

    def _create_schema(self, _statement: Statement, name: Name, origin: _OriginOf) -> None:
        self.schemas.setdefault(name.base.lower(), origin("schema"))


def _made(kind: str, name: Name, part: str) -> Asked:
    schema = "" if kind == "schema" else name.schema.lower()
    return Asked(kind, schema, name.base.lower(), part.lower())


def _newness(origin: _Origin | None, unit: Unit, schema: str) -> int:
    return UNPROVEN if origin is None else origin.newness(unit, schema)


_OriginOf = Callable[..., _Origin]
"""From the kind of what is created, and the name of a part, to its origin."""

_CREATES: dict[str, Callable[[Ownership, Statement, Name, _OriginOf], None]] = {
    "CREATE TABLE": Ownership._create_table,
    "ALTER TABLE": Ownership._alter_table,
    "CREATE INDEX": Ownership._create_index,
    "CREATE TYPE": Ownership._create_type,
    "CREATE SCHEMA": Ownership._create_schema,
    **dict.fromkeys(
        ("CREATE PROCEDURE", "CREATE VIEW", "CREATE FUNCTION", "CREATE TRIGGER", "CREATE SYNONYM", "CREATE SEQUENCE"),
        Ownership._create_module,
    ),
}
