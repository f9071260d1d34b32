# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and types on PostgreSQL's side."""

from __future__ import annotations

import functools
import hashlib

from ..wire.types import MAX, SqlType


@functools.lru_cache(maxsize=20000)
def physical(name: str) -> str:
    """SQL Server's names ignore case and have 128 characters; PostgreSQL's have 63 bytes."""
    low = name.lower()
    if len(low.encode()) <= 63:
        return low
    return (
        low.encode()[:50].decode(errors="ignore")
        + "~"
        + hashlib.md5(low.encode(), usedforsecurity=False).hexdigest()[:8]
    )


@functools.lru_cache(maxsize=20000)
def ident(name: str) -> str:
    return '"' + physical(name).replace('"', '""') + '"'


def schema_ident(db: str, schema: str) -> str:
    return ident(f"{db}.{schema}")


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_SIMPLE = {
    "tinyint": "int2",
    "smallint": "int2",
    "int": "int4",
    "bigint": "int8",
    "bit": "int2",
    "float": "float8",
    "real": "float4",
    "money": "numeric(19,4)",
    "smallmoney": "numeric(10,4)",
    "date": "date",
    "datetime": "timestamp(3)",
    "smalldatetime": "timestamp(0)",
    "uniqueidentifier": "uuid",
    "binary": "bytea",
    "varbinary": "bytea",
    "image": "bytea",
    "timestamp": "bytea",
    "sysname": "varchar(128)",
    "text": "text",
    "ntext": "text",
    "xml": "text",
    "sql_variant": "text",
}


@functools.lru_cache(maxsize=2000)
def pg_type(kind: SqlType) -> str:
    name = kind.name
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in ("decimal", "numeric"):
        return f"numeric({kind.precision},{kind.scale})"
    if name == "datetime2":
        return f"timestamp({min(kind.scale, 6)})"
    if name == "datetimeoffset":
        return f"timestamptz({min(kind.scale, 6)})"
    if name == "time":
        return f"time({min(kind.scale, 6)})"
    if kind.length == MAX:
        return "text"
    return f"{'bpchar' if name in ('char', 'nchar') else 'varchar'}({kind.length})"


def column_type(kind: SqlType) -> str:
    """The type of a table's column: strings carry the case-insensitive collation."""
    return pg_type(kind) + (" COLLATE lab.ci" if kind.is_string else "")


def index_key(name: str, kind: SqlType) -> str:
    """A column in an index: trailing blanks do not count in comparisons, nor in keys."""
    return f"rtrim({ident(name)}::text, ' ')" if kind.is_string else ident(name)


# Ends the name of the index that keeps a PRIMARY KEY or UNIQUE constraint on strings without trailing blanks.
TWIN = "~"


def units_check(name: str, kind: SqlType) -> str:
    """nvarchar(n) counts UTF-16 code units, PostgreSQL's varchar(n) characters: a constraint counts the units."""
    if kind.name not in ("nvarchar", "nchar") or kind.length <= 0:
        return ""
    return f"CONSTRAINT {ident(units_constraint(name))} CHECK (lab.units({ident(name)}) <= {kind.length})"


def units_constraint(name: str) -> str:
    return f"lab_units_{name}"


INTEGERS = frozenset({"tinyint", "smallint", "int", "bigint", "bit"})
NUMBERS = INTEGERS | {"decimal", "numeric", "money", "smallmoney", "float", "real"}
BINARIES = frozenset({"binary", "varbinary", "image", "timestamp"})
