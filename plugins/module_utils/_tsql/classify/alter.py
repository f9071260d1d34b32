# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ALTER. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable

from ..lexer import STRING, WORD, Token, string_value
from ..statements import Action
from ..stream import Stream
from .classifier import Classifier, Handler
from .definitions import index_options, rest
from .modules import MODULES, module
from .tables import alter_table
from .unread import refuse_kind


def _alter(c: Classifier, token: Token) -> bool:
    s = c.s
    start = s.i
    s.i += 1
    if s.key in MODULES:
        return module(c, token, "ALTER", start)
    handler = _KINDS.get(s.key)
    if handler is None:
        refuse_kind(s, "ALTER")
        raise s.surprise("expected a kind of object that the linter knows")
    handler(c, token)
    return False


def _table(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("ALTER TABLE", token)
    s.i += 1
    statement.names.append(s.name())
    alter_table(s, statement)
    s.need_end()


def _schema(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("ALTER SCHEMA", token)
    s.i += 1
    statement.names.append(s.name())
    s.need("TRANSFER")
    if s.ahead().key == "::":
        s.i += 2
    statement.names.append(s.name())
    s.need_end()


def _authorization(c: Classifier, token: Token) -> None:
    c.add("ALTER AUTHORIZATION", token)
    rest(c.s)


def _server(c: Classifier, token: Token) -> None:
    if c.s.ahead().key == "ROLE":
        c.s.i += 1
        _role(c, token)
        c.found[-1].kind = "ALTER SERVER ROLE"
    else:
        c.add("ALTER SERVER", token)
        rest(c.s)


def _role(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("ALTER ROLE", token)
    s.i += 1
    statement.names.append(s.name())
    if s.take("WITH"):
        statement.words = ("NAME",)
        s.need("NAME")
        s.need("=")
        s.identifier()
    else:
        statement.words = (s.need("ADD", "DROP"),)
        s.need("MEMBER")
        s.identifier()
    s.need_end()


def _plain(c: Classifier, token: Token) -> None:
    """Kinds whose further words are kept as they are."""
    s = c.s
    kind = next((kind for kind in _PLAIN if s.take(*kind.split())), "")
    if not kind:
        raise s.surprise("expected a kind of object that the linter knows")
    statement = c.add(f"ALTER {kind}", token)
    statement.names.append(s.name())
    start = s.i
    if kind == "PARTITION FUNCTION":
        s.group()
        s.need("SPLIT", "MERGE")
    elif kind == "XML SCHEMA COLLECTION":
        s.need("ADD")
    rest(s)
    statement.words = tuple(one.key for one in s.tokens[start : s.i] if one.kind == WORD)


def _fulltext(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("ALTER FULLTEXT", token)
    s.i += 1
    start = s.i
    kind = s.need("INDEX", "CATALOG", "STOPLIST")
    if kind == "INDEX":
        s.need("ON")
        statement.names.append(s.name())
        _fulltext_index(s)
    else:
        s.identifier()
        _fulltext_catalog(s) if kind == "CATALOG" else _fulltext_stoplist(s)
    s.need_end()
    statement.words = tuple(one.key for one in s.tokens[start : s.i] if one.kind == WORD)


def _fulltext_index(s: Stream) -> None:
    word = s.need("ENABLE", "DISABLE", "SET", "ADD", "ALTER", "DROP", "START", "STOP", "PAUSE", "RESUME")
    if word in ("START", "STOP", "PAUSE", "RESUME"):
        if word == "START":
            s.need("FULL", "INCREMENTAL", "UPDATE")
        s.need("POPULATION")
    elif word in ("ADD", "DROP"):
        s.group()
    elif word == "ALTER":
        s.need("COLUMN")
        s.identifier()
        s.need("ADD", "DROP")
        s.need("STATISTICAL_SEMANTICS")
    elif word == "SET":
        if s.need("CHANGE_TRACKING", "STOPLIST", "SEARCH") == "SEARCH":
            s.need("PROPERTY")
            s.need("LIST")
        s.take("=")
        if not s.take("OFF"):
            s.identifier()
    if s.take("WITH"):
        s.need("NO")
        s.need("POPULATION")


def _fulltext_catalog(s: Stream) -> None:
    word = s.need("REBUILD", "REORGANIZE", "AS")
    if word == "AS":
        s.need("DEFAULT")
    elif word == "REBUILD" and s.take("WITH"):
        s.need("ACCENT_SENSITIVITY")
        s.need("=")
        s.need("ON", "OFF")


def _fulltext_stoplist(s: Stream) -> None:
    adds = s.need("ADD", "DROP") == "ADD"
    everything = not adds and s.take("ALL")
    if not everything:
        if s.token.kind != STRING:
            raise s.surprise("expected a stopword")
        s.i += 1
        s.need("LANGUAGE")
        s.i += 1
    elif s.take("LANGUAGE"):
        s.i += 1


def _index(c: Classifier, token: Token) -> None:
    s = c.s
    statement = c.add("ALTER INDEX", token)
    s.i += 1
    index = "ALL" if s.take("ALL") else string_value(s.identifier())
    s.need("ON")
    statement.names.append(s.name())
    statement.actions.append(Action("INDEX", token, index))
    word = s.need("REBUILD", "REORGANIZE", "DISABLE", "SET", "RESUME", "PAUSE", "ABORT")
    statement.words = (word,)
    if s.take("PARTITION"):
        s.need("=")
        s.i += 1
    if s.key == "WITH" and s.ahead().key == "(":
        s.i += 1
        statement.options.update(index_options(s))
    elif word == "SET":
        statement.options.update(index_options(s))
    s.need_end()


def _database(c: Classifier, token: Token) -> None:
    s = c.s
    c.add("ALTER DATABASE", token)
    s.i += 1
    if s.take("SCOPED"):
        s.need("CONFIGURATION", "CREDENTIAL")
    elif s.take("AUDIT", "SPECIFICATION") or s.take("ENCRYPTION", "KEY"):
        pass
    else:
        s.identifier()
    if s.key in ("SET", "ADD", "WITH"):
        s.i += 1
    rest(s)
    if s.key == "ROLLBACK" and s.ahead().key in ("IMMEDIATE", "AFTER"):
        s.i += 2
        rest(s)


_PLAIN = (
    *("SEQUENCE", "USER", "LOGIN", "XML SCHEMA COLLECTION", "PARTITION FUNCTION", "PARTITION SCHEME"),
    "APPLICATION ROLE",
)
_KINDS: dict[str, Callable[[Classifier, Token], None]] = {
    "TABLE": _table,
    "INDEX": _index,
    "SCHEMA": _schema,
    "AUTHORIZATION": _authorization,
    "SERVER": _server,
    "DATABASE": _database,
    "ROLE": _role,
    "FULLTEXT": _fulltext,
    **dict.fromkeys((kind.split()[0] for kind in _PLAIN), _plain),
}
STATEMENTS: dict[str, Handler] = {
    "ALTER": _alter,
}
