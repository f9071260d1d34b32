# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns and values of a result, with the types that SQL Server would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import backend as pg
from ..backend import Result
from ..catalog import catalog
from ..translate.dml import Translation
from ..wire import types
from ..wire.tokens import Column
from ..wire.types import SqlType

if TYPE_CHECKING:
    from ..session import Session


def shape(s: Session, translation: Translation, result: Result, drop: int = -1) -> tuple[list[Column], list[list[Any]]]:
    """Columns and Python values of a result. `drop` is the number of a column that the client must not see."""
    fields = result.fields or []
    outputs = translation.outputs or []
    aligned = not any(o.star for o in outputs) and len(outputs) == len(fields) - (1 if drop >= 0 else 0)
    raw = result.rows
    columns: list[Column] = []
    picked = []
    for i, f in enumerate(fields):
        if i == drop:
            continue
        convert = pg.decoder(f.oid)
        output = outputs[i] if aligned else None
        info = None
        if f.table and (output is None or output.type is None):
            info = _column_meta(s, f.table, f.attnum)
        if output is not None:
            name = output.name
            kind = output.type
        else:
            name = (
                info.name
                if info is not None and info.name.lower() == f.name
                else translation.spelling.get(f.name, f.name)
            )
            if name == "?column?":
                name = ""
            kind = None
        if info is not None:
            kind = info.type
        if kind is None or not _fits(kind, f.oid):
            kind = pg.type_of_field(f) or _numeric_type([r[i] for r in raw])
            if f.oid in (25, 1043, 1042) and (output is None or kind.length == types.MAX):
                longest = max((len(r[i]) for r in raw if r[i] is not None), default=0)  # type: ignore[arg-type]
                kind = types.NVARCHAR_4000 if longest <= 4000 else types.NVARCHAR_MAX
        picked.append((i, convert))
        columns.append(Column(name, kind))
    rows = [[None if row[i] is None else convert(row[i]) for i, convert in picked] for row in raw]  # type: ignore[arg-type]
    return columns, rows


def _column_meta(s: Session, oid: int, attnum: int) -> catalog.ColumnInfo | None:
    for temp in s.temp.values():
        if temp.object_id == oid:
            return next((c for c in temp.columns if c.attnum == attnum), None)
    if oid < 16384 or s.backend.failed:
        return None
    info = catalog.load_id(s.cache, s.fetch_raw, s.db, oid)
    return next((c for c in info.columns if c.attnum == attnum), None) if info is not None else None


_FAMILIES: dict[int, frozenset[str]] = {
    20: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    21: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    23: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    16: frozenset({"bit"}),
    26: frozenset({"int", "bigint"}),
    700: frozenset({"real", "float"}),
    701: frozenset({"float", "real"}),
    1700: frozenset({"decimal", "numeric", "money", "smallmoney"}),
    1082: frozenset({"date"}),
    1083: frozenset({"time"}),
    1114: frozenset({"datetime", "datetime2", "smalldatetime"}),
    1184: frozenset({"datetimeoffset"}),
    2950: frozenset({"uniqueidentifier"}),
    17: frozenset({"binary", "varbinary", "image", "timestamp"}),
}


def _fits(kind: SqlType, oid: int) -> bool:
    family = _FAMILIES.get(oid)
    if family is not None:
        return kind.name in family
    return kind.is_string


def _numeric_type(values: list[bytes | None]) -> SqlType:
    scale = max((len(v) - v.index(b".") - 1 for v in values if v is not None and b"." in v), default=0)
    return SqlType("decimal", 0, 38, min(scale, 37))
