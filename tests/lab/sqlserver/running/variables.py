# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""DECLARE, SET @variable, and the assignments of SELECT and UPDATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import refusal
from ..frame import Frame
from ..parser import nodes as n
from ..translate.dml import Translation
from . import local, values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


def assign(s: Session, translation: Translation, rows: list[list[Any]], frame: Frame) -> None:
    assert translation.assigns is not None
    gathers = any(assign[1] not in ("=", "=once") for assign in translation.assigns)
    if len(rows) > 1 and any(assign[1] == "=once" for assign in translation.assigns):
        raise refusal("a SELECT that gathers several rows into a variable in this form")
    for row in rows if gathers else rows[-1:]:
        for (name, op, _kind), value in zip(translation.assigns, row):
            frame.set(name, value if op in ("=", "=once") else local.arithmetic(op[:-1], frame.get(name), value))


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
        frame.declare(item.name, item.type, values.evaluate(s, item.value, frame))


@executes(n.SetVariable)
def set_(s: Session, statement: n.SetVariable, frame: Frame) -> None:
    value = values.evaluate(s, statement.value, frame)
    if statement.op != "=":
        value = local.arithmetic(statement.op[:-1], frame.get(statement.name), value)
    frame.set(statement.name, value)
    s.rowcount = 1
