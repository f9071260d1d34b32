# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small expressions computed here: what control of flow needs is mostly variables, numbers and @@ROWCOUNT."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..errors import SqlError
from ..frame import Frame
from ..parser import nodes as n
from ..translate.functions import SESSION_FUNCTIONS
from ..wire import types

if TYPE_CHECKING:
    from ..session import Session

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_BINARY = frozenset({"AND", "OR", "=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "&", "|"})
# Casts to these are PostgreSQL's.
_REMOTE_CASTS = frozenset({"varbinary", "binary", "datetime", "datetimeoffset", "time", "date", "datetime2"})


# ---- what can be computed here


def is_local(e: Any) -> bool:
    """Whether `value` can compute the expression without PostgreSQL."""
    test = _LOCAL.get(type(e))
    return test is not None and test(e)


def _all_local(parts: list[n.Expr]) -> bool:
    return all(is_local(part) for part in parts)


def _local_case(e: n.Case) -> bool:
    parts = [part for pair in e.whens for part in pair]
    return _all_local(parts + [part for part in (e.operand, e.otherwise) if part is not None])


def _local_cast(e: n.CastExpr) -> bool:
    plain = e.style is None and not e.tries and e.type.name not in _REMOTE_CASTS
    return plain and not isinstance(e.expr, n.CastExpr) and is_local(e.expr)


def _local_call(e: n.Call) -> bool:
    low = e.name[-1].lower()
    if low == "update":
        return True
    known = low in _FUNCTIONS or low in SESSION_FUNCTIONS or low == "object_id"
    return len(e.name) == 1 and e.over is None and known and _all_local(e.args)


_LOCAL: dict[type, Callable[[Any], bool]] = {
    n.Literal: lambda e: e.kind != "default",
    n.Variable: lambda e: True,
    n.Global: lambda e: True,
    n.Binary: lambda e: e.op in _BINARY and is_local(e.left) and is_local(e.right),
    n.Unary: lambda e: e.op == "-" and is_local(e.expr),
    n.Not: lambda e: is_local(e.expr),
    n.IsNull: lambda e: is_local(e.expr),
    n.Between: lambda e: _all_local([e.expr, e.low, e.high]),
    n.InList: lambda e: _all_local([e.expr, *e.options]),
    n.Case: _local_case,
    n.CastExpr: _local_cast,
    n.Call: _local_call,
}


# ---- values


def value(session: Session, frame: Frame, e: Any) -> Any:
    """The expression's value. Predicates give True, False or None."""
    return _VALUES[type(e)](session, frame, e)


def _negative(session: Session, frame: Frame, e: n.Unary) -> Any:
    inner = value(session, frame, e.expr)
    return None if inner is None else -_number(inner)


def _not(session: Session, frame: Frame, e: n.Not) -> Any:
    inner = value(session, frame, e.expr)
    return None if inner is None else not inner


def _is_null(session: Session, frame: Frame, e: n.IsNull) -> Any:
    return (value(session, frame, e.expr) is None) != e.negated


def _between(session: Session, frame: Frame, e: n.Between) -> Any:
    tested = value(session, frame, e.expr)
    low = compare(">=", tested, value(session, frame, e.low))
    both = _and(low, compare("<=", tested, value(session, frame, e.high)))
    return both if not e.negated or both is None else not both


def _in_list(session: Session, frame: Frame, e: n.InList) -> Any:
    left = value(session, frame, e.expr)
    found: Any = False
    for option in e.options:
        found = _or(found, compare("=", left, value(session, frame, option)))
    return found if not e.negated or found is None else not found


def _cast(session: Session, frame: Frame, e: n.CastExpr) -> Any:
    inner = value(session, frame, e.expr)
    if isinstance(inner, (Decimal, float)) and e.type.name in types.INT_SIZES:
        inner = int(inner)
    return conversion.coerce(inner, e.type)


def _case(session: Session, frame: Frame, e: n.Case) -> Any:
    for condition, result in e.whens:
        if e.operand is None:
            hit = value(session, frame, condition)
        else:
            hit = compare("=", value(session, frame, e.operand), value(session, frame, condition))
        if hit:
            return value(session, frame, result)
    return None if e.otherwise is None else value(session, frame, e.otherwise)


def _and(a: Any, b: Any) -> Any:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: Any, b: Any) -> Any:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _binary(session: Session, frame: Frame, e: n.Binary) -> Any:
    left = value(session, frame, e.left)
    if e.op == "AND":
        return False if left is False else _and(left, value(session, frame, e.right))
    if e.op == "OR":
        return True if left is True else _or(left, value(session, frame, e.right))
    right = value(session, frame, e.right)
    return compare(e.op, left, right) if e.op in _COMPARISONS else arithmetic(e.op, left, right)


def arithmetic(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if op == "+" and type(left) is type(right) and type(left) in (str, bytes):
        return left + right
    a, b = _number(left), _number(right)
    if isinstance(a, float) or isinstance(b, float):
        a, b = float(a), float(b)
    if op in ("/", "%") and b == 0:
        raise SqlError(8134, "Divide by zero error encountered.")
    whole = isinstance(a, int) and isinstance(b, int)
    result = (_WHOLE if whole and op in _WHOLE else _OPERATIONS)[op](a, b)
    if isinstance(result, int) and not -(2**63) <= result < 2**63:
        raise SqlError(8115, "Arithmetic overflow error converting expression to data type bigint.")
    return result


def _quotient(a: int, b: int) -> int:
    """Integers are cut towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_WHOLE: dict[str, Callable[[int, int], int]] = {"/": _quotient, "%": lambda a, b: a - b * _quotient(a, b)}
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "&": lambda a, b: int(a) & int(b),
    "|": lambda a, b: int(a) | int(b),
}


def _number(v: Any) -> Any:
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, (int, float, Decimal)):
        return v
    if isinstance(v, str):
        return conversion.coerce(v, types.INT)
    raise SqlError(402, "The data types are incompatible in the operator.")


def compare(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.rstrip(" ").casefold(), right.rstrip(" ").casefold()
    elif isinstance(left, (int, float, Decimal)) or isinstance(right, (int, float, Decimal)):
        left, right = _number(left), _number(right)
    elif type(left) is not type(right):
        left, right = _same_type(left, right)
    return _COMPARISONS[op](left, right)


def _same_type(left: Any, right: Any) -> tuple[Any, Any]:
    kind = types.DATETIME2
    if isinstance(left, str) or isinstance(right, str):
        other = right if isinstance(left, str) else left
        kind = types.DATETIME2 if isinstance(other, (dt.date, dt.datetime)) else types.GUID
    return conversion.coerce(left, kind), conversion.coerce(right, kind)


# ---- functions


def _call(session: Session, frame: Frame, e: n.Call) -> Any:
    low = e.name[-1].lower()
    if low in SESSION_FUNCTIONS or low == "object_id":
        return session.server.functions.call(session, low, frame, e.args)
    args = [value(session, frame, a) for a in e.args]
    if low in _OF_NULLS:
        return _OF_NULLS[low](args)
    return None if args[0] is None else _FUNCTIONS[low](args)


def _quotename(args: list[Any]) -> str:
    text, mark = conversion.to_text(args[0]), args[1] if len(args) > 1 else "["
    last = {"[": "]"}.get(mark, mark)
    return mark + text.replace(last, last * 2) + last


# These take NULL as an argument; the others give NULL for it.
_OF_NULLS: dict[str, Callable[[list[Any]], Any]] = {
    "isnull": lambda args: args[1] if args[0] is None else args[0],
    "coalesce": lambda args: next((a for a in args if a is not None), None),
    "nullif": lambda args: None if compare("=", args[0], args[1]) else args[0],
    "iif": lambda args: args[1] if args[0] else args[2],
    "concat": lambda args: "".join(conversion.to_text(a) for a in args if a is not None),
}
_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    **_OF_NULLS,
    "abs": lambda args: abs(_number(args[0])),
    "len": lambda args: len(conversion.to_text(args[0]).rstrip(" ")),
    "lower": lambda args: conversion.to_text(args[0]).lower(),
    "ltrim": lambda args: conversion.to_text(args[0]).lstrip(" "),
    "quotename": _quotename,
    "rtrim": lambda args: conversion.to_text(args[0]).rstrip(" "),
    "upper": lambda args: conversion.to_text(args[0]).upper(),
}
_VALUES: dict[type, Callable[[Session, Frame, Any], Any]] = {
    n.Literal: lambda session, frame, e: e.value,
    n.Variable: lambda session, frame, e: frame.get(e.name),
    n.Global: lambda session, frame, e: session.server.functions.global_value(session, e.name, frame),
    n.Binary: _binary,
    n.Unary: _negative,
    n.Not: _not,
    n.IsNull: _is_null,
    n.Between: _between,
    n.InList: _in_list,
    n.Case: _case,
    n.CastExpr: _cast,
    n.Call: _call,
}
