# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversions between types, as SQL of PostgreSQL; the functions are in catalog/conversions.sql and dates.sql.

Which type wins when two meet: https://learn.microsoft.com/sql/t-sql/data-types/data-type-precedence-transact-sql
What a conversion gives: https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import SqlError
from ..wire import types
from ..wire.types import MAX, TEMPORALS, SqlType
from .names import BINARIES, INTEGERS, NUMBERS, pg_type, quote

PRECEDENCE = (
    "sql_variant",
    "xml",
    "datetimeoffset",
    "datetime2",
    "datetime",
    "smalldatetime",
    "date",
    "time",
    "float",
    "real",
    "decimal",
    "numeric",
    "money",
    "smallmoney",
    "bigint",
    "int",
    "smallint",
    "tinyint",
    "bit",
    "ntext",
    "text",
    "image",
    "timestamp",
    "uniqueidentifier",
    "sysname",
    "nvarchar",
    "nchar",
    "varchar",
    "char",
    "varbinary",
    "binary",
)
_RANK = {name: i for i, name in enumerate(PRECEDENCE)}
_DECIMALS = frozenset({"decimal", "numeric", "money", "smallmoney"})
_FLOATS = frozenset({"float", "real"})
_PRECISIONS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19, "bit": 1}


def shown(kind: SqlType | None) -> str:
    """A type's name in messages."""
    if kind is None:
        return "nvarchar"
    return {"sysname": "nvarchar", "decimal": "numeric"}.get(kind.name, kind.name)


def common(kinds: list[SqlType]) -> SqlType | None:
    """The type of CASE, COALESCE, UNION and the like: the highest in the order of precedence."""
    if not kinds:
        return None
    highest = min(kinds, key=lambda k: _RANK[k.name])
    if highest.name in ("decimal", "numeric"):
        return _common_decimal(highest.name, kinds)
    if highest.is_string or highest.name in ("varbinary", "binary"):
        same = [k for k in kinds if k.is_string == highest.is_string]
        length = MAX if any(k.length == MAX for k in same) else max(k.length for k in same)
        return highest._replace(length=length)
    return highest


def _common_decimal(name: str, kinds: list[SqlType]) -> SqlType:
    exact = [as_decimal(k) for k in kinds if k.name in INTEGERS or k.name in _DECIMALS]
    scale = max(k.scale for k in exact)
    whole = max(k.precision - k.scale for k in exact)
    return SqlType(name, 0, min(38, whole + scale), scale)


def as_decimal(kind: SqlType) -> SqlType:
    """An integer or money type as the decimal that holds it."""
    if kind.name in _PRECISIONS:
        return SqlType("decimal", 0, _PRECISIONS[kind.name], 0)
    return kind


def convert(sql: str, source: SqlType | None, kind: SqlType, style: str = "0") -> str:
    """An expression of one type as another, with SQL Server's errors. Texts must be PostgreSQL's text already."""
    if sql == "NULL":
        return f"NULL::{pg_type(kind)}"
    if source == kind:
        return sql
    if source is not None:
        _check_allowed(source, kind)
    return _TARGETS[kind.name](sql, source, kind, style)


def _check_allowed(source: SqlType, kind: SqlType) -> None:
    newer = ("date", "time", "datetime2", "datetimeoffset")
    numeric = source.name in NUMBERS and kind.name in newer
    if numeric or (source.name in newer and kind.name in NUMBERS):
        raise SqlError(529, f"Explicit conversion from data type {source.name} to {kind.name} is not allowed.")


