# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of T-SQL: the objects that they stand for, and how messages spell them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..catalog.catalog import ObjectInfo
from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser import nodes as n
from ..translate.names import TWIN
from . import catalog

if TYPE_CHECKING:
    from ..session import Session


def split(s: Session, name: n.Name) -> tuple[str, str, str]:
    """Database, schema and name of an object; a linked server is refused."""
    if len(name) == 4:
        raise SqlError(7202, f"Could not find server '{name[0]}' in sys.servers.")
    schema = name[-2] if len(name) >= 2 and name[-2] else "dbo"
    db = s.db
    if len(name) == 3 and name[0]:
        found = s.server.database(s, name[0])
        if found is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
        db = found[0].lower()
    return db, schema, name[-1]


def find(s: Session, name: n.Name) -> ObjectInfo | None:
    """An object of any kind; temporary tables by their #name."""
    if name[-1].startswith("#"):
        return s.temp.get(name[-1].lower())
    db, schema, last = split(s, name)
    return catalog.load(s.cache, s.fetch_raw, db, schema, last)


def find_source(s: Session, name: n.Name, frame: Frame) -> ObjectInfo | str:
    """What stands in FROM: a table, view, table variable, trigger's rows or a system view."""
    last = name[-1].lower()
    if last.startswith("@"):
        at: Frame | None = frame
        info = at.tables.get(last) if at is not None else None
        if info is None:
            raise SqlError(1087, f'Must declare the table variable "{name[-1]}".', 15)
        return info
    if len(name) == 1 and last in ("inserted", "deleted") and frame.trigger is not None:
        return f"rows:{last}:{frame.trigger.table.ref}"
    if len(name) >= 2 and name[-2].lower() in ("sys", "information_schema"):
        return s.server.views.source(s, name)
    if len(name) == 1 and last in ("sysobjects", "syscolumns", "sysindexes", "sysdatabases"):
        raise refusal("the compatibility view " + last)
    found = find(s, name)
    hops = 0
    while found is not None and found.kind == "SN":
        hops += 1
        if hops > 8:
            raise SqlError(5313, f"Synonym '{'.'.join(name)}' refers to an invalid object.")
        found = find(s, tuple(json.loads(found.target)))
    if found is None:
        raise SqlError(208, f"Invalid object name '{'.'.join(p for p in name if p)}'.")
    return found


def module_of(s: Session, info: ObjectInfo) -> n.Module:
    statements = s.server.parse(info.definition, info.quoted_identifier)
    module = statements[0]
    assert isinstance(module, n.Module)
    return module


def table_label(s: Session, schema: str, table: str) -> str:
    if not table:
        return ""
    rows = _names(
        s,
        "SELECT o.schema_name || '.' || o.name FROM lab.objects o JOIN pg_class c ON c.oid = o.object_id JOIN "
        "pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relname = $2",
        schema,
        table,
    )
    return rows[0] if rows else table


def column_label(s: Session, schema: str, table: str, column: str) -> str:
    rows = _names(
        s,
        "SELECT k.name FROM lab.columns k JOIN pg_class c ON c.oid = k.object_id JOIN pg_namespace s ON "
        "s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relname = $2 AND k.name = $3",
        schema,
        table,
        column,
    )
    return rows[0] if rows else column


def constraint_name(s: Session, name: str) -> tuple[str, str]:
    """A constraint's or index's own spelling and its kind."""
    name = name.removesuffix(TWIN)
    rows = _names(
        s,
        "SELECT o.type || ':' || o.name FROM lab.objects o WHERE o.db = $1 AND o.name = $2 AND o.parent_object_id <> 0",
        s.db,
        name,
    )
    if rows:
        kind, _unused, text = rows[0].partition(":")
        return text, kind
    rows = _names(s, "SELECT name FROM lab.indexes WHERE pg_name = $1", name)
    return (rows[0], "IX") if rows else (name, "")


def _names(s: Session, sql: str, *params: str) -> list[str]:
    """Read the catalogue for an error's text; on another connection when the transaction has failed."""
    if s.backend.failed:
        other = s.server.pool.take()
        try:
            rows = other.query(sql, [p.encode() for p in params]).rows
        finally:
            s.server.pool.give_back(other)
    else:
        rows = s.backend.query(sql, [p.encode() for p in params]).rows
    return [(r[0] or b"").decode() for r in rows]
