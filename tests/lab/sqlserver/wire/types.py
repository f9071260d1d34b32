# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL Server's data types: their names, TYPE_INFO on the wire, values in both directions."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import struct
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import SqlError

COLLATION = bytes.fromhex("0904d00034")  # SQL_Latin1_General_CP1_CI_AS
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
EPOCH = dt.date(1, 1, 1).toordinal()
BASE_1900 = dt.datetime(1900, 1, 1)
_INT_SIZES = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_INT_LIMITS = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}


def build(name: str, args: tuple[int, ...] = ()) -> SqlType:
    """A type from its name and the numbers in its parentheses (-1 for max)."""
    name = SYNONYMS.get(name, name)
    first = args[0] if args else None
    if name in _INT_SIZES:
        return {"int": INT, "bigint": BIGINT, "smallint": SMALLINT, "tinyint": TINYINT}[name]
    if name in ("decimal", "numeric"):
        return SqlType(name, 0, first if first is not None else 18, args[1] if len(args) > 1 else 0)
    if name == "float":
        return REAL if first is not None and first <= 24 else FLOAT
    if name in ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary"):
        return SqlType(name, first if first is not None else 1)
    if name in ("datetime2", "time", "datetimeoffset"):
        scale = first if first is not None else 7
        return SqlType(name, 0, {"datetime2": 20, "time": 9, "datetimeoffset": 27}[name] + scale, scale)
    simple = {
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
    if name in simple:
        return simple[name]
    raise SqlError(2715, f"Cannot find data type {name}.")


SYNONYMS = {"integer": "int", "dec": "decimal", "character": "char", "national": "nvarchar", "rowversion": "timestamp"}
KNOWN = frozenset(TYPE_IDS) | frozenset(SYNONYMS)


# ---- from the wire


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
_INT_BY_SIZE = {1: TINYINT, 2: SMALLINT, 4: INT, 8: BIGINT}


def read_parameter(b: Reader) -> tuple[Any, SqlType]:
    """TYPE_INFO and a value."""
    try:
        return _read_parameter(b)
    except (ValueError, OverflowError) as error:
        text = f"The incoming tabular data stream (TDS) protocol stream is incorrect: an invalid value ({error})."
        raise SqlError(8023, text, aborts="batch") from error


def _read_parameter(b: Reader) -> tuple[Any, SqlType]:
    token = b.u8()
    if token in _FIXED_WIRE:
        size, kind = _FIXED_WIRE[token]
        return (_fixed(kind, b.take(size)) if size else None), kind
    if token in (0x26, 0x68, 0x6D, 0x6E, 0x6F, 0x24):
        size = b.u8()
        length = b.u8()
        kind = {0x68: BIT, 0x24: GUID}.get(token) or (
            _INT_BY_SIZE[size]
            if token == 0x26
            else (REAL if size == 4 else FLOAT)
            if token == 0x6D
            else build("smallmoney" if size == 4 else "money")
            if token == 0x6E
            else build("smalldatetime" if size == 4 else "datetime")
        )
        return (_fixed(kind, b.take(length)) if length else None), kind
    if token in (0x6A, 0x6C):
        _unused, precision, scale = b.take(3)
        length = b.u8()
        kind = SqlType("decimal" if token == 0x6A else "numeric", 0, precision, scale)
        if not length:
            return None, kind
        raw = b.take(length)
        value = int.from_bytes(raw[1:], "little") * (1 if raw[0] else -1)
        return decimal.Decimal(value).scaleb(-scale), kind
    if token in (0x28, 0x29, 0x2A, 0x2B):
        scale = b.u8() if token != 0x28 else 0
        kind = build({0x28: "date", 0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}[token], (scale,))
        length = b.u8()
        return (_temporal(token, b.take(length), scale) if length else None), kind
    if token in (0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF):
        return _read_sized(b, token)
    if token in (0x63, 0x23, 0x22):
        b.u32()
        if token != 0x22:
            b.take(5)
        kind = build({0x63: "ntext", 0x23: "text", 0x22: "image"}[token])
        length = struct.unpack("<i", b.take(4))[0]
        if length < 0:
            return None, kind
        return _text(token, b.take(length)), kind
    if token == 0xF1:
        if b.u8():
            b.b_varchar()
            b.b_varchar()
            b.us_varchar()
        raw_or_none = _read_plp(b)
        return (None if raw_or_none is None else raw_or_none.decode("utf-16-le")), build("xml")
    raise SqlError(8009, f"lab.sqlserver does not know the parameter type 0x{token:02x} and refuses it", aborts="batch")


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
    if name in _INT_SIZES:
        return int.from_bytes(raw, "little", signed=name != "tinyint")
    if name == "bit":
        return bool(raw[0])
    if name in ("float", "real"):
        return struct.unpack("<d" if len(raw) == 8 else "<f", raw)[0]
    if name == "uniqueidentifier":
        return uuid.UUID(bytes_le=raw)
    if name == "money":
        high, low = struct.unpack("<iI", raw)
        return decimal.Decimal((high << 32) | low).scaleb(-4)
    if name == "smallmoney":
        return decimal.Decimal(struct.unpack("<i", raw)[0]).scaleb(-4)
    if len(raw) == 8:
        days, ticks = struct.unpack("<iI", raw)
        return BASE_1900 + dt.timedelta(days=days, milliseconds=round(ticks * 10 / 3))
    days, minutes = struct.unpack("<HH", raw)
    return BASE_1900 + dt.timedelta(days=days, minutes=minutes)


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


# ---- to the wire


@functools.lru_cache(maxsize=4096)
def type_info(kind: SqlType) -> bytes:
    name, length = kind.name, kind.length
    if name in _INT_SIZES:
        return bytes([0x26, _INT_SIZES[name]])
    if name == "bit":
        return b"\x68\x01"
    if name in ("float", "real"):
        return bytes([0x6D, 4 if name == "real" else 8])
    if name in ("decimal", "numeric"):
        return bytes([0x6A if name == "decimal" else 0x6C, kind.max_length, kind.precision, kind.scale])
    if name in ("money", "smallmoney"):
        return bytes([0x6E, kind.length])
    if name in ("datetime", "smalldatetime"):
        return bytes([0x6F, 4 if name == "smalldatetime" else 8])
    if name == "date":
        return b"\x28"
    if name in ("time", "datetime2", "datetimeoffset"):
        return bytes([{"time": 0x29, "datetime2": 0x2A, "datetimeoffset": 0x2B}[name], kind.scale])
    if name == "uniqueidentifier":
        return b"\x24\x10"
    if name == "timestamp":
        return b"\xad\x08\x00"
    if name in ("varbinary", "binary", "image"):
        size = length if 0 < length <= 8000 else 0xFFFF
        return (b"\xad" if name == "binary" else b"\xa5") + struct.pack("<H", size)
    if kind.is_unicode:
        size = 2 * length if 0 < length <= 4000 else 0xFFFF
        return (b"\xef" if name == "nchar" else b"\xe7") + struct.pack("<H", size) + COLLATION
    size = length if 0 < length <= 8000 else 0xFFFF
    return (b"\xaf" if name == "char" else b"\xa7") + struct.pack("<H", size) + COLLATION


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
    if name in _INT_SIZES:
        size, signed = _INT_SIZES[name], name != "tinyint"
        prefix = bytes([size])
        return lambda v: prefix + int(v).to_bytes(size, "little", signed=signed)
    if name == "bit":
        return lambda v: b"\x01\x01" if v else b"\x01\x00"
    if name in ("float", "real"):
        form = "<Bf" if name == "real" else "<Bd"
        width = 4 if name == "real" else 8
        return lambda v: struct.pack(form, width, float(v))
    if name in ("decimal", "numeric"):
        return functools.partial(_encode_decimal, kind.max_length, kind.scale)
    if name in ("money", "smallmoney"):
        return functools.partial(_encode_money, name == "money")
    if name in ("datetime", "smalldatetime"):
        return functools.partial(_encode_datetime, name == "smalldatetime")
    if name == "date":
        return lambda v: b"\x03" + (v.toordinal() - EPOCH).to_bytes(3, "little")
    if name == "time":
        return lambda v: _short(_clock(v, kind.scale))
    if name == "datetime2":
        return lambda v: _short(_clock(v, kind.scale) + (v.toordinal() - EPOCH).to_bytes(3, "little"))
    if name == "datetimeoffset":
        return functools.partial(_encode_offset, kind.scale)
    if name == "uniqueidentifier":
        return lambda v: b"\x10" + (v if isinstance(v, uuid.UUID) else uuid.UUID(str(v))).bytes_le
    plp = type_info(kind)[1:3] == b"\xff\xff"
    if name in ("varbinary", "binary", "image", "timestamp"):
        return (lambda v: _plp(bytes(v))) if plp else (lambda v: struct.pack("<H", len(v)) + bytes(v))
    if kind.is_unicode:
        if plp:
            return lambda v: _plp(str(v).encode("utf-16-le", "surrogatepass"))
        return functools.partial(_encode_sized, "utf-16-le", 2 * kind.length)
    if plp:
        return lambda v: _plp(str(v).encode("cp1252", "replace"))
    return functools.partial(_encode_sized, "cp1252", kind.length)


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


# ---- assignment to a variable or parameter


def coerce(value: Any, kind: SqlType) -> Any:
    """The value as a variable of the type holds it."""
    if value is None:
        return None
    name = kind.name
    try:
        return _coerce(value, kind, name)
    except (ValueError, decimal.InvalidOperation, TypeError) as error:
        if name in ("datetime", "datetime2", "date", "time", "smalldatetime", "datetimeoffset"):
            raise SqlError(
                241, "Conversion failed when converting date and/or time from character string.", aborts="transaction"
            ) from error
        if name in ("decimal", "numeric", "float", "real", "uniqueidentifier"):
            raise SqlError(8114, f"Error converting data type nvarchar to {name}.") from error
        raise SqlError(
            245, f"Conversion failed when converting the nvarchar value '{value}' to data type {name}."
        ) from error


def _coerce(value: Any, kind: SqlType, name: str) -> Any:
    if name in _INT_SIZES:
        if isinstance(value, str):
            value = value.strip() or 0
        number = int(value)
        low, high = _INT_LIMITS[name]
        if not low <= number <= high:
            raise SqlError(8115, f"Arithmetic overflow error converting expression to data type {name}.")
        return number
    if name == "bit":
        if isinstance(value, str):
            value = {"true": 1, "false": 0}.get(value.lower(), value)
        return bool(int(value))
    if name in ("float", "real"):
        return float(value)
    if name in ("decimal", "numeric", "money", "smallmoney"):
        if isinstance(value, bool):
            value = int(value)
        if isinstance(value, float):
            value = repr(value)
        return decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-kind.scale), decimal.ROUND_HALF_UP)
    if name == "uniqueidentifier":
        return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value).strip("{}"))
    if name in ("varbinary", "binary", "image", "timestamp"):
        return _to_bytes(value, kind)
    if name in ("date", "datetime", "datetime2", "smalldatetime", "time", "datetimeoffset"):
        return _to_temporal(value, name)
    text = to_text(value)
    if kind.length > 0 and len(text) > kind.length:
        text = text[: kind.length]
    return text.ljust(kind.length) if name in ("char", "nchar") and kind.length > 0 else text


