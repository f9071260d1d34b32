# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small expressions computed here: what control of flow needs is mostly variables, numbers and @@ROWCOUNT.

Only whole numbers and texts of the same kind meet here; `NotLocal` leaves everything else to PostgreSQL and its types.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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


class NotLocal(Exception):
    """The types of the operands decide: ask PostgreSQL."""


# ---- what can be computed here


def is_local(e: Any) -> bool:
    """Whether `value` can compute the expression without PostgreSQL."""
    test = _LOCAL.get(type(e))
    return test is not None and test(e)


def _all_local(parts: list[n.Expr]) -> bool:
    return all(is_local(part) for part in parts)


def _local_call(e: n.Call) -> bool:
    low = e.name[-1].lower()
    if low == "update":
        return True
    known = low in SESSION_FUNCTIONS or low == "object_id"
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
    if op == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    a, b = _number(left), _number(right)
    if op in ("/", "%") and b == 0:
        raise SqlError(8134, "Divide by zero error encountered.")
    result = _OPERATIONS[op](a, b)
    low, high = types.INT_LIMITS["int"]
    if not low <= result <= high:
        raise NotLocal  # whether it overflows depends on the types
    return result


def _quotient(a: int, b: int) -> int:
    """Integers are cut towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": lambda a, b: a - b * _quotient(a, b),
    "&": operator.and_,
    "|": operator.or_,
}


def _number(v: Any) -> int:
    if not isinstance(v, int) or isinstance(v, bool):
        raise NotLocal
    return v


def compare(op: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return _COMPARISONS[op](left.rstrip(" ").casefold(), right.rstrip(" ").casefold())
    if isinstance(left, (int, Decimal)) and isinstance(right, (int, Decimal)):
        return _COMPARISONS[op](left, right)
    raise NotLocal


# ---- functions


def _call(session: Session, frame: Frame, e: n.Call) -> Any:
    return session.server.functions.call(session, e.name[-1].lower(), frame, e.args)


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
    n.Call: _call,
}
