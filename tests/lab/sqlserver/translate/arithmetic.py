# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arithmetic: the type of a result, and an overflow where SQL Server has one.

https://learn.microsoft.com/sql/t-sql/data-types/precision-scale-and-length-transact-sql
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import SqlError
from ..parser import nodes as n
from ..wire import types
from ..wire.types import TEMPORALS, SqlType
from .conversions import PRECEDENCE, as_decimal, shown
from .names import INTEGERS, NUMBERS, pg_type, quote

Typed = tuple[str, "SqlType | None"]
_MONEY = frozenset({"money", "smallmoney"})
_WORDS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "%": "modulo",
    "&": "'&'",
    "|": "'|'",
    "^": "'^'",
}


class Operand(NamedTuple):
    """A type, and how many digits an integer constant has: beside a decimal only these count."""

    kind: SqlType | None
    digits: int = 0


def operand(e: n.Expr, kind: SqlType | None) -> Operand:
    constant = isinstance(e, n.Literal) and e.kind == "int"
    return Operand(kind, len(str(abs(e.value))) if constant and isinstance(e, n.Literal) else 0)


def apply(op: str, left: str, a: Operand, right: str, b: Operand) -> Typed:
    """The SQL of `left op right`, and its type."""
    lk, rk = a.kind, b.kind
    sign = "#" if op == "^" else op
    if lk is None or rk is None:
        return f"({left} {sign} {right})", None
    if lk.name in TEMPORALS or rk.name in TEMPORALS:
        return _dates(op, left, lk, right, rk)
    if lk.name not in NUMBERS or rk.name not in NUMBERS or (lk.name == rk.name == "bit" and op in "+-*/%"):
        raise _incompatible(op, lk, rk)
    if lk.name in INTEGERS and rk.name in INTEGERS:
        return _integers(op, f"{left} {sign} {right}", left, lk, right, rk)
    if lk.name in ("float", "real") or rk.name in ("float", "real"):
        return _floats(op, left, lk, right, rk)
    if op in "&|^":
        raise _incompatible(op, lk, rk)
    return _decimals(op, left, a, right, b)


def _incompatible(op: str, left: SqlType, right: SqlType) -> SqlError:
    return SqlError(
        402, f"The data types {shown(left)} and {shown(right)} are incompatible in the {_WORDS[op]} operator."
    )


def _integers(op: str, sql: str, left: str, lk: SqlType, right: str, rk: SqlType) -> Typed:
    kind = min(lk, rk, key=lambda k: PRECEDENCE.index(k.name))
    if kind.name in ("tinyint", "smallint") and op in "+-*/%":
        return f"lab.arithmetic(({left})::int8 {op} ({right})::int8, {quote(kind.name)})::int2", kind
    return f"({sql})", kind


def _floats(op: str, left: str, lk: SqlType, right: str, rk: SqlType) -> Typed:
    if op in "%&|^":
        raise _incompatible(op, lk, rk)
    if "float" in (lk.name, rk.name):
        return f"(({left})::float8 {op} ({right})::float8)", types.FLOAT
    return f"((({left})::float8 {op} ({right})::float8)::float4)", types.REAL


def _decimals(op: str, left: str, a: Operand, right: str, b: Operand) -> Typed:
    assert a.kind is not None and b.kind is not None
    if all(k.name in _MONEY or k.name in INTEGERS for k in (a.kind, b.kind)):
        kind = next(k for k in (a.kind, b.kind) if k.name in _MONEY)
        sql = f"trunc(({left})::numeric / ({right}), 4)" if op == "/" else f"({left})::numeric {op} ({right})"
        return f"({sql})::{pg_type(kind)}", kind
    kind = _exact(_sized(a), _sized(b), op)
    if op == "/":
        sql = f"trunc(round(({left})::numeric, {kind.scale}) / ({right}), {kind.scale})"
    else:
        sql = f"({left})::numeric {op} ({right})"
    return f"({sql})::{pg_type(kind)}", kind


def _sized(one: Operand) -> SqlType:
    assert one.kind is not None
    if one.digits and one.kind.name in INTEGERS:
        return SqlType("decimal", 0, one.digits, 0)
    return as_decimal(one.kind)


def _exact(left: SqlType, right: SqlType, op: str) -> SqlType:
    """Precision and scale of decimal arithmetic, as SQL Server derives them."""
    p1, s1, p2, s2 = left.precision, left.scale, right.precision, right.scale
    if op == "*":
        precision, scale = p1 + p2 + 1, s1 + s2
    elif op == "/":
        scale = max(6, s1 + p2 + 1)
        precision = p1 - s1 + s2 + scale
    elif op == "%":
        scale = max(s1, s2)
        precision = min(p1 - s1, p2 - s2) + scale
    else:
        scale = max(s1, s2)
        precision = max(p1 - s1, p2 - s2) + scale + 1
    if precision > 38:
        scale = max(min(scale, 38 - (precision - scale)), min(scale, 6))
        precision = 38
    return SqlType("decimal", 0, precision, scale)


def _dates(op: str, left: str, lk: SqlType, right: str, rk: SqlType) -> Typed:
    """Only datetime and smalldatetime take numbers (days) and each other."""
    older = ("datetime", "smalldatetime")
    if lk.name in older and rk.name in NUMBERS and op in "+-":
        return f"({left} {op} ({right})::float8 * interval '1 day')", lk
    if rk.name in older and lk.name in NUMBERS and op == "+":
        return f"({right} + ({left})::float8 * interval '1 day')", rk
    if lk.name in older and rk.name in older and op == "-":
        return f"(timestamp '1900-01-01' + ({left} - {right}))", types.DATETIME
    if lk.name in older and rk.name in older and op == "+":
        return f"({left} + ({right} - timestamp '1900-01-01'))", types.DATETIME
    if lk.name in TEMPORALS and rk.name in TEMPORALS:
        raise _incompatible(op, lk, rk)
    raise SqlError(206, f"Operand type clash: {shown(lk)} is incompatible with {shown(rk)}")
