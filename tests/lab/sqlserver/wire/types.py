# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL Server's data types as they are declared."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import SqlError

MAX = -1


class SqlType(NamedTuple):
    """A type as declared. `length` counts characters or bytes, -1 is (max)."""

    name: str
    length: int = 0
    precision: int = 0
    scale: int = 0

    @property
    def is_string(self) -> bool:
        return self.name in STRINGS

    @property
    def is_unicode(self) -> bool:
        return self.name in ("nvarchar", "nchar", "ntext", "sysname", "xml", "sql_variant")

    @property
    def max_length(self) -> int:
        """sys.columns.max_length: bytes."""
        if self.name in FIXED_LENGTHS:
            return FIXED_LENGTHS[self.name]
        if self.length == MAX or self.name in ("xml", "text", "ntext", "image"):
            return -1
        if self.name in ("decimal", "numeric"):
            return 5 if self.precision <= 9 else 9 if self.precision <= 19 else 13 if self.precision <= 28 else 17
        if self.name in ("time", "datetime2", "datetimeoffset"):
            base = {"time": 3, "datetime2": 6, "datetimeoffset": 8}[self.name]
            return base + (0 if self.scale <= 2 else 1 if self.scale <= 4 else 2)
        return self.length * 2 if self.is_unicode else self.length

    def declared(self) -> str:
        """The type as T-SQL writes it."""
        if self.name in ("decimal", "numeric"):
            return f"{self.name}({self.precision},{self.scale})"
        if self.name in ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary"):
            return f"{self.name}({'max' if self.length == MAX else self.length})"
        if self.name in ("time", "datetime2", "datetimeoffset"):
            return f"{self.name}({self.scale})"
        return self.name


STRINGS = frozenset({"char", "varchar", "nchar", "nvarchar", "text", "ntext", "sysname", "xml", "sql_variant"})
TEMPORALS = frozenset({"date", "time", "datetime", "datetime2", "smalldatetime", "datetimeoffset"})
FIXED_LENGTHS = {
    "tinyint": 1,
    "smallint": 2,
    "int": 4,
    "bigint": 8,
    "bit": 1,
    "money": 8,
    "smallmoney": 4,
    "float": 8,
    "real": 4,
    "date": 3,
    "datetime": 8,
    "smalldatetime": 4,
    "uniqueidentifier": 16,
    "rowversion": 8,
    "timestamp": 8,
    "sysname": 256,
}
TYPE_IDS = {
    "image": 34,
    "text": 35,
    "uniqueidentifier": 36,
    "date": 40,
    "time": 41,
    "datetime2": 42,
    "datetimeoffset": 43,
    "tinyint": 48,
    "smallint": 52,
    "int": 56,
    "smalldatetime": 58,
    "real": 59,
    "money": 60,
    "datetime": 61,
    "float": 62,
    "sql_variant": 98,
    "ntext": 99,
    "bit": 104,
    "decimal": 106,
    "numeric": 108,
    "smallmoney": 122,
    "bigint": 127,
    "varbinary": 165,
    "varchar": 167,
    "binary": 173,
    "char": 175,
    "timestamp": 189,
    "nvarchar": 231,
    "nchar": 239,
    "xml": 241,
    "sysname": 256,
}

INT = SqlType("int", 4, 10)
BIGINT = SqlType("bigint", 8, 19)
SMALLINT = SqlType("smallint", 2, 5)
TINYINT = SqlType("tinyint", 1, 3)
BIT = SqlType("bit", 1, 1)
FLOAT = SqlType("float", 8, 53)
REAL = SqlType("real", 4, 24)
NVARCHAR_MAX = SqlType("nvarchar", MAX)
NVARCHAR_4000 = SqlType("nvarchar", 4000)
VARCHAR_8000 = SqlType("varchar", 8000)
SYSNAME = SqlType("sysname", 128)
DATETIME = SqlType("datetime", 8, 23, 3)
DATETIME2 = SqlType("datetime2", 8, 27, 7)
DATE = SqlType("date", 3, 10)
TIME = SqlType("time", 5, 16, 7)
DATETIMEOFFSET = SqlType("datetimeoffset", 10, 34, 7)
GUID = SqlType("uniqueidentifier", 16)
VARBINARY_MAX = SqlType("varbinary", MAX)
INT_SIZES = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
INT_LIMITS = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}


def build(name: str, args: tuple[int, ...] = ()) -> SqlType:
    """A type from its name and the numbers in its parentheses (-1 for max)."""
    name = SYNONYMS.get(name, name)
    first = args[0] if args else None
    if name in ("decimal", "numeric"):
        return SqlType(name, 0, first if first is not None else 18, args[1] if len(args) > 1 else 0)
    if name == "float":
        return REAL if first is not None and first <= 24 else FLOAT
    if name in SIZED:
        return SqlType(name, first if first is not None else 1)
    if name in _FRACTIONS:
        scale = first if first is not None else 7
        return SqlType(name, 0, _FRACTIONS[name] + scale, scale)
    if name in _PLAIN:
        return _PLAIN[name]
    raise SqlError(2715, f"Cannot find data type {name}.")


SIZED = frozenset({"char", "character", "varchar", "nchar", "nvarchar", "binary", "varbinary"})
# The precision of the types with fractions of a second, without them.
_FRACTIONS = {"datetime2": 20, "time": 9, "datetimeoffset": 27}
_PLAIN = {
    "int": INT,
    "bigint": BIGINT,
    "smallint": SMALLINT,
    "tinyint": TINYINT,
    "bit": BIT,
    "real": REAL,
    "datetime": DATETIME,
    "date": DATE,
    "uniqueidentifier": GUID,
    "sysname": SYSNAME,
    "money": SqlType("money", 8, 19, 4),
    "smallmoney": SqlType("smallmoney", 4, 10, 4),
    "smalldatetime": SqlType("smalldatetime", 4, 16),
    "rowversion": SqlType("timestamp", 8),
    "timestamp": SqlType("timestamp", 8),
    "xml": SqlType("xml", MAX),
    "text": SqlType("text", MAX),
    "ntext": SqlType("ntext", MAX),
    "image": SqlType("image", MAX),
    "sql_variant": SqlType("sql_variant", 4000),
}
SYNONYMS = {"integer": "int", "dec": "decimal", "character": "char", "national": "nvarchar", "rowversion": "timestamp"}
KNOWN = frozenset(TYPE_IDS) | frozenset(SYNONYMS)
