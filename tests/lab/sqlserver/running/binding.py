# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names are bound before a batch, procedure or dynamic string runs: a column that does not exist fails all of it.

Deferred name resolution is for missing tables only: a statement that names one is bound when its turn comes.
https://learn.microsoft.com/sql/relational-databases/stored-procedures/create-a-stored-procedure
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import SqlError
from ..frame import Frame, undeclared
from ..parser import nodes as n
from ..translate.expressions import variables_of
from . import translated, values

if TYPE_CHECKING:
    from ..session import Session

# Invalid, ambiguous and unbound columns, an unknown prefix of *, an undeclared variable.
_BINDING_ERRORS = frozenset({107, 137, 207, 209, 4104})
_DATA = (n.SelectStatement, n.Insert, n.Update, n.Delete, n.Merge)
_SUBQUERIES = (n.Scalar, n.Exists, n.InQuery, n.Quantified)


def bind(s: Session, statements: Sequence[n.Statement], frame: Frame) -> None:
    """Raise the first error that SQL Server's compiler would find."""
    if not statements or s.backend.failed:
        return
    key = ("bound", s.cache.key, s.db)
    cache = statements[0].cache
    if key in cache and s.private is None:
        return
    for statement in _flat(statements):
        try:
            _bind(s, statement, frame)
        except SqlError as error:
            if error.number not in _BINDING_ERRORS:
                continue  # it is raised when the statement runs
            error.line = error.line or statement.line
            raise
    cache[key] = True


def _flat(statements: Sequence[n.Statement]) -> Iterator[n.Statement]:
    """All statements in the order of the text, also those inside blocks and branches."""
    for statement in statements:
        if isinstance(statement, n.Block):
            yield from _flat(statement.body)
        elif isinstance(statement, n.TryCatch):
            yield from _flat([*statement.body.body, *statement.handler.body])
        elif isinstance(statement, n.While):
            yield statement
            yield from _flat([statement.body])
        elif isinstance(statement, n.If):
            yield statement
            yield from _flat([statement.then] + ([statement.otherwise] if statement.otherwise is not None else []))
        elif not isinstance(statement, n.Module):
            yield statement


def _bind(s: Session, statement: n.Statement, frame: Frame) -> None:
    if isinstance(statement, n.Declare):
        for item in statement.items:
            if item.type is not None:
                _bind_expression(s, item.value, frame)
                frame.types.setdefault(item.name, item.type)
        return
    if isinstance(statement, (n.If, n.While)):
        _bind_expression(s, statement.condition, frame)
        return
    for name in sorted(_variables(statement)):
        if name not in frame.types and name not in frame.tables:
            raise undeclared(name)
    if isinstance(statement, _DATA):
        translated.translate(s, statement, frame)
    elif isinstance(statement, (n.SetVariable, n.Print)):
        _bind_expression(s, statement.value, frame)


def _variables(statement: n.Statement) -> set[str]:
    found = variables_of(statement, set())
    if isinstance(statement, n.SetVariable):
        found.add(statement.name)
    return found


def _bind_expression(s: Session, e: n.Expr | None, frame: Frame) -> None:
    if e is None:
        return
    for name in sorted(variables_of(e, set())):
        if name not in frame.types:
            raise undeclared(name)
    if _has_query(e):
        translated.translate(s, values.as_query(e), frame)


def _has_query(e: Any) -> bool:
    if isinstance(e, _SUBQUERIES):
        return True
    if isinstance(e, (list, tuple)):
        return any(_has_query(part) for part in e)
    if isinstance(e, n.Expr) and hasattr(e, "__dataclass_fields__"):
        return any(_has_query(getattr(e, name)) for name in e.__dataclass_fields__)
    return False
