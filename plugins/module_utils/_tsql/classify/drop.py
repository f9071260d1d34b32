# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DROP. Private to the collection."""

from __future__ import annotations

from ..lexer import Token
from ..statements import Action, Name
from .classifier import Classifier, Handler
from .definitions import index_options
from .modules import MODULES
from .permissions import classification, signature
from .unread import refuse_kind

_DROPS = {
    **MODULES,
    "TABLE": "TABLE",
    "INDEX": "INDEX",
    "SCHEMA": "SCHEMA",
    "TYPE": "TYPE",
    "SYNONYM": "SYNONYM",
    "SEQUENCE": "SEQUENCE",
    "USER": "USER",
    "ROLE": "ROLE",
    "LOGIN": "LOGIN",
    "STATISTICS": "STATISTICS",
    "DATABASE": "DATABASE",
    "DEFAULT": "DEFAULT",
    "RULE": "RULE",
    "AGGREGATE": "AGGREGATE",
    "ASSEMBLY": "ASSEMBLY",
}


def _drop(c: Classifier, token: Token) -> bool:
    s = c.s
    s.i += 1
    key = s.key
    if key in ("SIGNATURE", "COUNTER"):
        signature(c, token, "FROM")
        return False
    if s.take("SENSITIVITY", "CLASSIFICATION"):
        classification(c, token, "FROM")
        s.need_end()
        return False
    if key not in _DROPS:
        refuse_kind(s, "DROP")
    if key == "PARTITION" and s.ahead().key in ("FUNCTION", "SCHEME"):
        return _plain_drop(c, token, f"PARTITION {s.ahead().key}", 2)
    if key == "XML" and s.ahead().key == "SCHEMA":
        return _plain_drop(c, token, "XML SCHEMA COLLECTION", 3)
    if key == "APPLICATION" and s.ahead().key == "ROLE":
        return _plain_drop(c, token, "APPLICATION ROLE", 2)
    if key == "FULLTEXT":
        statement = c.add("DROP FULLTEXT", token)
        s.i += 1
        s.need("INDEX", "CATALOG", "STOPLIST")
        s.take("ON")
        statement.names.append(s.name())
        s.need_end()
        return False
    if key == "INDEX":
        return _drop_index(c, token)
    if key in _DROPS:
        return _plain_drop(c, token, _DROPS[key], 1)
    raise s.surprise("expected a kind of object that the linter knows")


def _plain_drop(c: Classifier, token: Token, kind: str, words: int) -> bool:
    s = c.s
    statement = c.add(f"DROP {kind}", token)
    s.i += words
    if s.take("IF", "EXISTS"):
        statement.flags.add("if exists")
    statement.names.append(s.name())
    if s.key == "(":
        s.group()
    while s.take(","):
        statement.names.append(s.name())
    if kind == "TRIGGER" and s.take("ON"):
        if not s.take("ALL", "SERVER"):
            s.need("DATABASE")
        statement.flags.add("ddl")
    if kind == "ASSEMBLY" and s.take("WITH"):
        s.i += 2
    s.need_end()
    return False


def _drop_index(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add("DROP INDEX", token)
    s.i += 1
    if s.take("IF", "EXISTS"):
        statement.flags.add("if exists")
    while True:
        name = s.name()
        action = Action("INDEX", name.token, name.base)
        statement.actions.append(action)
        if s.take("ON"):
            table = s.name()
            if s.key == "WITH" and s.ahead().key == "(":
                s.i += 1
                action.options.update(index_options(s))
        elif len(name.parts) > 1:
            table = Name(name.parts[:-1], name.token)
        else:
            raise s.surprise("expected ON and the table")
        action.target = table
        statement.names.append(table)
        if not s.take(","):
            break
    s.need_end()
    return False


STATEMENTS: dict[str, Handler] = {
    "DROP": _drop,
}
