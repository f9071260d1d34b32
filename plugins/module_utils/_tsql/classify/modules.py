# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedures, views, functions and triggers: their head, up to the body. Private to the collection."""

from __future__ import annotations

from ..lexer import NUMBER, STRING, VARIABLE, WORD, Token
from ..statements import Module, Statement
from ..words import END, STARTERS, Unrecognised
from .classifier import Classifier

MODULES = {"PROC": "PROCEDURE", "PROCEDURE": "PROCEDURE", "VIEW": "VIEW", "FUNCTION": "FUNCTION", "TRIGGER": "TRIGGER"}


def module(c: Classifier, token: Token, verb: str, start: int) -> bool:
    s = c.s
    kind = MODULES[s.key]
    statement = c.add(f"{verb} {kind}", token)
    statement.first = start
    s.i += 1
    statement.names.append(s.name())
    statement.options["after_name"] = str(s.tokens[s.i - 1].end)
    if kind == "TRIGGER":
        s.need("ON")
        if s.take("ALL", "SERVER"):
            statement.flags.add("server")
        elif s.take("DATABASE"):
            statement.flags.add("database")
        else:
            statement.names.append(s.name())
    _module_header(c, statement, kind)
    if s.key == "EXTERNAL" and s.ahead().key == "NAME":
        raise Unrecognised(s.token, f"the code of this {kind.lower()} is in an assembly, which the linter does not see")
    c.module = Module(kind, statement.name, verb, statement)
    statement.last = s.i
    return False


def _module_header(c: Classifier, statement: Statement, kind: str) -> None:
    """Up to the AS, or a function's BEGIN or RETURN, behind which the body begins."""
    s = c.s
    while not _body_begins(c, kind):
        if s.token.kind == END:
            raise s.surprise(f"expected the body of the {kind.lower()}")
        if s.key == "(":
            s.group()
        elif s.key == ";" and s.ahead().kind == NUMBER and kind == "PROCEDURE":
            s.i += 2
        elif s.token.kind == WORD and s.key == "WITH":
            s.i += 1
            _options(c, statement)
        else:
            _header_word(c, statement, kind)


def _body_begins(c: Classifier, kind: str) -> bool:
    """Whether the body begins here; an AS before it is passed over."""
    s = c.s
    if s.token.kind != WORD:
        return False
    if s.key == "AS":
        previous = s.tokens[s.i - 1]
        s.i += 1
        return not (previous.key in ("EXECUTE", "EXEC") or (previous.kind == VARIABLE and kind == "PROCEDURE"))
    return kind == "FUNCTION" and s.key in ("BEGIN", "RETURN")


def _header_word(c: Classifier, statement: Statement, kind: str) -> None:
    s = c.s
    key = s.key
    if kind == "TRIGGER" and s.token.kind == WORD and key in ("INSERT", "UPDATE", "DELETE"):
        statement.flags.add(key.lower())
        s.i += 1
        return
    if kind == "FUNCTION" and key == "RETURNS" and s.ahead().key == "TABLE":
        statement.flags.add("inline")
    if kind == "TRIGGER" and key == "INSTEAD":
        statement.flags.add("instead")
    if key == ";" or (key in STARTERS and s.token.kind == WORD):
        raise s.surprise(f"expected the AS of the {kind.lower()}")
    s.skip()


_PHRASES = {
    "RETURNS": (("NULL",), ("ON",), ("NULL",), ("INPUT",)),
    "CALLED": (("ON",), ("NULL",), ("INPUT",)),
    "INLINE": (("=",), ("ON", "OFF")),
}
_FLAGS = ("SCHEMABINDING", "ENCRYPTION", "VIEW_METADATA", "RECOMPILE", "NATIVE_COMPILATION", "APPEND", "OFF")


def _options(c: Classifier, statement: Statement) -> None:
    """Behind WITH: SCHEMABINDING, EXECUTE AS OWNER, ..."""
    s = c.s
    while True:
        word = s.need(*_FLAGS, "EXECUTE", "EXEC", *_PHRASES)
        if word in ("EXECUTE", "EXEC"):
            s.need("AS")
            if s.token.kind == STRING:
                s.i += 1
            else:
                s.need("CALLER", "SELF", "OWNER")
        elif word in _PHRASES:
            for words in _PHRASES[word]:
                s.need(*words)
        else:
            statement.flags.add(word.lower())
        if not s.take(","):
            return


def trigger_switch(c: Classifier, token: Token) -> bool:
    """ENABLE TRIGGER and DISABLE TRIGGER."""
    s = c.s
    statement = c.add(f"{token.key} TRIGGER", token)
    s.i += 2
    if not s.take("ALL"):
        s.name()
        while s.take(","):
            s.name()
    s.need("ON")
    if not (s.take("ALL", "SERVER") or s.take("DATABASE")):
        statement.names.append(s.name())
    s.need_end()
    return False
