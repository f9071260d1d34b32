# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value of an expression: computed here when it is small, by PostgreSQL otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..frame import Frame
from ..parser import nodes as n
from . import local, queries

if TYPE_CHECKING:
    from ..session import Session


def evaluate(s: Session, e: n.Expr, frame: Frame) -> Any:
    if local.is_local(e):
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
        return bool(local.value(s, frame, e))
    return bool(evaluate(s, _as_case(e), frame))


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
