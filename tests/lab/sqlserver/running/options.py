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
from ..settings import LANGUAGES, Settings
from ..translate.names import quote
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
    "ARITHABORT": "arithabort",
    "CURSOR_CLOSE_ON_COMMIT": "cursor_close_on_commit",
}
# What the lab does in one way only: the other value is refused.
_ALWAYS = {
    "ANSI_NULLS": True,
    "ANSI_PADDING": True,
    "ANSI_WARNINGS": True,
    "CONCAT_NULL_YIELDS_NULL": True,
    "ANSI_NULL_DFLT_ON": True,
    "ANSI_NULL_DFLT_OFF": False,
    "NUMERIC_ROUNDABORT": False,
    "SHOWPLAN_TEXT": False,
    "SHOWPLAN_ALL": False,
    "SHOWPLAN_XML": False,
    "FMTONLY": False,
}
_ISOLATION = {
    "SERIALIZABLE": "SERIALIZABLE",
    "SNAPSHOT": "REPEATABLE READ",
    "REPEATABLE READ": "REPEATABLE READ",
}
_PRIORITIES = {"LOW": -5, "NORMAL": 0, "HIGH": 5}


@executes(n.SetOption)
def set_option(s: Session, statement: n.SetOption, frame: Frame) -> None:
    value = statement.value
    if isinstance(value, n.Variable):
        value = values.evaluate(s, value, frame)
    for option in statement.options:
        if option in _FLAGS:
            setattr(s.settings, _FLAGS[option], bool(value))
        elif option in _ALWAYS:
            if bool(value) != _ALWAYS[option]:
                raise refusal(f"SET {option} {'ON' if value else 'OFF'}")
        elif option in _SETTERS:
            _SETTERS[option](s, value)
    s.rowcount = 0


def restore(s: Session, kept: Settings) -> None:
    """The SET options of the caller, at the end of a procedure, trigger or dynamic string."""
    if s.settings != kept:
        s.settings = kept
        _apply(s)


def _apply(s: Session) -> None:
    """Hand to PostgreSQL what it must know of the settings."""
    settings = s.settings
    timeout = 0 if settings.lock_timeout < 0 else max(1, settings.lock_timeout)
    s.tran.setting("lock_timeout", str(timeout))
    # the session that checks for a deadlock first becomes its victim
    s.tran.setting("deadlock_timeout", f"'{max(20, 200 + 30 * settings.deadlock_priority)}ms'")
    s.tran.setting("lab.date_format", quote(settings.date_format))
    s.tran.setting("lab.date_first", quote(str(settings.date_first)))
    s.tran.setting("lab.language", quote(settings.language.name))
    level = _ISOLATION.get(settings.isolation)
    s.tran.isolation = f" ISOLATION LEVEL {level}" if level else ""


def _lock_timeout(s: Session, value: Any) -> None:
    s.settings.lock_timeout = max(-1, int(value))
    _apply(s)


def _deadlock_priority(s: Session, value: Any) -> None:
    s.settings.deadlock_priority = int(_PRIORITIES.get(str(value).upper(), value))
    _apply(s)


def _row_limit(s: Session, value: Any) -> None:
    if int(value):
        raise refusal("SET ROWCOUNT with a number other than 0")


def _isolation(s: Session, value: Any) -> None:
    s.settings.isolation = value
    _apply(s)


def _language(s: Session, value: Any) -> None:
    found = LANGUAGES.get(str(value).lower())
    if found is None:
        raise SqlError(
            2740,
            f"SET LANGUAGE failed because '{value}' is not an official language name or a language alias on this SQL "
            "Server.",
        )
    old = s.settings.language.name
    s.settings.language = found
    s.settings.date_format, s.settings.date_first = found.date_format, found.date_first
    _apply(s)
    s.out.env(tokens.ENV_LANGUAGE, found.name, old)
    s.out.message(5703, f"Changed language setting to {found.name}.", 0)


def _date_format(s: Session, value: Any) -> None:
    low = str(value).lower()
    if sorted(low) != ["d", "m", "y"]:
        raise SqlError(2741, f"SET DATEFORMAT date order '{value}' is invalid.")
    s.settings.date_format = low
    _apply(s)


def _date_first(s: Session, value: Any) -> None:
    if not 1 <= int(value) <= 7:
        raise SqlError(2742, f"SET DATEFIRST {value} is out of range.")
    s.settings.date_first = int(value)
    _apply(s)


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
    "LANGUAGE": _language,
    "DATEFORMAT": _date_format,
    "DATEFIRST": _date_first,
}


@executes(n.Use)
def use(s: Session, statement: n.Use, frame: Frame) -> None:
    old = s.db_name
    s.use(statement.database)
    s.out.env(tokens.ENV_DATABASE, s.db_name, old)
    s.out.message(5701, f"Changed database context to '{s.db_name}'.", 0, 2)
    s.rowcount = 0


def reset(s: Session) -> None:
    """The settings of a new connection."""
    s.settings = Settings()
    _apply(s)
