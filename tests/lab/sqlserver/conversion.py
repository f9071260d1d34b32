# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of Python as variables and parameters of a type hold them."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from typing import Any

from .errors import SqlError
from .wire.types import INT_LIMITS, TEMPORALS, SqlType


def coerce(value: Any, kind: SqlType) -> Any:
    """The value as a variable of the type holds it."""
    if value is None:
        return None
    name = kind.name
    try:
        convert: Callable[[Any, SqlType], Any] = _CONVERT.get(name, _string)
        return convert(value, kind)
    except (ValueError, decimal.InvalidOperation, TypeError) as error:
        if name in TEMPORALS:
            raise SqlError(241, "Conversion failed when converting date and/or time from character string.") from error
        if name in ("decimal", "numeric", "float", "real", "uniqueidentifier"):
            raise SqlError(8114, f"Error converting data type nvarchar to {name}.") from error
        raise SqlError(
            245, f"Conversion failed when converting the nvarchar value '{value}' to data type {name}."
        ) from error


def _whole(value: Any, kind: SqlType) -> int:
    if isinstance(value, str):
        value = value.strip() or 0
    number = int(value)
    low, high = INT_LIMITS[kind.name]
    if not low <= number <= high:
        raise SqlError(8115, f"Arithmetic overflow error converting expression to data type {kind.name}.")
    return number


def _bit(value: Any, kind: SqlType) -> bool:
    if isinstance(value, str):
        value = {"true": 1, "false": 0}.get(value.lower(), value)
    return bool(int(value))


def _decimal(value: Any, kind: SqlType) -> decimal.Decimal:
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, float):
        value = repr(value)
    return decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-kind.scale), decimal.ROUND_HALF_UP)


def _guid(value: Any, kind: SqlType) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value).strip("{}"))


def _string(value: Any, kind: SqlType) -> str:
    text = to_text(value)
    if kind.length > 0:
        text = cut(text, kind.length) if kind.is_unicode else text[: kind.length]
    return text.ljust(kind.length) if kind.name in ("char", "nchar") and kind.length > 0 else text


def cut(text: str, units: int) -> str:
    """The longest beginning of a text with so many UTF-16 code units; half a surrogate pair is left out."""
    if len(text) <= units and text.isascii():
        return text
    raw = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return raw.decode("utf-16-le", "ignore")


def _to_bytes(value: Any, kind: SqlType) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-16-le")
    elif isinstance(value, int):
        value = int(value).to_bytes(8 if abs(value) >= 2**31 else 4, "big", signed=True)
    elif isinstance(value, uuid.UUID):
        value = value.bytes_le
    raw = bytes(value)
    return raw[: kind.length] if kind.length > 0 else raw


def _to_temporal(value: Any, kind: SqlType) -> Any:
    name = kind.name
    if isinstance(value, str):
        text = value.strip()
        if name == "time" and len(text) <= 16 and "-" not in text:
            return dt.time.fromisoformat(text)
        value = _parsed(text)
    if isinstance(value, dt.time):
        if name == "time":
            return value
        value = dt.datetime.combine(dt.date(1900, 1, 1), value)
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    if name == "datetimeoffset":
        return value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
    return _PARTS[name](value.replace(tzinfo=None))


def _parsed(text: str) -> dt.datetime:
    if len(text) == 8 and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if "." in text and len(text.split(".")[1]) > 6:
        text = text.split(".")[0] + "." + text.split(".")[1][:6]
    return dt.datetime.fromisoformat(text)


_PARTS: dict[str, Callable[[dt.datetime], Any]] = {
    "date": lambda value: value.date(),
    "time": lambda value: value.time(),
    "datetime": lambda value: value.replace(microsecond=round(value.microsecond / 1000) * 1000 % 1_000_000),
    "smalldatetime": lambda value: value.replace(second=0, microsecond=0),
    "datetime2": lambda value: value,
}


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


_CONVERT: dict[str, Callable[[Any, SqlType], Any]] = {
    **dict.fromkeys(INT_LIMITS, _whole),
    "bit": _bit,
    "float": lambda value, kind: float(value),
    "real": lambda value, kind: float(value),
    **dict.fromkeys(("decimal", "numeric", "money", "smallmoney"), _decimal),
    "uniqueidentifier": _guid,
    **dict.fromkeys(("varbinary", "binary", "image", "timestamp"), _to_bytes),
    **dict.fromkeys(TEMPORALS, _to_temporal),
}
