# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live schema, as far as the rules ask for it, read through a query function that is handed in.

Private to the collection. ``Query`` takes SQL and gives rows as tuples; nothing here opens a connection or writes.
Not yet run on SQL Server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._names import identity
from .._scripts import journal
from .._scripts.journal import Entry

Query = Callable[[str], Iterable[Sequence[Any]]]
Key = tuple[str, str]


@dataclass
class ColumnFacts:
    """A column as it is."""

    name: str
    type_name: str
    max_length: int
    """In bytes, as sys.columns has it; -1 is (max)."""
    nullable: bool
    computed: bool = False
    has_default: bool = False
    collation: str = ""

    @property
    def characters(self) -> int:
        if self.max_length > 0 and self.type_name in ("nchar", "nvarchar"):
            return self.max_length // 2
        return self.max_length


@dataclass
class TableFacts:
    """A table as it is."""

    schema: str
    name: str
    rows: int = 0
    megabytes: int = 0
    columns: dict[str, ColumnFacts] = field(default_factory=dict)
    triggers: list[str] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    """Modules that are schema-bound to it."""
    keys: list[frozenset[str]] = field(default_factory=list)
    """The columns of each primary key, unique constraint and unique index without a filter, in lower case."""


@dataclass
class ModuleFacts:
    """A procedure, view, function or trigger as it is."""

    schema: str
    name: str
    kind: str
    definition: str = ""
    uses_quoted_identifier: bool = True


@dataclass
class LiveSchema:
    """What is in the database now."""

    version: int = 0
    edition: str = ""
    database: str = ""
    tables: dict[Key, TableFacts] = field(default_factory=dict)
    modules: dict[Key, ModuleFacts] = field(default_factory=dict)
    types: dict[Key, bool] = field(default_factory=dict)
    """Types of users: True for a table type."""
    schemas: set[str] = field(default_factory=set)
    indexes: set[tuple[str, str, str]] = field(default_factory=set)
    constraints: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By schema, table and name, the kind as sys.objects has it: C, D, F, PK or UQ."""
    applied: list[Entry] = field(default_factory=list)
    """The scripts that the migrations' journal has as applied."""
    running: frozenset[tuple[str, str]] | None = None
    """Application and version of each node in the ledger, '' for a version that is not known; None without a ledger."""
    migrations: frozenset[str] = frozenset()
    """The migrations that Entity Framework Core has in its history."""

    positional: dict[Key, list[tuple[ModuleFacts, str]]] | None = None
    """By table, the modules that use it by position, once somebody asked (rules/existing.py)."""

    def exists(self, key: Key) -> bool:
        return key in self.tables or key in self.modules


VERSION_SQL = (
    "SELECT CAST(SERVERPROPERTY('ProductMajorVersion') AS int), CAST(SERVERPROPERTY('EngineEdition') AS int), DB_NAME()"
)
TABLES_SQL = (
    "SELECT s.name, t.name, SUM(CASE WHEN p.index_id IN (0, 1) THEN p.row_count ELSE 0 END), "
    "SUM(p.reserved_page_count) / 128 FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "LEFT JOIN sys.dm_db_partition_stats AS p ON p.object_id = t.object_id GROUP BY s.name, t.name"
)
COLUMNS_SQL = (
    "SELECT s.name, t.name, c.name, y.name, c.max_length, c.is_nullable, c.is_computed, c.default_object_id, "
    "c.collation_name "
    "FROM sys.columns AS c JOIN sys.tables AS t ON t.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = "
    "t.schema_id "
    "JOIN sys.types AS y ON y.user_type_id = c.user_type_id"
)
MODULES_SQL = (
    "SELECT s.name, o.name, o.type, m.definition, m.uses_quoted_identifier FROM sys.sql_modules "
    "AS m "
    "JOIN sys.objects AS o ON o.object_id = m.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id"
)
OTHERS_SQL = (
    "SELECT s.name, o.name, o.type FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id "
    "WHERE o.type IN ('SN', 'SO')"
)
TYPES_SQL = (
    "SELECT s.name, y.name, y.is_table_type FROM sys.types AS y JOIN sys.schemas AS s ON s.schema_id = y.schema_id "
    "WHERE y.is_user_defined = 1"
)
INDEXES_SQL = (
    "SELECT s.name, t.name, i.name FROM sys.indexes AS i JOIN sys.tables AS t ON t.object_id = i.object_id "
    "JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE i.name IS NOT NULL"
)
KEYS_SQL = (
    "SELECT s.name, t.name, i.index_id, c.name FROM sys.indexes AS i JOIN sys.tables AS t ON t.object_id = i.object_id "
    "JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id "
    "JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id "
    "WHERE i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0 AND k.is_included_column = 0"
)
CONSTRAINTS_SQL = (
    "SELECT s.name, t.name, o.name, o.type FROM sys.objects AS o "
    "JOIN sys.tables AS t ON t.object_id = o.parent_object_id "
    "JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE o.type IN ('C', 'D', 'F', 'PK', 'UQ')"
)
SCHEMAS_SQL = "SELECT name FROM sys.schemas"
TRIGGERS_SQL = (
    "SELECT s.name, t.name, r.name FROM sys.triggers AS r JOIN sys.tables AS t ON t.object_id = r.parent_id "
    "JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE r.is_disabled = 0"
)
BOUND_SQL = (
    "SELECT DISTINCT s.name, t.name, o.name FROM sys.sql_expression_dependencies AS d "
    "JOIN sys.tables AS t ON t.object_id = d.referenced_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "JOIN sys.objects AS o ON o.object_id = d.referencing_id WHERE d.is_schema_bound_reference = 1 AND o.type IN "
    "('V', 'FN', 'IF', 'TF')"
)

