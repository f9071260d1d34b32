# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SET, and what reaches the whole server. Private to the collection."""

from __future__ import annotations

from ..body import Body
from ..lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from ..statements import Argument, Statement
from ..words import STARTERS
from .classifier import Classifier, Handler
from .definitions import rest

_SET_OPTIONS = frozenset(
    """NOCOUNT ANSI_NULLS QUOTED_IDENTIFIER ANSI_PADDING ANSI_WARNINGS ARITHABORT ARITHIGNORE
    CONCAT_NULL_YIELDS_NULL NUMERIC_ROUNDABORT XACT_ABORT DATEFORMAT DATEFIRST LANGUAGE ROWCOUNT
    DEADLOCK_PRIORITY TEXTSIZE CONTEXT_INFO FMTONLY SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML PARSEONLY NOEXEC
    IMPLICIT_TRANSACTIONS ANSI_DEFAULTS ANSI_NULL_DFLT_ON ANSI_NULL_DFLT_OFF CURSOR_CLOSE_ON_COMMIT FORCEPLAN
    LOCK_TIMEOUT QUERY_GOVERNOR_COST_LIMIT FIPS_FLAGGER REMOTE_PROC_TRANSACTIONS""".split()  # noqa: SIM905
)


def _set(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("SET", token)
    s.i += 1
    if s.token.kind == VARIABLE:
        statement.flags.add("variable")
        c.finish(statement, s.body(Body()))
    elif s.take("TRANSACTION", "ISOLATION", "LEVEL"):
        _isolation_level(c, statement)
    elif s.take("IDENTITY_INSERT"):
        statement.words = ("IDENTITY_INSERT",)
        statement.names.append(s.name())
        statement.options["value"] = s.need("ON", "OFF")
    elif s.take("STATISTICS"):
        statement.words = ("STATISTICS",)
        s.need("IO", "TIME", "XML", "PROFILE")
        while s.take(","):
            s.need("IO", "TIME", "XML", "PROFILE")
        s.need("ON", "OFF")
    else:
        _options(c, statement)
    return False


def _isolation_level(c: Classifier, statement: Statement) -> None:
    s = c.s
    level = s.need("READ", "REPEATABLE", "SNAPSHOT", "SERIALIZABLE")
    if level == "READ":
        level += " " + s.need("COMMITTED", "UNCOMMITTED")
    elif level == "REPEATABLE":
        level += " " + s.need("READ")
    statement.words = ("TRANSACTION ISOLATION LEVEL",)
    statement.options["value"] = level


def _options(c: Classifier, statement: Statement) -> None:
    """``SET ANSI_NULLS, QUOTED_IDENTIFIER ON``: one or more options and one value."""
    s = c.s
    words: list[str] = []
    while not words or s.take(","):
        if s.token.kind != WORD or s.key not in _SET_OPTIONS:
            raise s.surprise("expected an option that SET knows")
        words.append(s.key)
        s.i += 1
    statement.words = tuple(words)
    value = s.token
    if s.take_one("+", "-"):
        value = s.token
        if value.kind != NUMBER:
            raise s.surprise("expected a number")
    elif value.kind not in (WORD, STRING, NUMBER, VARIABLE, QUOTED) or value.key in STARTERS:
        raise s.surprise("expected a value")
    statement.options["value"] = value.key or string_value(value)
    s.i += 1


def _use(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("USE", token)
    s.i += 1
    statement.names.append(s.name())
    s.need_end()
    return False


def _dbcc(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("DBCC", token)
    s.i += 1
    statement.words = (s.key,)
    s.identifier()
    if s.key == "(":
        start, end = s.group()
        inside = s.tokens[start:end]
        statement.args.extend(Argument("", one) for one in inside if one.key != ",")
    if s.take("WITH"):
        while s.token.kind == WORD and not s.at_end():
            s.i += 1
            s.take(",")
    s.need_end()
    return False


def _server_wide(c: Classifier, token: Token) -> bool:
    """BACKUP, RESTORE, SHUTDOWN, RECONFIGURE, KILL, ...: refused whole, so their words carry no meaning."""
    c.add(token.key, token)
    c.s.i += 1
    rest(c.s)
    return False


STATEMENTS: dict[str, Handler] = {
    "SET": _set,
    "USE": _use,
    "DBCC": _dbcc,
    "BACKUP": _server_wide,
    "RESTORE": _server_wide,
    "SHUTDOWN": _server_wide,
    "RECONFIGURE": _server_wide,
    "KILL": _server_wide,
    "SETUSER": _server_wide,
}
