# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects and their columns, read from the lab's tables and cached until a definition changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..translate.names import ident, schema_ident
from ..wire.types import SqlType


@dataclass(slots=True)
class ColumnInfo:
    name: str
    type: SqlType
    nullable: bool
    attnum: int
    column_id: int
    identity: bool = False
    computed: bool = False
    default_id: int = 0


@dataclass(slots=True)
class TriggerInfo:
    object_id: int
    name: str
    events: frozenset[str]
    definition: str


@dataclass(slots=True, eq=False)
class ObjectInfo:
    object_id: int
    db: str
    schema: str
    name: str
    kind: str  # U, V, P, FN, IF, TR, SO, SN, TT; # for temporary tables and table variables
    ref: str  # PostgreSQL's name of it, quoted
    columns: list[ColumnInfo] = field(default_factory=list)
    by_name: dict[str, ColumnInfo] = field(default_factory=dict)
    triggers: list[TriggerInfo] = field(default_factory=list)
    definition: str = ""
    target: str = ""
    identity: ColumnInfo | None = None
    disabled_triggers: bool = False
    quoted_identifier: bool = True

    def add_columns(self, columns: list[ColumnInfo]) -> None:
        self.columns = columns
        self.by_name = {c.name.lower(): c for c in columns}
        self.identity = next((c for c in columns if c.identity), None)

    @property
    def label(self) -> str:
        return f"{self.schema}.{self.name}" if self.kind != "#" else self.name


_LOAD = """SELECT json_build_object('id', o.object_id, 'schema', o.schema_name, 'name', o.name, 'type', o.type,
    'target', o.target,
 'columns', (SELECT json_agg(json_build_array(c.name, c.type, c.length, c.prec, c.scale, c.nullable, c.attnum,
     c.column_id, c.identity,
     c.computed IS NOT NULL, c.default_object_id) ORDER BY c.column_id) FROM lab.columns c WHERE c.object_id =
         o.object_id),
 'triggers', (SELECT json_agg(json_build_array(t.object_id, t.name, m.events, m.definition) ORDER BY t.object_id) FROM
     lab.objects t
     JOIN lab.modules m ON m.object_id = t.object_id WHERE t.parent_object_id = o.object_id AND t.type = 'TR' AND NOT
         m.disabled),
 'definition', (SELECT definition FROM lab.modules m WHERE m.object_id = o.object_id),
 'quoted', (SELECT quoted FROM lab.modules m WHERE m.object_id = o.object_id))
FROM lab.objects o WHERE """
_BY_NAME = _LOAD + "o.db = $1 AND o.schema_name = $2 AND o.name = $3"
_BY_ID = _LOAD + "o.object_id = $1::int4 AND o.db = $2"
Fetch = Callable[[str, list[bytes | None]], Any]


class Cache:
    """Objects by name and by id. It is replaced whenever a definition is committed."""

    __slots__ = ("by_id", "by_name", "databases", "extra", "key")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.by_name: dict[tuple[str, str, str], ObjectInfo | None] = {}
        self.by_id: dict[int, ObjectInfo | None] = {}
        self.databases: dict[str, tuple[str, bool]] | None = None
        self.extra: dict[Any, Any] = {}


def load(cache: Cache, fetch: Fetch, db: str, schema: str, name: str) -> ObjectInfo | None:
    key = (db, schema.lower(), name.lower())
    try:
        return cache.by_name[key]
    except KeyError:
        pass
    rows = fetch(_BY_NAME, [db.encode(), schema.encode(), name.encode()]).rows
    found = _build(db, json.loads(rows[0][0])) if rows else None
    cache.by_name[key] = found
    if found is not None:
        cache.by_id[found.object_id] = found
    return found


def load_id(cache: Cache, fetch: Fetch, db: str, object_id: int) -> ObjectInfo | None:
    try:
        return cache.by_id[object_id]
    except KeyError:
        pass
    rows = fetch(_BY_ID, [str(object_id).encode(), db.encode()]).rows
    found = _build(db, json.loads(rows[0][0])) if rows else None
    cache.by_id[object_id] = found
    if found is not None:
        cache.by_name[(db, found.schema.lower(), found.name.lower())] = found
    return found


def _build(db: str, data: dict[str, Any]) -> ObjectInfo:
    schema, name = data["schema"], data["name"]
    info = ObjectInfo(
        data["id"],
        db,
        schema,
        name,
        data["type"],
        f"{schema_ident(db, schema)}.{ident(name)}",
        definition=data["definition"] or "",
        target=data["target"] or "",
    )
    info.quoted_identifier = data["quoted"] is not False
    info.add_columns(
        [
            ColumnInfo(c[0], SqlType(c[1], c[2], c[3], c[4]), c[5], c[6], c[7], c[8], c[9], c[10])
            for c in data["columns"] or []
        ]
    )
    info.triggers = [TriggerInfo(t[0], t[1], frozenset(t[2].split(",")), t[3]) for t in data["triggers"] or []]
    return info
