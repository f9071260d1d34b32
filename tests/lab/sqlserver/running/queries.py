# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..frame import Frame
from ..parser import nodes as n
from ..wire import tokens
from ..wire.tokens import Column
from . import results, translated, variables
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


def rows(s: Session, statement: n.SelectStatement, frame: Frame) -> tuple[list[Column], list[list[Any]]]:
    translation = translated.translate(s, statement, frame)
    s.server.rights.check(s, translation, frame)
    if translation.objects:
        s.begin_implicit()
    params = translated.parameters(s, translation, frame)
    result = translated.guarded(
        s,
        statement,
        frame,
        "SELECT",
        None,
        translation.spelling,
        lambda: translated.run(s, translation, params),
        bool(translation.locks),
    )
    return results.shape(s, translation, result)


@executes(n.SelectStatement)
def select(s: Session, statement: n.SelectStatement, frame: Frame) -> None:
    query = statement.query
    if isinstance(query, n.Select) and query.into is not None:
        s.server.definitions.select_into(s, statement, query, frame)
        return
    columns, found = rows(s, statement, frame)
    translation = translated.translate(s, statement, frame)
    s.rowcount = len(found)
    if translation.assigns is not None:
        variables.assign(s, translation, found, frame)
        return
    s.out.rows(columns, found)
    s.out.done(None if s.settings.nocount else len(found), tokens.CMD_SELECT)
