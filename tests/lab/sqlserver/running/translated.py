# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translated statements: cached, given their parameters, run, and their errors translated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import backend as pg
from ..backend import BackendError, Result
from ..catalog.catalog import ObjectInfo
from ..errors import SqlError
from ..frame import Frame
from ..parser import nodes as n
from ..pgerrors import to_sql_error
from ..translate.dml import DmlTranslator, Translation
from ..translate.expressions import Param, variables_of
from ..wire.types import SqlType
from .scope import Scope

if TYPE_CHECKING:
    from ..session import Session


def translate(s: Session, statement: n.Statement, frame: Frame) -> Translation:
    cache = statement.cache
    names = cache.get("names")
    if names is None:
        names = tuple(sorted(variables_of(statement, set())))
        cache["names"] = names
    types_of = frame.types
    trigger = frame.trigger.table.object_id if frame.trigger is not None else 0
    key = (
        s.cache.key,
        s.db,
        s.settings.identity_insert,
        trigger,
        tuple(types_of.get(name) for name in names),
        (frame.tables and tuple((k, v.ref) for k, v in frame.tables.items())) or None,
        tuple((k, v.ref) for k, v in s.temp.items()) if s.temp else None,
    )
    found: Translation | None = cache.get(key)
    if found is None:
        if len(cache) > 40:
            cache.clear()
            cache["names"] = names
        found = _translated(s, statement, frame)
        found.prepare = False
        cache[key] = found
    else:
        found.prepare = s.private is None and not s.temp
    return found


def _translated(s: Session, statement: n.Statement, frame: Frame) -> Translation:
    translator = DmlTranslator(Scope(s, frame))
    if isinstance(statement, n.SelectStatement):
        return _translate_select(s, statement, translator)
    if isinstance(statement, n.Insert):
        info = translator.target(statement.target)
        return translator.insert(statement, s.settings.identity_insert == info.object_id)
    if isinstance(statement, n.Update):
        return translator.update(statement)
    if isinstance(statement, n.Delete):
        return translator.delete(statement)
    assert isinstance(statement, n.Merge)
    info = translator.target(statement.target)
    return translator.merge(statement, s.settings.identity_insert == info.object_id)


def _translate_select(s: Session, statement: n.SelectStatement, translator: DmlTranslator) -> Translation:
    query = statement.query
    assigns = None
    if isinstance(query, n.Select) and any(i.variable for i in query.items):
        if not all(i.variable for i in query.items):
            raise SqlError(
                141,
                "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval "
                "operations.",
                15,
            )
        query, assigns = _split_assignments(query)
    sql = translator.query(query)
    translation = Translation("SELECT", sql, translator)
    translation.outputs = translator.outputs
    translation.assigns = assigns
    return translation


def parameters(s: Session, translation: Translation, frame: Frame) -> list[bytes | None]:
    return values_of(s, translation.params, frame)


def values_of(s: Session, params: list[Param], frame: Frame) -> list[bytes | None]:
    out: list[bytes | None] = []
    for p in params:
        kind = p[0]
        if kind == "var":
            out.append(pg.to_pg(frame.get(p[1])))
        elif kind == "global":
            out.append(pg.to_pg(s.server.functions.global_value(s, p[1], frame)))
        elif kind == "call":
            out.append(pg.to_pg(s.server.functions.call(s, p[1], frame, p[2])))
        elif kind == "rows":
            assert frame.trigger is not None
            out.append((frame.trigger.inserted if p[1] == "inserted" else frame.trigger.deleted).encode())
        elif kind == "ctids":
            out.append(b"{}")  # known when the rows have been locked
        else:
            out.append(json.dumps(s.server.views.live_rows(p[1], s)).encode())
    return out


def run(s: Session, translation: Translation, params: list[bytes | None]) -> Result:
    for lock in translation.locks:
        s.backend.query(lock)
    bare = s.tran.count > 0 and not s.savepoint_needed()  # a stale plan would end the transaction
    if not translation.prepare or s.unprepared or bare:
        return s.backend.query(translation.sql, params)
    star = translation.outputs is not None and any(o.star for o in translation.outputs)
    if star:
        return s.backend.query(translation.sql, params)
    _fresh_plans(s)
    return s.backend.prepared(translation.sql, params)


def _fresh_plans(s: Session) -> None:
    """PostgreSQL refuses a prepared statement whose result types have changed: drop all after a definition."""
    key = s.server.cache.key
    if s.plans != key:
        s.plans = key
        s.backend.forget()


def guarded(
    s: Session,
    statement: n.Statement,
    frame: Frame,
    verb: str,
    info: ObjectInfo | None,
    spelling: dict[str, str],
    work: Callable[[], Any],
    atomic: bool = False,
) -> Any:
    """Run PostgreSQL's part of a statement and translate its errors."""
    try:
        return _attempt(s, work, atomic)
    except BackendError as error:
        problem = error
    if problem.sqlstate == "0A000" and "cached plan" in problem.message and not s.backend.failed:
        try:  # a definition was committed after the plans were checked
            s.backend.forget()
            s.unprepared = True
            return _attempt(s, work, atomic)
        except BackendError as error:
            problem = error
        finally:
            s.unprepared = False
    text = frame.source[statement.start : statement.end]
    raise to_sql_error(problem, s, verb, info, spelling, text) from problem


def _attempt(s: Session, work: Callable[[], Any], atomic: bool) -> Any:
    context = s.tran.atomic if atomic else s.tran.guard
    with context(s.savepoint_needed()):
        return work()


def _split_assignments(query: n.Select) -> tuple[n.Select, list[tuple[str, str, SqlType | None]]]:
    """SELECT @a = x, @b += y: the plain query, and what is done with each of its columns."""
    items = []
    assigns: list[tuple[str, str, SqlType | None]] = []
    for item in query.items:
        expr, op = item.expr, item.operator
        if op == "=" and query.source is not None and item.variable in variables_of(expr, set()):
            if isinstance(expr, n.Binary) and expr.op == "+" and _leftmost(expr, item.variable):
                expr, op = _without_leftmost(expr), "+="
            else:
                op = "=once"
        assigns.append((item.variable, op, None))
        items.append(n.SelectItem(expr))
    return n.Select(
        items,
        query.source,
        query.where,
        query.group,
        query.having,
        query.order,
        query.distinct,
        query.top,
        query.ties,
        query.offset,
        query.fetch,
        None,
        query.ctes,
    ), assigns


def _leftmost(e: n.Binary, name: str) -> bool:
    left: n.Expr = e
    while isinstance(left, n.Binary) and left.op == "+":
        left = left.left
    return isinstance(left, n.Variable) and left.name == name


def _without_leftmost(e: n.Binary) -> n.Expr:
    if isinstance(e.left, n.Variable):
        return e.right
    assert isinstance(e.left, n.Binary)
    return n.Binary("+", _without_leftmost(e.left), e.right)
