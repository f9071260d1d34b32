# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters from the wire: TYPE_INFO and a value."""

from __future__ import annotations

import datetime as dt
import decimal
import struct
import uuid
from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from .types import (
    BIGINT,
    BIT,
    DATETIME,
    FLOAT,
    GUID,
    INT,
    INT_SIZES,
    MAX,
    REAL,
    SMALLINT,
    TINYINT,
    SqlType,
    build,
)

# Where dates begin to count: days since year 1 on the wire, and since 1900 in the older types.
EPOCH = dt.date(1, 1, 1).toordinal()
BASE_1900 = dt.datetime(1900, 1, 1)


class Reader:
    """A cursor over bytes."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos

    def take(self, count: int) -> bytes:
        self.pos += count
        return self.data[self.pos - count : self.pos]

    def u8(self) -> int:
        self.pos += 1
        return self.data[self.pos - 1]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def b_varchar(self) -> str:
        return self.take(2 * self.u8()).decode("utf-16-le")

    def us_varchar(self) -> str:
        return self.take(2 * self.u16()).decode("utf-16-le")


_FIXED_WIRE = {
    0x30: (1, TINYINT),
    0x32: (1, BIT),
    0x34: (2, SMALLINT),
    0x38: (4, INT),
    0x3B: (4, REAL),
    0x3D: (8, DATETIME),
    0x3E: (8, FLOAT),
    0x7F: (8, BIGINT),
    0x3C: (8, SqlType("money", 8, 19, 4)),
    0x1F: (0, INT),
}
# Types whose token leaves the size to the byte behind it.
_NULLABLE = {
    (0x26, 1): TINYINT,
    (0x26, 2): SMALLINT,
    (0x26, 4): INT,
    (0x26, 8): BIGINT,
    (0x68, 1): BIT,
    (0x24, 16): GUID,
    (0x6D, 4): REAL,
    (0x6D, 8): FLOAT,
    (0x6E, 4): build("smallmoney"),
    (0x6E, 8): build("money"),
    (0x6F, 4): build("smalldatetime"),
    (0x6F, 8): build("datetime"),
}


def read_parameter(b: Reader) -> tuple[Any, SqlType]:
    """TYPE_INFO and a value."""
    try:
        return _read_parameter(b)
    except (KeyError, ValueError, OverflowError) as error:
        text = f"The incoming tabular data stream (TDS) protocol stream is incorrect: an invalid value ({error})."
        raise SqlError(8023, text, aborts="batch") from error


def _read_parameter(b: Reader) -> tuple[Any, SqlType]:
    token = b.u8()
    if token in _FIXED_WIRE:
        size, kind = _FIXED_WIRE[token]
        return (_fixed(kind, b.take(size)) if size else None), kind
    reader = _READERS.get(token)
    if reader is None:
        raise SqlError(
            8009, f"lab.sqlserver does not know the parameter type 0x{token:02x} and refuses it", aborts="batch"
        )
    return reader(b, token)


def _read_nullable(b: Reader, token: int) -> tuple[Any, SqlType]:
    """INTN, BITN, FLTN, MONEYN, DATETIMN and GUID: a size in the type, a length before the value."""
    kind = _NULLABLE[token, b.u8()]
    length = b.u8()
    return (_fixed(kind, b.take(length)) if length else None), kind


def _read_decimal(b: Reader, token: int) -> tuple[Any, SqlType]:
    _unused, precision, scale = b.take(3)
    length = b.u8()
    kind = SqlType("decimal" if token == 0x6A else "numeric", 0, precision, scale)
    if not length:
        return None, kind
    raw = b.take(length)
    value = int.from_bytes(raw[1:], "little") * (1 if raw[0] else -1)
    return decimal.Decimal(value).scaleb(-scale), kind


def _read_temporal(b: Reader, token: int) -> tuple[Any, SqlType]:
    scale = b.u8() if token != 0x28 else 0
    kind = build({0x28: "date", 0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}[token], (scale,))
    length = b.u8()
    return (_temporal(token, b.take(length), scale) if length else None), kind


def _read_long(b: Reader, token: int) -> tuple[Any, SqlType]:
    """text, ntext and image."""
    b.u32()
    if token != 0x22:
        b.take(5)
    kind = build({0x63: "ntext", 0x23: "text", 0x22: "image"}[token])
    length = struct.unpack("<i", b.take(4))[0]
    return (_text(token, b.take(length)) if length >= 0 else None), kind


def _read_xml(b: Reader, token: int) -> tuple[Any, SqlType]:
    if b.u8():
        b.b_varchar()
        b.b_varchar()
        b.us_varchar()
    raw = _read_plp(b)
    return (None if raw is None else raw.decode("utf-16-le")), build("xml")


def _read_plp(b: Reader) -> bytes | None:
    if b.u64() == 0xFFFFFFFFFFFFFFFF:
        return None
    parts = []
    while count := b.u32():
        parts.append(b.take(count))
    return b"".join(parts)


def _read_sized(b: Reader, token: int) -> tuple[Any, SqlType]:
    size = b.u16()
    if token not in (0xA5, 0xAD):
        b.take(5)
    name = {0xA5: "varbinary", 0xA7: "varchar", 0xAD: "binary", 0xAF: "char", 0xE7: "nvarchar", 0xEF: "nchar"}[token]
    if size == 0xFFFF:
        raw = _read_plp(b)
        kind = SqlType(name, MAX)
    else:
        kind = SqlType(name, size // 2 if token in (0xE7, 0xEF) else size)
        length = b.u16()
        raw = None if length == 0xFFFF else b.take(length)
    return (None if raw is None else _text(token, raw)), kind


def _text(token: int, raw: bytes) -> Any:
    if token in (0xE7, 0xEF, 0x63):
        return raw.decode("utf-16-le")
    if token in (0xA7, 0xAF, 0x23):
        return raw.decode("cp1252", "replace")
    return raw


def _fixed(kind: SqlType, raw: bytes) -> Any:
    name = kind.name
    if name in INT_SIZES:
        return int.from_bytes(raw, "little", signed=name != "tinyint")
    return _FIXED[name](raw)


def _money(raw: bytes) -> decimal.Decimal:
    high, low = struct.unpack("<iI", raw)
    return decimal.Decimal((high << 32) | low).scaleb(-4)


def _datetime(raw: bytes) -> dt.datetime:
    days, ticks = struct.unpack("<iI", raw)
    return BASE_1900 + dt.timedelta(days=days, milliseconds=round(ticks * 10 / 3))


def _smalldatetime(raw: bytes) -> dt.datetime:
    days, minutes = struct.unpack("<HH", raw)
    return BASE_1900 + dt.timedelta(days=days, minutes=minutes)


_FIXED: dict[str, Callable[[bytes], Any]] = {
    "bit": lambda raw: bool(raw[0]),
    "float": lambda raw: struct.unpack("<d", raw)[0],
    "real": lambda raw: struct.unpack("<f", raw)[0],
    "uniqueidentifier": lambda raw: uuid.UUID(bytes_le=raw),
    "money": _money,
    "smallmoney": lambda raw: decimal.Decimal(struct.unpack("<i", raw)[0]).scaleb(-4),
    "datetime": _datetime,
    "smalldatetime": _smalldatetime,
}


def _temporal(token: int, raw: bytes, scale: int) -> Any:
    def clock(data: bytes) -> dt.timedelta:
        return dt.timedelta(microseconds=int.from_bytes(data, "little") * 10 ** (7 - scale) // 10)

    def day(data: bytes) -> dt.datetime:
        return dt.datetime.fromordinal(int.from_bytes(data, "little") + EPOCH)

    if token == 0x28:
        return day(raw).date()
    if token == 0x29:
        return (dt.datetime.min + clock(raw)).time()
    if token == 0x2A:
        return day(raw[-3:]) + clock(raw[:-3])
    offset = struct.unpack("<h", raw[-2:])[0]
    zone = dt.timezone(dt.timedelta(minutes=offset))
    return (day(raw[-5:-2]) + clock(raw[:-5])).replace(tzinfo=dt.timezone.utc).astimezone(zone)


_READERS: dict[int, Callable[[Reader, int], tuple[Any, SqlType]]] = {
    **dict.fromkeys((0x26, 0x68, 0x6D, 0x6E, 0x6F, 0x24), _read_nullable),
    **dict.fromkeys((0x6A, 0x6C), _read_decimal),
    **dict.fromkeys((0x28, 0x29, 0x2A, 0x2B), _read_temporal),
    **dict.fromkeys((0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF), _read_sized),
    **dict.fromkeys((0x63, 0x23, 0x22), _read_long),
    0xF1: _read_xml,
}