def _to_int(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    if source is not None and source.name in INTEGERS and _holds(kind, source):
        return f"({sql})::{pg_type(kind)}"
    return f"lab.to_int({sql}, {quote(shown(source))}, {quote(kind.name)})::{pg_type(kind)}"


def _holds(kind: SqlType, source: SqlType) -> bool:
    """Whether every value of the source fits: smaller integers do, but for tinyint from a negative one."""
    return _PRECISIONS[kind.name] >= _PRECISIONS[source.name] and (kind.name != "tinyint" or source.name == "bit")


def _to_bit(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    return f"lab.to_bit({sql}, {quote(shown(source))})"


def _to_decimal(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    p, s = kind.precision, kind.scale
    return f"lab.to_dec({sql}, {quote(shown(source))}, {quote(kind.name)}, {p}, {s})::{pg_type(kind)}"


def _to_float(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    if source is None or source.name in NUMBERS:
        return f"({sql})::{pg_type(kind)}"
    return f"lab.to_float({sql}, {quote(shown(source))}, {quote(kind.name)})::{pg_type(kind)}"


def _to_guid(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    if source is not None and source.name in BINARIES:
        return f"lab.bytes_guid({sql})"
    return f"({sql})::uuid" if source is None else f"lab.to_guid({sql})"


def _to_temporal(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    target = pg_type(kind)
    if source is None:
        return f"({sql})::{target}"
    src, name = quote(shown(source)), quote(kind.name)
    if source.is_string:
        if kind.name == "datetimeoffset":
            return f"lab.parse_offset({sql}, {src})::{target}"
        return f"lab.parse_time({sql}, {src}, {name}, {style})::{target}"
    if kind.name == "datetimeoffset":
        return f"(({sql})::timestamp AT TIME ZONE 'UTC')::{target}"
    if source.name == "date":
        sql = f"({sql})::timestamp"
    return f"lab.as_time({sql}, {src}, {name})::{target}"


def _to_binary(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    if source is not None and source.name in INTEGERS:
        width = types.INT_SIZES.get(source.name, 1)
        return f"lab.int_bytes({sql}, {width}, {kind.length})"
    if source is not None and source.is_string:
        sql = _string_bytes(sql, source, style)
    elif source is not None and source.name == "uniqueidentifier":
        sql = f"lab.guid_bytes({sql})"
    else:
        sql = f"({sql})::bytea"
    if kind.name == "binary":
        return f"lab.pad_bytes({sql}, {kind.length})"
    return f"substr({sql}, 1, {kind.length})" if kind.length > 0 else sql


def _string_bytes(sql: str, source: SqlType, style: str) -> str:
    if style in ("1", "2"):
        return f"lab.from_hex({sql}, {style})"
    return f"lab.utf16({sql})" if source.is_unicode else f"convert_to({sql}, 'WIN1252')"


def to_text(sql: str, source: SqlType | None, kind: SqlType = types.NVARCHAR_4000, style: str = "0") -> str:
    """Any value as a text, not yet cut to the length of its type."""
    if source is None:
        return f"({sql})::text"
    if source.is_string:
        return sql
    return _TEXTS[source.name](sql, source, kind, style)


def _to_string(sql: str, source: SqlType | None, kind: SqlType, style: str) -> str:
    text = to_text(sql, source, kind, style)
    if kind.is_unicode and kind.length > 0 and source is not None and source.is_string:
        text = f"lab.fit({text}, {kind.length})"
    return f"({text})::{pg_type(kind)}"


def _number_text(sql: str, source: SqlType, kind: SqlType, style: str) -> str:
    text = f"({sql})::text"
    if source.name in ("money", "smallmoney"):
        text = f"lab.money_text({sql}, {style})"
    elif source.name in _FLOATS:
        text = f"lab.float_text({sql}, {style})"
    return f"lab.number_text({text}, {quote(shown(source))}, {quote(kind.name)}, {kind.length})"


def _time_text(sql: str, source: SqlType, kind: SqlType, style: str) -> str:
    scale = source.scale if source.name in ("time", "datetime2", "datetimeoffset") else 3
    if source.name == "datetimeoffset":
        return f"(lab.time_text(({sql}) AT TIME ZONE 'UTC', 'datetime2', {scale}, {style}) || ' +00:00')"
    value = f"(timestamp '1900-01-01' + ({sql}))" if source.name == "time" else f"({sql})::timestamp"
    return f"lab.time_text({value}, {quote(source.name)}, {scale}, {style})"


_Converter = Callable[[str, "SqlType | None", SqlType, str], str]
_TARGETS: dict[str, _Converter] = {
    **dict.fromkeys(types.INT_SIZES, _to_int),
    "bit": _to_bit,
    **dict.fromkeys(_DECIMALS, _to_decimal),
    **dict.fromkeys(_FLOATS, _to_float),
    "uniqueidentifier": _to_guid,
    **dict.fromkeys(TEMPORALS, _to_temporal),
    **dict.fromkeys(BINARIES, _to_binary),
    **dict.fromkeys(types.STRINGS, _to_string),
}
_TEXTS: dict[str, Callable[[str, SqlType, SqlType, str], str]] = {
    **dict.fromkeys(NUMBERS, _number_text),
    **dict.fromkeys(TEMPORALS, _time_text),
    "uniqueidentifier": lambda sql, source, kind, style: f"lab.guid_text({sql}, {kind.length})",
    **dict.fromkeys(BINARIES, lambda sql, source, kind, style: f"lab.binary_text({sql}, {quote(kind.name)}, {style})"),
}
