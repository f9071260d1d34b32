# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small expressions computed here: what control of flow needs is mostly variables, numbers and @@ROWCOUNT."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from .errors import SqlError
from .parser import nodes as n
from .translate.functions import SESSION_FUNCTIONS
from .wire import types

_HERE = frozenset(
    {
        "isnull",
        "coalesce",
        "nullif",
        "iif",
        "concat",
        "upper",
        "lower",
        "len",
        "ltrim",
        "rtrim",
        "object_id",
        "quotename",
        "abs",
    }
)


def is_local(e: Any) -> bool:
    """Whether `value` can compute the expression without PostgreSQL."""
    kind = type(e)
    if kind is n.Literal:
        return bool(e.kind != "default")
    if kind in (n.Variable, n.Global):
        return True
    if kind is n.Binary:
        return e.op in _OPERATORS and is_local(e.left) and is_local(e.right)
    if kind is n.Unary:
        return e.op == "-" and is_local(e.expr)
    if kind in (n.Not, n.IsNull):
        return is_local(e.expr)
    if kind is n.Between:
        return is_local(e.expr) and is_local(e.low) and is_local(e.high)
    if kind is n.InList:
        return is_local(e.expr) and all(is_local(o) for o in e.options)
    if kind is n.Case:
        return (
            (e.operand is None or is_local(e.operand))
            and all(is_local(a) and is_local(b) for a, b in e.whens)
            and (e.otherwise is None or is_local(e.otherwise))
        )
    if kind is n.CastExpr:
        return (
            e.style is None
            and not e.tries
            and is_local(e.expr)
            and e.type.name not in ("varbinary", "binary", "datetime", "datetimeoffset", "time", "date", "datetime2")
            and not isinstance(e.expr, n.CastExpr)
        )
    if kind is n.Call:
        low = e.name[-1].lower()
        if low == "update":
            return True
        return (
            len(e.name) == 1
            and e.over is None
            and (low in _HERE or low in SESSION_FUNCTIONS)
            and all(is_local(a) for a in e.args)
        )
    return False


_OPERATORS = frozenset({"AND", "OR", "=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "&", "|"})


def value(session: Any, frame: Any, e: Any) -> Any:
    """The expression's value. Predicates give True, False or None."""
    kind = type(e)
    if kind is n.Literal:
        return e.value
    if kind is n.Variable:
        return frame.get(e.name)
    if kind is n.Global:
        return session.global_value(e.name, frame)
    if kind is n.Binary:
        return _binary(session, frame, e)
    if kind is n.Unary:
        inner = value(session, frame, e.expr)
        return None if inner is None else -_number(inner)
    if kind is n.Not:
        inner = value(session, frame, e.expr)
        return None if inner is None else not inner
    if kind is n.IsNull:
        return (value(session, frame, e.expr) is None) != e.negated
    if kind is n.Between:
        both = _and(
            compare(">=", value(session, frame, e.expr), value(session, frame, e.low)),
            compare("<=", value(session, frame, e.expr), value(session, frame, e.high)),
        )
        return both if not e.negated or both is None else not both
    if kind is n.InList:
        left = value(session, frame, e.expr)
        found: Any = False
        for option in e.options:
            found = _or(found, compare("=", left, value(session, frame, option)))
        return found if not e.negated or found is None else not found
    if kind is n.Case:
        return _case(session, frame, e)
    if kind is n.CastExpr:
        inner = value(session, frame, e.expr)
        if isinstance(inner, (Decimal, float)) and e.type.name in ("int", "bigint", "smallint", "tinyint"):
            inner = int(inner)
        return types.coerce(inner, e.type)
    return _call(session, frame, e)


def _case(session: Any, frame: Any, e: n.Case) -> Any:
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


def _binary(session: Any, frame: Any, e: n.Binary) -> Any:
    op = e.op
    if op == "AND":
        left = value(session, frame, e.left)
        return False if left is False else _and(left, value(session, frame, e.right))
    if op == "OR":
        left = value(session, frame, e.left)
        return True if left is True else _or(left, value(session, frame, e.right))
    left, right = value(session, frame, e.left), value(session, frame, e.right)
    if op in ("=", "<>", "<", ">", "<=", ">="):
        return compare(op, left, right)
    return arithmetic(op, left, right)


def arithmetic(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if op == "+" and isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    a, b = _number(left), _number(right)
    if isinstance(a, float) or isinstance(b, float):
        a, b = float(a), float(b)
    if op == "+":
        result = a + b
    elif op == "-":
        result = a - b
    elif op == "*":
        result = a * b
    elif op in ("&", "|"):
        result = int(a) & int(b) if op == "&" else int(a) | int(b)
    else:
        if b == 0:
            raise SqlError(8134, "Divide by zero error encountered.")
        if isinstance(a, int) and isinstance(b, int):
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            result = quotient if op == "/" else a - b * quotient
        else:
            result = a / b if op == "/" else a % b
    if isinstance(result, int) and not -(2**63) <= result < 2**63:
        raise SqlError(8115, "Arithmetic overflow error converting expression to data type bigint.")
    return result


def _number(v: Any) -> Any:
    if isinstance(v, bool):
        return int(v)
    if isinstance(v, (int, float, Decimal)):
        return v
    if isinstance(v, str):
        return types.coerce(v, types.INT)
    raise SqlError(402, "The data types are incompatible in the operator.")


def compare(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.rstrip(" ").casefold(), right.rstrip(" ").casefold()
    elif isinstance(left, (int, float, Decimal)) or isinstance(right, (int, float, Decimal)):
        left, right = _number(left), _number(right)
    elif type(left) is not type(right):
        left, right = _same(left, right)
    if op == "=":
        return left == right
    if op == "<>":
        return left != right
    if op == "<":
        return left < right
    if op == ">":
        return left > right
    return left <= right if op == "<=" else left >= right


def _same(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, str) or isinstance(right, str):
        other = right if isinstance(left, str) else left
        kind = types.DATETIME2 if isinstance(other, (dt.date, dt.datetime)) else types.GUID
        return types.coerce(left, kind), types.coerce(right, kind)
    return types.coerce(left, types.DATETIME2), types.coerce(right, types.DATETIME2)


def _call(session: Any, frame: Any, e: n.Call) -> Any:
    low = e.name[-1].lower()
    if low in SESSION_FUNCTIONS or low == "object_id":
        return session.call_function(low, frame, e.args)
    args = [value(session, frame, a) for a in e.args]
    if low == "isnull":
        return args[1] if args[0] is None else args[0]
    if low == "coalesce":
        return next((a for a in args if a is not None), None)
    if low == "nullif":
        return None if compare("=", args[0], args[1]) else args[0]
    if low == "iif":
        return args[1] if args[0] else args[2]
    if low == "concat":
        return "".join(types.to_text(a) for a in args if a is not None)
    if args[0] is None:
        return None
    if low == "abs":
        return abs(_number(args[0]))
    text = types.to_text(args[0])
    if low == "quotename":
        mark = args[1] if len(args) > 1 else "["
        return {"[": "[" + text.replace("]", "]]") + "]", "'": "'" + text.replace("'", "''") + "'"}.get(
            mark, '"' + text.replace('"', '""') + '"'
        )
    if low == "len":
        return len(text.rstrip(" "))
    if low in ("upper", "lower"):
        return text.upper() if low == "upper" else text.lower()
    return text.lstrip(" ") if low == "ltrim" else text.rstrip(" ")
