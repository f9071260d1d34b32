# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control of flow, transactions, cursors and messages. Private to the collection."""

from __future__ import annotations

from ..body import Body, Place
from ..existence import asked_for
from ..lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token
from ..statements import Guard, Statement, guard
from ..words import STARTERS, Unrecognised, spell
from .classifier import Classifier, Handler, capped
from .unread import refuse_keys


def _if(c: Classifier, token: Token) -> bool:
    s = c.s
    word = token.key
    c.add(word, token)
    s.i += 1
    start = s.i
    statement = c.found[-1]
    c.finish(statement, s.body(Body(), Place(condition=True)))
    c.guard_count += 1
    words = s.tokens[start : s.i]
    condition = guard(word, spell(words), c.guard_count, asked_for(words) if word == "IF" else None)
    c.pending = capped((*c.pending, condition))
    if word == "IF":
        c.last_if.append(condition)
        if len(c.last_if) > 64:
            del c.last_if[:32]
    return True


def _else(c: Classifier, token: Token) -> bool:
    c.s.i += 1
    c.add("ELSE", token)
    before = c.last_if[-1].text if c.last_if else ""
    c.guard_count += 1
    c.pending = (guard("ELSE", before, c.guard_count),)
    return True


def _begin(c: Classifier, token: Token) -> bool:
    s = c.s
    following = s.ahead().key
    if following in ("TRAN", "TRANSACTION") or (
        following == "DISTRIBUTED" and s.ahead(2).key in ("TRAN", "TRANSACTION")
    ):
        statement = c.add("BEGIN TRANSACTION", token)
        s.i += 3 if following == "DISTRIBUTED" else 2
        _transaction_name(c, statement)
        if s.take("WITH", "MARK") and s.token.kind == STRING:
            s.i += 1
        return False
    if following in ("DIALOG", "CONVERSATION"):
        raise Unrecognised(token, "Service Broker is not known to the linter")
    s.i += 1
    if following in ("TRY", "CATCH"):
        s.i += 1
        c.guard_count += 1
        c.pending = capped((*c.pending, guard(following, "", c.guard_count)))
    elif following == "ATOMIC":
        s.i += 1
        s.need("WITH")
        s.group()
    outer: tuple[Guard, ...] = c.blocks[-1][1] if c.blocks else ()
    c.blocks.append((following if following in ("TRY", "CATCH") else "", capped(outer + c.pending)))
    c.pending = ()
    return True


def _end(c: Classifier, token: Token) -> bool:
    s = c.s
    if s.ahead().key == "CONVERSATION":
        raise Unrecognised(token, "Service Broker is not known to the linter")
    if not c.blocks:
        raise Unrecognised(token, "END without BEGIN")
    s.i += 1
    kind, _guards = c.blocks.pop()
    if kind:
        s.need(kind)
    return False


def _transaction_name(c: Classifier, statement: Statement) -> None:
    s = c.s
    if s.token.kind in (QUOTED, VARIABLE) or (s.token.kind == WORD and not s.at_end()):
        statement.flags.add("named")
        s.i += 1


def _end_transaction(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add(f"{token.key} TRANSACTION", token)
    s.i += 1
    if s.take_one("TRAN", "TRANSACTION", "WORK"):
        _transaction_name(c, statement)
    elif token.key == "SAVE":
        raise s.surprise("expected TRANSACTION")
    if s.take("WITH"):
        s.group()
    return False


def _simple(c: Classifier, token: Token) -> bool:
    """PRINT, RETURN, RAISERROR, FETCH, ...: harmless whatever follows, up to the next statement."""
    c.s.i += 1
    statement = c.add(token.key, token)
    c.finish(statement, c.s.body(Body()))
    return False


def _cursor(c: Classifier, token: Token) -> bool:
    """OPEN and CLOSE of a cursor; those of a key are refused."""
    refuse_keys(c.s)
    return _simple(c, token)


def _fetch(c: Classifier, token: Token) -> bool:
    s = c.s
    c.add("FETCH", token)
    s.i += 1
    if s.take_one("ABSOLUTE", "RELATIVE"):
        s.take("-")
        if s.token.kind not in (NUMBER, VARIABLE):
            raise s.surprise("expected a number of rows")
        s.i += 1
    else:
        s.take_one("NEXT", "PRIOR", "FIRST", "LAST")
    s.take("FROM")
    if s.ahead().key != "INTO" and s.ahead().kind in (WORD, QUOTED) and s.ahead().key not in STARTERS:
        s.take("GLOBAL")
    s.target()
    s.body(Body())
    return False


def _goto(c: Classifier, token: Token) -> bool:
    c.add("GOTO", token)
    c.s.i += 1
    c.s.identifier()
    return False


def _word(c: Classifier, token: Token) -> bool:
    c.add(token.key, token)
    c.s.i += 1
    return False


def _revert(c: Classifier, token: Token) -> bool:
    s = c.s
    c.add("REVERT", token)
    s.i += 1
    if s.take("WITH", "COOKIE", "="):
        if s.token.kind not in (VARIABLE, NUMBER):
            raise s.surprise("expected a cookie")
        s.i += 1
    return False


def _waitfor(c: Classifier, token: Token) -> bool:
    s = c.s
    if s.ahead().key == "(":
        raise Unrecognised(token, "WAITFOR ( ... ) waits for Service Broker, which is not read by the linter")
    c.add("WAITFOR", token)
    s.i += 1
    s.need("DELAY", "TIME")
    if s.token.kind not in (STRING, VARIABLE):
        raise s.surprise("expected a time")
    s.i += 1
    return False


def _declare(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("DECLARE", token)
    s.i += 1
    if s.token.kind != VARIABLE:
        s.identifier()
        while s.take_one("INSENSITIVE", "SCROLL"):
            pass
        s.need("CURSOR")
    c.finish(statement, s.body(Body()))
    if s.back() is not None and s.tokens[s.i - 1].key == "FOR" and s.key in ("SELECT", "WITH"):
        statement.flags.add("cursor")
    return False


STATEMENTS: dict[str, Handler] = {
    "IF": _if,
    "WHILE": _if,
    "ELSE": _else,
    "BEGIN": _begin,
    "END": _end,
    "COMMIT": _end_transaction,
    "ROLLBACK": _end_transaction,
    "SAVE": _end_transaction,
    "PRINT": _simple,
    "RETURN": _simple,
    "RAISERROR": _simple,
    "FETCH": _fetch,
    "OPEN": _cursor,
    "CLOSE": _cursor,
    "DEALLOCATE": _simple,
    "CHECKPOINT": _simple,
    "GOTO": _goto,
    "BREAK": _word,
    "CONTINUE": _word,
    "REVERT": _revert,
    "WAITFOR": _waitfor,
    "DECLARE": _declare,
}
