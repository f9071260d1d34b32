# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types and values to the wire: TYPE_INFO and an encoder for each type."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import struct
import uuid
from collections.abc import Callable
from typing import Any

from .reading import BASE_1900, EPOCH
from .types import INT_SIZES, SqlType

COLLATION = bytes.fromhex("0904d00034")  # SQL_Latin1_General_CP1_CI_AS

_FIXED_INFO = {
    "bit": b"\x68\x01",
    "float": b"\x6d\x08",
    "real": b"\x6d\x04",
    "money": b"\x6e\x08",
    "smallmoney": b"\x6e\x04",
    "datetime": b"\x6f\x08",
    "smalldatetime": b"\x6f\x04",
    "date": b"\x28",
    "uniqueidentifier": b"\x24\x10",
    "timestamp": b"\xad\x08\x00",
}
_SCALED = {"time": 0x29, "datetime2": 0x2A, "datetimeoffset": 0x2B}
_BYTES = frozenset({"varbinary", "binary", "image"})


@functools.lru_cache(maxsize=4096)
def type_info(kind: SqlType) -> bytes:
    name = kind.name
    if name in INT_SIZES:
        return bytes([0x26, INT_SIZES[name]])
    if name in _FIXED_INFO:
        return _FIXED_INFO[name]
    if name in ("decimal", "numeric"):
        return bytes([0x6A if name == "decimal" else 0x6C, kind.max_length, kind.precision, kind.scale])
    if name in _SCALED:
        return bytes([_SCALED[name], kind.scale])
    if name in _BYTES:
        return (b"\xad" if name == "binary" else b"\xa5") + _size(kind.length, 8000, 1)
    if kind.is_unicode:
        return (b"\xef" if name == "nchar" else b"\xe7") + _size(kind.length, 4000, 2) + COLLATION
    return (b"\xaf" if name == "char" else b"\xa7") + _size(kind.length, 8000, 1) + COLLATION


def _size(length: int, limit: int, width: int) -> bytes:
    """The size in bytes; 0xFFFF for (max)."""
    return struct.pack("<H", width * length if 0 < length <= limit else 0xFFFF)


def _plp(raw: bytes) -> bytes:
    if not raw:
        return b"\0" * 8 + b"\0\0\0\0"
    return struct.pack("<QI", len(raw), len(raw)) + raw + b"\0\0\0\0"


def _clock(value: Any, scale: int) -> bytes:
    ticks = ((value.hour * 60 + value.minute) * 60 + value.second) * 10_000_000 + value.microsecond * 10
    return int(ticks // 10 ** (7 - scale)).to_bytes(3 if scale <= 2 else 4 if scale <= 4 else 5, "little")


@functools.lru_cache(maxsize=4096)
def encoder(kind: SqlType) -> Callable[[Any], bytes]:
    """A function that writes one value of the type (never None: see `null`)."""
    name = kind.name
    if name in INT_SIZES:
        size, signed = INT_SIZES[name], name != "tinyint"
        prefix = bytes([size])
        return lambda v: prefix + int(v).to_bytes(size, "little", signed=signed)
    if name in _ENCODERS:
        return _ENCODERS[name]
    if name in _WITH_SCALE:
        return functools.partial(_WITH_SCALE[name], kind.scale)
    if name in ("decimal", "numeric"):
        return functools.partial(_encode_decimal, kind.max_length, kind.scale)
    return _sized_encoder(kind)


def _sized_encoder(kind: SqlType) -> Callable[[Any], bytes]:
    plp = type_info(kind)[1:3] == b"\xff\xff"
    if kind.name in _BYTES or kind.name == "timestamp":
        return (lambda v: _plp(bytes(v))) if plp else (lambda v: struct.pack("<H", len(v)) + bytes(v))
    if kind.is_unicode:
        if plp:
            return lambda v: _plp(str(v).encode("utf-16-le", "surrogatepass"))
        return functools.partial(_encode_sized, "utf-16-le", 2 * kind.length)
    if plp:
        return lambda v: _plp(str(v).encode("cp1252", "replace"))
    return functools.partial(_encode_sized, "cp1252", kind.length)


def _encode_guid(value: Any) -> bytes:
    return b"\x10" + (value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))).bytes_le


def _encode_time(scale: int, value: Any) -> bytes:
    return _short(_clock(value, scale))


def _encode_datetime2(scale: int, value: Any) -> bytes:
    return _short(_clock(value, scale) + (value.toordinal() - EPOCH).to_bytes(3, "little"))


def _short(raw: bytes) -> bytes:
    return bytes([len(raw)]) + raw


def _encode_sized(codec: str, limit: int, value: Any) -> bytes:
    raw = str(value).encode(codec, "replace")[:limit]
    return struct.pack("<H", len(raw)) + raw


def _encode_decimal(size: int, scale: int, value: Any) -> bytes:
    with decimal.localcontext() as context:
        context.prec = 60
        number = int(decimal.Decimal(value).scaleb(scale).to_integral_value())
    return bytes([size, 1 if number >= 0 else 0]) + abs(number).to_bytes(size - 1, "little")


def _encode_money(big: bool, value: Any) -> bytes:
    number = int(decimal.Decimal(value).scaleb(4).to_integral_value())
    if not big:
        return b"\x04" + struct.pack("<i", number)
    return b"\x08" + struct.pack("<iI", number >> 32, number & 0xFFFFFFFF)


def _encode_datetime(small: bool, value: Any) -> bytes:
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    delta = value - BASE_1900
    if small:
        return b"\x04" + struct.pack("<HH", delta.days, delta.seconds // 60)
    ticks = round((delta.seconds * 1_000_000 + delta.microseconds) * 3 / 10_000)
    return b"\x08" + struct.pack("<iI", delta.days, min(ticks, 25_919_999))


def _encode_offset(scale: int, value: Any) -> bytes:
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.timezone.utc)
    minutes = int(value.utcoffset().total_seconds() // 60)
    utc = value.astimezone(dt.timezone.utc)
    return _short(_clock(utc, scale) + (utc.toordinal() - EPOCH).to_bytes(3, "little") + struct.pack("<h", minutes))


@functools.lru_cache(maxsize=4096)
def null(kind: SqlType) -> bytes:
    info = type_info(kind)
    if info[0] in (0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF):
        return b"\xff" * 8 if info[1:3] == b"\xff\xff" else b"\xff\xff"
    return b"\0"


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "bit": lambda v: b"\x01\x01" if v else b"\x01\x00",
    "float": lambda v: struct.pack("<Bd", 8, float(v)),
    "real": lambda v: struct.pack("<Bf", 4, float(v)),
    "money": functools.partial(_encode_money, True),
    "smallmoney": functools.partial(_encode_money, False),
    "datetime": functools.partial(_encode_datetime, False),
    "smalldatetime": functools.partial(_encode_datetime, True),
    "date": lambda v: b"\x03" + (v.toordinal() - EPOCH).to_bytes(3, "little"),
    "uniqueidentifier": _encode_guid,
}
_WITH_SCALE: dict[str, Callable[[int, Any], bytes]] = {
    "time": _encode_time,
    "datetime2": _encode_datetime2,
    "datetimeoffset": _encode_offset,
}
