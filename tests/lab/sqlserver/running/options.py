# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SET options and USE."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..catalog import lookup
from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser import nodes as n
from ..wire import tokens
from . import values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session

_FLAGS = {
    "XACT_ABORT": "xact_abort",
    "NOCOUNT": "nocount",
    "IMPLICIT_TRANSACTIONS": "implicit",
    "NOEXEC": "noexec",
    "PARSEONLY": "parse_only",
    "QUOTED_IDENTIFIER": "quoted_identifier",
    "ANSI_NULLS": "ansi_nulls",
}
_REFUSED_WHEN_ON = frozenset({"SHOWPLAN_TEXT", "SHOWPLAN_ALL", "SHOWPLAN_XML", "FMTONLY"})
_ISOLATION = {
    "SERIALIZABLE": "SERIALIZABLE",
    "SNAPSHOT": "REPEATABLE READ",
    "REPEATABLE READ": "REPEATABLE READ",
}


@executes(n.SetOption)
def set_option(s: Session, statement: n.SetOption, frame: Frame) -> None:
    value = statement.value
    if isinstance(value, n.Variable):
        value = values.evaluate(s, value, frame)
    for option in statement.options:
        if option in _FLAGS:
            setattr(s.settings, _FLAGS[option], bool(value))
        elif option in _REFUSED_WHEN_ON and value:
            raise refusal(f"SET {option} ON")
        elif option in _SETTERS:
            _SETTERS[option](s, value)


def _lock_timeout(s: Session, value: Any) -> None:
    s.settings.lock_timeout = int(value)
    s.tran.setting("lock_timeout", str(0 if s.settings.lock_timeout < 0 else max(1, s.settings.lock_timeout)))


def _deadlock_priority(s: Session, value: Any) -> None:
    level = {"LOW": -5, "NORMAL": 0, "HIGH": 5}.get(str(value).upper(), value)
    wait = max(20, 200 + 30 * int(level))  # the session that checks for a deadlock first becomes its victim
    s.tran.setting("deadlock_timeout", f"'{wait}ms'")


def _row_limit(s: Session, value: Any) -> None:
    s.settings.row_limit = int(value)


def _isolation(s: Session, value: Any) -> None:
    level = _ISOLATION.get(value)
    s.tran.isolation = f" ISOLATION LEVEL {level}" if level else ""


def _identity_insert(s: Session, value: Any) -> None:
    table, on = value
    info = lookup.find(s, table)
    if info is None:
        raise SqlError(
            1088,
            f'Cannot find the object "{".".join(table)}" because it does not exist or you do not have permissions.',
        )
    if info.identity is None:
        raise SqlError(
            8106, f"Table '{'.'.join(table)}' does not have the identity property. Cannot perform SET operation."
        )
    if on and s.settings.identity_insert not in (0, info.object_id):
        raise SqlError(8107, "IDENTITY_INSERT is already ON for another table. Cannot perform SET operation.")
    s.settings.identity_insert = info.object_id if on else 0


_SETTERS: dict[str, Callable[[Session, Any], None]] = {
    "LOCK_TIMEOUT": _lock_timeout,
    "DEADLOCK_PRIORITY": _deadlock_priority,
    "ROWCOUNT": _row_limit,
    "ISOLATION": _isolation,
    "IDENTITY_INSERT": _identity_insert,
}


@executes(n.Use)
def use(s: Session, statement: n.Use, frame: Frame) -> None:
    old = s.db_name
    s.use(statement.database)
    s.out.env(tokens.ENV_DATABASE, s.db_name, old)
    s.out.message(5701, f"Changed database context to '{s.db_name}'.", 0, 2)
