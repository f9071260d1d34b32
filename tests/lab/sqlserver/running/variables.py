# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""DECLARE, SET @variable, and the assignments of SELECT and UPDATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import refusal
from ..frame import Frame, undeclared
from ..parser import nodes as n
from ..translate.dml import Translation
from . import values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


def assign(s: Session, translation: Translation, rows: list[list[Any]], frame: Frame) -> None:
    assert translation.assigns is not None
    gathers = any(assign[1] not in ("=", "=once") for assign in translation.assigns)
    if len(rows) > 1 and any(assign[1] == "=once" for assign in translation.assigns):
        raise refusal("a SELECT that gathers several rows into a variable in this form")
    for row in rows if gathers else rows[-1:]:
        for (name, op, source), value in zip(translation.assigns, row):
            kind = frame.types.get(name)
            if kind is None:
                raise undeclared(name)
            if op not in ("=", "=once"):
                frame.set(name, _gathered(s, op[:-1], name, value, frame))
            else:
                frame.set(name, values.converted(s, value, source, frame, kind))


def _gathered(s: Session, op: str, name: str, value: Any, frame: Frame) -> Any:
    """SELECT @a += column, for one row."""
    inner = Frame("", frame)
    inner.types.update({name: frame.types[name], "@row": values.type_of(value)})
    inner.values.update({name: frame.get(name), "@row": value})
    return values.evaluate(s, n.Binary(op, n.Variable(name), n.Variable("@row")), inner)


@executes(n.Declare)
def declare(s: Session, statement: n.Declare, frame: Frame) -> None:
    for item in statement.items:
        if item.table is not None:
            s.server.definitions.table_variable(s, item.name, item.table, frame)
            continue
        if item.table_type is not None:
            s.server.definitions.typed_variable(s, item, frame)
            continue
        assert item.type is not None
        if item.value is None:
            if item.name not in frame.types or item.name not in frame.values:
                frame.declare(item.name, item.type)
            continue
        frame.declare(item.name, item.type, values.assigned(s, item.value, frame, item.type))


@executes(n.SetVariable)
def set_(s: Session, statement: n.SetVariable, frame: Frame) -> None:
    kind = frame.types.get(statement.name)
    if kind is None:
        raise undeclared(statement.name)
    value = statement.value
    if statement.op != "=":
        value = values.combined(statement.op[:-1], statement.name, value)
    frame.set(statement.name, values.assigned(s, value, frame, kind))
    s.rowcount = 1
