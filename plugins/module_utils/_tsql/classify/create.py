# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""CREATE. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable

from ..lexer import STRING, WORD, Token, string_value
from ..statements import Action, Column, Statement
from ..stream import Stream
from .classifier import Classifier, Handler
from .definitions import column_list, data_type, filter_predicate, index_options, items, rest
from .modules import MODULES, module
from .unread import refuse_kind


def _create(c: Classifier, token: Token) -> bool:
    s = c.s
    start = s.i
    s.i += 1
    verb = "CREATE OR ALTER" if s.take("OR", "ALTER") else "CREATE"
    if s.key in MODULES:
        return module(c, token, verb, start)
    if verb != "CREATE":
        raise s.surprise("expected PROCEDURE, VIEW, FUNCTION or TRIGGER")
    refuse_kind(s, "CREATE")
    plain = next((kind for kind in _PLAIN if _next_are(c, kind)), "")
    handler = _KINDS.get(s.key)
    if plain:
        _plain_create(c, token, plain)
    elif handler is not None:
        handler(c, token)
    else:
        raise s.surprise("expected a kind of object that the linter knows")
    return False


def _next_are(c: Classifier, kind: str) -> bool:
    return all(c.s.ahead(place).key == word for place, word in enumerate(kind.split()))


def _plain_create(c: Classifier, token: Token, kind: str) -> None:
    """Kinds whose further words carry no meaning for the rules."""
    s = c.s
    statement = c.add(f"CREATE {kind}", token)
    s.i += len(kind.split())
    statement.names.append(s.name())
    c.finish(statement, rest(s))


def _create_synonym(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("CREATE SYNONYM", token)
    s.i += 1
    statement.names.append(s.name())
    s.need("FOR")
    statement.names.append(s.name())
    s.need_end()


def _create_fulltext(c: Classifier, token: Token) -> None:
    s = c.s
    c.add("CREATE FULLTEXT", token)
    s.i += 1
    s.need("INDEX", "CATALOG", "STOPLIST")
    rest(s)


def _create_schema(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("CREATE SCHEMA", token)
    s.i += 1
    if s.key != "AUTHORIZATION":
        statement.names.append(s.name())
    if s.take("AUTHORIZATION"):
        s.identifier()
    s.need_end()


def _create_table(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("CREATE TABLE", token)
    s.i += 1
    statement.names.append(s.name())
    if s.take("AS"):
        s.need("NODE", "EDGE", "FILETABLE")
        rest(s)
        return
    if s.key != "(":
        raise s.surprise("expected (")
    s.i += 1
    items(s, statement, inside=True)
    s.need(")")
    while True:
        if s.take("AS"):
            s.need("NODE", "EDGE")
        elif s.take_one("ON", "TEXTIMAGE_ON", "FILESTREAM_ON"):
            if s.token.kind == STRING or s.key == "DEFAULT":
                s.i += 1
            else:
                s.identifier()
            if s.key == "(":
                s.group()
        elif s.key == "WITH" and s.ahead().key == "(":
            s.i += 1
            statement.options.update(index_options(s))
        else:
            break
    s.need_end()


def _create_type(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("CREATE TYPE", token)
    s.i += 1
    statement.names.append(s.name())
    if s.take("FROM"):
        column = Column("", s.token)
        data_type(s, column)
        if not s.take("NOT", "NULL"):
            s.take("NULL")
    elif s.take("AS"):
        s.need("TABLE")
        statement.flags.add("table")
        if s.key != "(":
            raise s.surprise("expected (")
        s.i += 1
        items(s, statement, inside=True)
        s.need(")")
        if s.take("WITH"):
            s.group()
    else:
        s.need("EXTERNAL")
        rest(s)
    s.need_end()


_INDEX_WORDS = (
    "UNIQUE",
    "CLUSTERED",
    "NONCLUSTERED",
    "COLUMNSTORE",
    "PRIMARY",
    "XML",
    "SPATIAL",
    "VECTOR",
    "JSON",
    "SELECTIVE",
)


def _create_index(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("CREATE INDEX", token)
    words: list[str] = []
    while s.key != "INDEX":
        words.append(s.need(*_INDEX_WORDS))
    s.i += 1
    statement.words = tuple(words)
    index = string_value(s.identifier())
    s.need("ON")
    statement.names.append(s.name())
    action = Action("INDEX", token, index)
    statement.actions.append(action)
    if s.key == "(":
        action.columns = column_list(s)
    while not s.at_end() or s.key == "WITH":
        clause = _INDEX_CLAUSES.get(s.key)
        if clause is None:
            raise s.surprise("expected INCLUDE, WHERE, WITH, ON or the end of the statement")
        s.i += 1
        clause(s, statement)


def _include(s: Stream, statement: Statement) -> None:
    action = statement.actions[0]
    action.words = (*action.words, *column_list(s))


def _where(s: Stream, statement: Statement) -> None:
    statement.flags.add("filtered")
    filter_predicate(s)


def _order(s: Stream, _statement: Statement) -> None:
    s.group()


def _using(s: Stream, _statement: Statement) -> None:
    rest(s)


def _filegroup(s: Stream, _statement: Statement) -> None:
    if s.token.kind == STRING or s.key in ("DEFAULT", "NULL"):
        s.i += 1
    else:
        s.identifier()
    if s.key == "(":
        s.group()


def _with(s: Stream, statement: Statement) -> None:
    if s.key == "(":
        statement.options.update(index_options(s))
        return
    if s.take("FILLFACTOR", "="):
        s.i += 1
        return
    # the old spelling, without parentheses
    while s.token.kind == WORD and not s.at_end() and s.key != "ON":
        statement.options[s.key] = "ON"
        s.i += 1
        if s.take("="):
            s.i += 1
        s.take(",")


_INDEX_CLAUSES: dict[str, Callable[[Stream, Statement], None]] = {
    "INCLUDE": _include,
    "WHERE": _where,
    "ORDER": _order,
    "FOR": _order,
    "WITH": _with,
    "USING": _using,
    "ON": _filegroup,
    "FILESTREAM_ON": _filegroup,
}
_PLAIN = (
    "XML SCHEMA COLLECTION",
    "PARTITION FUNCTION",
    "PARTITION SCHEME",
    "APPLICATION ROLE",
    *("SEQUENCE", "USER", "ROLE", "LOGIN", "STATISTICS", "DEFAULT", "RULE", "DATABASE"),
)
_KINDS: dict[str, Callable[[Classifier, Token], None]] = {
    "TABLE": _create_table,
    "SCHEMA": _create_schema,
    "TYPE": _create_type,
    "SYNONYM": _create_synonym,
    "FULLTEXT": _create_fulltext,
    **dict.fromkeys(("INDEX", *_INDEX_WORDS), _create_index),
}
STATEMENTS: dict[str, Handler] = {
    "CREATE": _create,
}