QUERIES = (
    VERSION_SQL,
    TABLES_SQL,
    COLUMNS_SQL,
    MODULES_SQL,
    OTHERS_SQL,
    TYPES_SQL,
    INDEXES_SQL,
    KEYS_SQL,
    CONSTRAINTS_SQL,
    SCHEMAS_SQL,
    TRIGGERS_SQL,
    BOUND_SQL,
)
"""All that is asked, so that a test or an administrator can read it in one place; and the journal where it exists."""

NODES = ("deploy", "deployment_node")
NODES_SQL = "SELECT app, version FROM deploy.deployment_node"
HISTORY = "__efmigrationshistory"
HISTORY_SQL = "SELECT MigrationId FROM {table}"
"""Asked where these tables exist."""

_EDITIONS = {1: "express", 2: "standard", 3: "enterprise", 4: "express", 5: "azure", 8: "azure"}
_KINDS = {
    "P": "PROCEDURE",
    "V": "VIEW",
    "FN": "FUNCTION",
    "IF": "FUNCTION",
    "TF": "FUNCTION",
    "TR": "TRIGGER",
    "SN": "SYNONYM",
    "SO": "SEQUENCE",
}


def read_live(query: Query, app: str = "") -> LiveSchema:
    """Read what the rules ask for, and the journal of an application, or of all of them where it is empty."""
    live = LiveSchema()
    for major, engine, database in query(VERSION_SQL):
        live.version = int(major or 0)
        live.edition = _EDITIONS.get(int(engine or 0), "")
        live.database = str(database or "")
    _read_tables(query, live)
    _read_modules(query, live)
    for schema, name, is_table in query(TYPES_SQL):
        live.types[_key(schema, name)] = bool(is_table)
    for schema, table, name, kind in query(CONSTRAINTS_SQL):
        live.constraints[(*_key(schema, table), str(name).lower())] = str(kind).strip()
    for (name,) in query(SCHEMAS_SQL):
        live.schemas.add(str(name).lower())
    if tuple(journal.JOURNAL.split(".")) in live.tables:
        for entry in journal.read_entries(query):
            if entry.done and (not app or entry.app == identity(app)):
                live.applied.append(entry)
    _read_deployments(query, live)
    return live


def _read_deployments(query: Query, live: LiveSchema) -> None:
    """What the nodes run, and the history of Entity Framework Core."""
    if NODES in live.tables:
        live.running = frozenset((str(owner), str(version or "")) for owner, version in query(NODES_SQL))
    for schema, table in [key for key in live.tables if key[1] == HISTORY]:
        rows = query(HISTORY_SQL.format(table=f"[{schema.replace(']', ']]')}].[{table}]"))
        live.migrations |= {str(name).lower() for (name,) in rows}


def _read_tables(query: Query, live: LiveSchema) -> None:
    """Tables with their columns, indexes, unique keys, triggers and the modules bound to them."""
    for schema, table, rows, megabytes in query(TABLES_SQL):
        live.tables[_key(schema, table)] = TableFacts(str(schema), str(table), int(rows or 0), int(megabytes or 0))
    nowhere = TableFacts("", "")
    for schema, table, name, type_name, length, nullable, computed, default, collation in query(COLUMNS_SQL):
        live.tables.get(_key(schema, table), nowhere).columns[str(name).lower()] = ColumnFacts(
            str(name),
            str(type_name).lower(),
            int(length or 0),
            bool(nullable),
            bool(computed),
            bool(default),
            str(collation or ""),
        )
    for schema, table, name in query(INDEXES_SQL):
        live.indexes.add((*_key(schema, table), str(name).lower()))
    keys: dict[tuple[Key, int], set[str]] = {}
    for schema, table, index, column in query(KEYS_SQL):
        keys.setdefault((_key(schema, table), int(index)), set()).add(str(column).lower())
    for (owner, _index), columns in keys.items():
        live.tables.get(owner, nowhere).keys.append(frozenset(columns))
    for schema, table, name in query(TRIGGERS_SQL):
        live.tables.get(_key(schema, table), nowhere).triggers.append(str(name))
    for schema, table, name in query(BOUND_SQL):
        live.tables.get(_key(schema, table), nowhere).bound.append(str(name))


def _read_modules(query: Query, live: LiveSchema) -> None:
    """Procedures, views, functions and triggers with their text; synonyms and sequences."""
    for schema, name, kind, definition, quoted in query(MODULES_SQL):
        live.modules[_key(schema, name)] = ModuleFacts(
            str(schema), str(name), _kind(kind), str(definition or ""), bool(quoted)
        )
    for schema, name, kind in query(OTHERS_SQL):
        live.modules.setdefault(_key(schema, name), ModuleFacts(str(schema), str(name), _kind(kind)))


def _kind(code: Any) -> str:
    return _KINDS.get(str(code).strip(), "MODULE")


def _key(schema: Any, name: Any) -> Key:
    return str(schema).lower(), str(name).lower()
