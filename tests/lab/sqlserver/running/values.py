# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value of an expression: computed here when it is small, by PostgreSQL otherwise."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..frame import Frame
from ..parser import nodes as n
from ..wire import types
from ..wire.types import SqlType
from . import local, queries

if TYPE_CHECKING:
    from ..session import Session


def evaluate(s: Session, e: n.Expr, frame: Frame) -> Any:
    if local.is_local(e):
        with contextlib.suppress(local.NotLocal):
            return local.value(s, frame, e)
    rows = queries.rows(s, _select(e), frame)[1]
    return rows[0][0] if rows else None


def as_query(e: n.Expr) -> n.SelectStatement:
    """The query that computes a value or a condition."""
    predicate = e.op in _LOGICAL if isinstance(e, n.Binary) else isinstance(e, _PREDICATES)
    return _select(_as_case(e) if predicate else e)


def _select(e: n.Expr) -> n.SelectStatement:
    query = n.SelectStatement(n.Select([n.SelectItem(e)]))
    n.place(query, cache=_expression_cache(e))
    return query


def condition(s: Session, e: n.Expr, frame: Frame) -> bool:
    if local.is_local(e):
        with contextlib.suppress(local.NotLocal):
            return bool(local.value(s, frame, e))
    return bool(evaluate(s, _as_case(e), frame))


def assigned(s: Session, e: n.Expr, frame: Frame, kind: SqlType) -> Any:
    """The value of an expression on its way into a variable or parameter of the type."""
    if isinstance(e, n.Literal) and e.kind == "null":
        return None
    value = evaluate(s, e, frame) if local.is_local(e) else _MISSING
    if value is None or (value is not _MISSING and _keeps(value, kind)):
        return value
    return evaluate(s, _as_cast(e, kind), frame)


def converted(s: Session, value: Any, source: SqlType | None, frame: Frame, kind: SqlType) -> Any:
    """A value from the client or of another variable as a type; PostgreSQL converts what has to be converted."""
    if value is None or _keeps(value, kind):
        return value
    inner = Frame("", frame)
    inner.types["@value"] = source or type_of(value)
    inner.values["@value"] = value
    return evaluate(s, n.CastExpr(n.Variable("@value"), kind), inner)


def text(s: Session, e: n.Expr, frame: Frame) -> str:
    """What PRINT and EXEC make of a value."""
    value = assigned(s, e, frame, types.NVARCHAR_MAX)
    return "" if value is None else str(value)


def _keeps(value: Any, kind: SqlType) -> bool:
    """Whether a value fits a type as it is; strings are cut by the variable itself."""
    if isinstance(value, bool):
        return kind.name == "bit"
    if isinstance(value, int):
        limits = types.INT_LIMITS.get(kind.name)
        return limits is not None and limits[0] <= value <= limits[1]
    if isinstance(value, str):
        return kind.is_string
    return _PYTHON.get(type(value), "") == kind.name


_MISSING = object()
# The types whose values are what Python reads from the wire or from PostgreSQL, without a length or scale to fit.
_PYTHON = {float: "float", uuid.UUID: "uniqueidentifier"}


def combined(op: str, name: str, value: n.Expr) -> n.Expr:
    """SET @a += x as an expression; one object for each, so that its translations are kept."""
    key = (id(value), op)
    found = _COMBINED.get(key)
    if found is None or found[0] is not value:
        if len(_COMBINED) > 20000:
            _COMBINED.clear()
        found = (value, n.Binary(op, n.Variable(name), value))
        _COMBINED[key] = found
    return found[1]


def type_of(value: Any) -> SqlType:
    """A type that holds a value of Python."""
    known = {
        bool: types.BIT,
        int: types.BIGINT,
        float: types.FLOAT,
        bytes: types.VARBINARY_MAX,
        uuid.UUID: types.GUID,
        dt.datetime: types.DATETIME2,
        dt.date: types.DATE,
        dt.time: types.TIME,
    }.get(type(value))
    if known is not None:
        return known
    if isinstance(value, Decimal):
        scale = max(0, -int(value.as_tuple().exponent))
        return SqlType("decimal", 0, 38, min(scale, 38))
    return types.NVARCHAR_MAX


def _as_cast(e: n.Expr, kind: SqlType) -> n.Expr:
    key = (id(e), kind)
    found = _CASTS.get(key)
    if found is None or found[0] is not e:
        if len(_CASTS) > 20000:
            _CASTS.clear()
        found = (e, n.CastExpr(e, kind))
        _CASTS[key] = found
    return found[1]


def _as_case(e: n.Expr) -> n.Expr:
    case = _CASES.get(id(e))
    if case is None or case[0] is not e:
        if len(_CASES) > 20000:
            _CASES.clear()
        case = (e, n.Case(None, [(e, n.Literal("int", 1))], n.Literal("int", 0)))
        _CASES[id(e)] = case
    return case[1]


_PREDICATES = (n.Not, n.IsNull, n.Between, n.InList, n.InQuery, n.Like, n.Exists, n.Quantified)
_LOGICAL = frozenset({"AND", "OR", "=", "<>", "<", ">", "<=", ">="})
_CASTS: dict[tuple[int, SqlType], tuple[n.Expr, n.Expr]] = {}
_COMBINED: dict[tuple[int, str], tuple[n.Expr, n.Expr]] = {}
_CASES: dict[int, tuple[n.Expr, n.Expr]] = {}
_CACHES: dict[int, tuple[n.Expr, dict[Any, Any]]] = {}


def _expression_cache(e: n.Expr) -> dict[Any, Any]:
    """The translations of a lone expression; the expression lives as long as its batch is cached."""
    found = _CACHES.get(id(e))
    if found is None or found[0] is not e:
        if len(_CACHES) > 20000:
            _CACHES.clear()
        found = (e, {})
        _CACHES[id(e)] = found
    return found[1]
