# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing rows. Private to the collection."""

from __future__ import annotations

from ..body import Body, Place
from ..lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from ..statements import Action, Statement, select_top
from ..words import Unrecognised
from .classifier import Classifier, Handler
from .definitions import column_list, rest
from .execute import exec_statement


def _select(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("SELECT", token)
    s.i += 1
    if s.token.kind == VARIABLE and s.ahead().key in ("=", "+="):
        statement.flags.add("assigns")
    before = s.i
    c.finish(statement, s.body(Body(), Place(select=True)))
    if s.tokens[before].key == "*" and "stars" not in statement.options:
        statement.options["stars"] = str(s.tokens[before].start)
    return False


def select_in_parentheses(c: Classifier, token: Token) -> None:
    """``(SELECT ...) UNION ...``"""
    statement = c.add("SELECT", token)
    if not c.select_in_parentheses():
        raise Unrecognised(token, "a statement cannot begin with this parenthesis")
    c.finish(statement, c.s.body(Body(), Place(select=True)))


def _top(c: Classifier, statement: Statement) -> None:
    s = c.s
    if s.take("TOP"):
        start = s.i
        if s.key == "(":
            s.group()
        elif s.token.kind in (NUMBER, VARIABLE):
            s.i += 1
        else:
            raise s.surprise("expected how many rows")
        if s.take("PERCENT"):
            statement.flags.add("percent")
        content = [token for token in s.tokens[start : s.i] if token.key not in ("(", ")")]
        statement.options["top"] = content[0].text if len(content) == 1 else "?"


def _modification_target(c: Classifier, statement: Statement) -> None:
    s = c.s
    if s.key in ("OPENQUERY", "OPENROWSET", "OPENDATASOURCE"):
        statement.flags.add("remote")
        s.i += 1
        s.group()
        while s.take("."):
            s.identifier()
        return
    statement.names.append(s.target())
    if s.key == "WITH" and s.ahead().key == "(":
        s.i += 1
        s.group()


def _insert(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("INSERT", token)
    s.i += 1
    _top(c, statement)
    s.take("INTO")
    _modification_target(c, statement)
    if s.key == "(" and s.ahead().key not in ("SELECT", "("):
        statement.insert_columns = column_list(s)
    if s.key in ("OUTPUT", "VALUES"):
        start = s.i
        c.finish(statement, s.body(Body()))
        if any(one.key == "VALUES" for one in s.tokens[start : s.i]):
            statement.flags.add("values")
    if s.take("DEFAULT", "VALUES"):
        statement.flags.add("default")
    elif s.key in ("EXEC", "EXECUTE"):
        statement.flags.add("exec")
        statement.last = c.start = s.i
        exec_statement(c, s.token)
    elif s.key == "SELECT" or (s.key == "(" and c.select_in_parentheses()):
        _insert_select(c, statement)
    elif s.key == "WITH" and s.ahead().kind in (WORD, QUOTED):
        statement.flags.add("select")
    elif "values" not in statement.flags:
        raise s.surprise("expected VALUES, SELECT, EXEC or DEFAULT VALUES")
    return False


def _insert_select(c: Classifier, statement: Statement) -> None:
    s = c.s
    statement.flags.add("select")
    selects = s.i
    s.take("SELECT")
    body = s.body(Body())
    c.finish(statement, body)
    if s.tokens[selects + 1].key == "*" or body.stars:
        statement.flags.add("star")


def _update(c: Classifier, token: Token) -> bool:
    s = c.s
    if s.ahead().key == "STATISTICS":
        statement = c.add("UPDATE STATISTICS", token)
        s.i += 2
        statement.names.append(s.name())
        rest(s)
        return False
    statement = c.add("UPDATE", token)
    s.i += 1
    _top(c, statement)
    _modification_target(c, statement)
    if s.key != "SET":
        raise s.surprise("expected SET")
    c.finish(statement, s.body(Body(), Place(assign=True)))
    return False


def _delete(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("DELETE", token)
    s.i += 1
    _top(c, statement)
    s.take("FROM")
    _modification_target(c, statement)
    if not s.at_end() and s.key not in ("FROM", "WHERE", "OUTPUT", "OPTION"):
        raise s.surprise("expected FROM, WHERE, OUTPUT or the end of the statement")
    c.finish(statement, s.body(Body()))
    return False


def _merge(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("MERGE", token)
    s.i += 1
    _top(c, statement)
    s.take("INTO")
    _modification_target(c, statement)
    start = s.i
    c.finish(statement, s.body(Body(), Place(merge=True)))
    words = s.tokens[start : s.i]
    values = any(
        one.key == "USING" and two.key == "(" and three.key == "VALUES"
        for one, two, three in zip(words, words[1:], words[2:])
    )
    if values:
        statement.flags.add("values")
    for one, two in zip(words, words[1:]):
        if one.key == "THEN" and two.key in ("UPDATE", "DELETE", "INSERT"):
            statement.flags.add(two.key.lower())
        if one.key == "BY" and two.key == "SOURCE":
            statement.flags.add("by source")
    if not statement.flags & {"update", "delete", "insert"}:
        raise s.surprise("expected WHEN ... THEN")
    return False


def _with(c: Classifier, token: Token) -> bool:
    """Common table expressions, and the statement they belong to."""
    s = c.s
    start = s.i
    s.i += 1
    names: set[str] = set()
    limited: dict[str, str] = {}
    if s.key in ("XMLNAMESPACES", "CHANGE_TRACKING_CONTEXT") and s.ahead().key == "(":
        s.i += 1
        s.group()
        if s.take(","):
            _cte(c, names, limited)
    else:
        _cte(c, names, limited)
    if s.key not in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE") and s.key != "(":
        raise s.surprise("expected the statement that the common table expressions belong to")
    count = len(c.found)
    c.ctes = frozenset(names)
    sources = [name for name in c.cte_sources if name.base.lower() not in names or name.schema]
    try:
        if s.key == "(":
            if not c.select_in_parentheses():
                raise s.surprise("expected SELECT")
            statement = c.add("SELECT", s.token)
            c.finish(statement, s.body(Body(), Place(select=True)))
        else:
            STATEMENTS[s.key](c, s.token)
    finally:
        c.ctes = frozenset()
        for statement in c.found[count:]:
            statement.sources.extend(sources)
            statement.first = min(statement.first, start)
            if statement.name is not None and statement.name.base.lower() in names and not statement.name.schema:
                statement.flags.add("cte")
                top = limited.get(statement.name.base.lower(), "")
                if top:
                    statement.options.setdefault("top", top)
            statement.actions.extend(Action("STAR", star) for star in c.cte_stars)
    return False


def _cte(c: Classifier, names: set[str], limited: dict[str, str]) -> None:
    s = c.s
    c.cte_sources = []
    c.cte_stars = []
    while True:
        name = string_value(s.identifier()).lower()
        names.add(name)
        if s.key == "(":
            s.group()
        s.need("AS")
        if s.key != "(":
            raise s.surprise("expected (")
        body = Body()
        start = s.i
        s.body(body, Place(stop_after_group=True))
        limited[name] = select_top(s.tokens[start + 1 : s.i])
        c.cte_sources.extend(body.sources)
        c.cte_stars.extend(body.stars)
        if not s.take(","):
            return


def _truncate(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("TRUNCATE TABLE", token)
    s.i += 1
    s.need("TABLE")
    statement.names.append(s.name())
    if s.take("WITH"):
        s.group()
        statement.flags.add("partitions")
    s.need_end()
    return False


def _bulk(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("BULK INSERT", token)
    s.i += 1
    s.need("INSERT")
    statement.names.append(s.name())
    s.need("FROM")
    if s.token.kind != STRING:
        raise s.surprise("expected a file")
    s.i += 1
    if s.take("WITH"):
        s.group()
    s.need_end()
    return False


STATEMENTS: dict[str, Handler] = {
    "SELECT": _select,
    "INSERT": _insert,
    "UPDATE": _update,
    "DELETE": _delete,
    "MERGE": _merge,
    "WITH": _with,
    "TRUNCATE": _truncate,
    "BULK": _bulk,
}