def _to_bytes(value: Any, kind: SqlType) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-16-le")
    elif isinstance(value, int):
        value = int(value).to_bytes(8 if abs(value) >= 2**31 else 4, "big", signed=True)
    elif isinstance(value, uuid.UUID):
        value = value.bytes_le
    raw = bytes(value)
    return raw[: kind.length] if kind.length > 0 else raw


def _to_temporal(value: Any, name: str) -> Any:
    if isinstance(value, str):
        text = value.strip()
        if name == "time" and len(text) <= 16 and "-" not in text:
            return dt.time.fromisoformat(text)
        if len(text) == 8 and text.isdigit():
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        if "." in text and len(text.split(".")[1]) > 6:
            text = text.split(".")[0] + "." + text.split(".")[1][:6]
        value = dt.datetime.fromisoformat(text)
    if isinstance(value, dt.time):
        if name == "time":
            return value
        value = dt.datetime.combine(dt.date(1900, 1, 1), value)
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    if name == "datetimeoffset":
        return value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    if value.tzinfo:
        value = value.replace(tzinfo=None)
    if name == "date":
        return value.date()
    if name == "time":
        return value.time()
    if name == "datetime":
        return value.replace(microsecond=round(value.microsecond / 1000) * 1000 % 1_000_000)
    if name == "smalldatetime":
        return value.replace(second=0, microsecond=0)
    return value


def to_text(value: Any) -> str:
    """What implicit conversion to a string gives."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, uuid.UUID):
        return str(value).upper()
    if isinstance(value, bytes):
        return value.decode("utf-16-le", "replace")
    if isinstance(value, float):
        return format(value, ".6g")
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return str(value)
