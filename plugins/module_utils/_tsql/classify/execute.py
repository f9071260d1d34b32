# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EXEC: procedures, and strings that are executed. Private to the collection."""

from __future__ import annotations

from ..lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from ..statements import Argument, Nested, Statement, name_from_text
from .classifier import Classifier, Handler
from .definitions import rest


def exec_statement(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("EXEC", token)
    s.i += 1
    if s.key == "AS" and s.ahead().key in ("USER", "LOGIN", "CALLER", "OWNER", "SELF"):
        statement.kind = "EXECUTE AS"
        rest(s)
        if s.tokens[s.i - 1].key == "NO":
            s.take("REVERT")
        return False
    if s.key == "(":
        _exec_string(c, statement)
        return False
    if s.token.kind == VARIABLE and s.ahead().key == "=":
        s.i += 2
    if s.token.kind == VARIABLE:
        statement.flags.add("variable")
        s.i += 1
    elif s.token.kind == STRING:
        # EXEC 'name' is not T-SQL's, but some servers of the family take it
        statement.names.append(name_from_text(string_value(s.token), s.token))
        s.i += 1
    else:
        statement.names.append(s.name())
    _exec_arguments(c, statement)
    return False


def _exec_arguments(c: Classifier, statement: Statement) -> None:
    s = c.s
    if s.key == ";" and s.ahead().kind == NUMBER and s.back() is not None and s.back() is not statement.token:
        s.i += 2  # the number of a procedure in a group: name;1
    if not s.at_end():
        while True:
            name = ""
            if s.token.kind == VARIABLE and s.ahead().key == "=":
                name = s.token.text.lower()
                s.i += 2
            s.take_one("-", "+")
            if s.token.kind not in (STRING, NUMBER, VARIABLE, WORD, QUOTED) or s.at_end():
                raise s.surprise("expected an argument")
            statement.args.append(Argument(name, s.token))
            s.i += 1
            while s.key == "." and s.ahead().kind in (WORD, QUOTED):
                s.i += 2
            s.take_one("OUTPUT", "OUT", "READONLY")
            if s.key == "+":
                # not allowed by the server; noted so that the rules call it what it is
                statement.flags.add("concatenated")
                s.i += 1
                continue
            if not s.take(","):
                break
    _call_options(c)
    if not s.at_end():
        raise s.surprise("expected the end of the call")


def _call_options(c: Classifier) -> None:
    s = c.s
    if s.key == "WITH" and s.ahead().key in ("RECOMPILE", "RESULT"):
        s.i += 1
        if not s.take("RECOMPILE"):
            s.i += 1
            s.need("SETS")
            if s.key == "(":
                s.group()
            else:
                s.need("UNDEFINED", "NONE")


def _exec_string(c: Classifier, statement: Statement) -> None:
    s = c.s
    start = s.i + 1
    s.group()
    pieces: list[Token] = []
    expected = True
    tokens = s.tokens[start : s.i - 1]
    for index, token in enumerate(tokens):
        if token.key == ",":
            statement.args.extend(Argument("", one) for one in tokens[index + 1 :] if one.key != ",")
            break
        if expected and token.kind in (STRING, VARIABLE, QUOTED):
            pieces.append(token)
        elif expected or token.key != "+":
            statement.flags.add("expression")
        expected = not expected
    statement.nested.append(Nested(pieces))
    if s.take("AS"):
        s.need("LOGIN", "USER")
        s.need("=")
        s.i += 1
        statement.flags.add("as")
    if s.take("AT"):
        if s.take("DATA_SOURCE"):
            pass
        s.identifier()
        statement.flags.add("remote")
    _call_options(c)
    s.need_end()


def bare_call(c: Classifier, token: Token) -> None:
    """The first statement of a batch may call a procedure without EXEC."""
    statement = c.add("EXEC", token)
    statement.flags.add("bare")
    statement.names.append(c.s.name())
    _exec_arguments(c, statement)


def odbc_call(c: Classifier, token: Token) -> None:
    """``{call dbo.spFind (1, 'a')}``, ODBC's form of EXEC."""
    s = c.s
    statement = c.add("EXEC", token)
    s.i += 2
    statement.names.append(s.name())
    if s.key == "(":
        start, end = s.group()
        statement.args.extend(Argument("", one) for one in s.tokens[start:end] if one.key != ",")
    s.need("}")


STATEMENTS: dict[str, Handler] = {
    "EXEC": exec_statement,
    "EXECUTE": exec_statement,
}
