# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights. Private to the collection."""

from __future__ import annotations

from ..lexer import WORD, Token
from ..statements import Statement
from ..words import END, STARTERS
from .classifier import Classifier, Handler

_PERMISSION_STARTS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "EXEC", "ALTER", "CREATE", "BACKUP"})


def _permission(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add(token.key, token)
    s.i += 1
    s.take("GRANT", "OPTION", "FOR")
    _rights(c, token)
    if s.take("ON"):
        _securable(c, statement)
    s.need("TO", "FROM")
    while True:
        s.identifier()
        if not s.take(","):
            break
    if s.take("WITH"):
        s.need("GRANT")
        s.need("OPTION")
    s.take("CASCADE")
    if s.take("AS"):
        s.identifier()
    s.need_end()
    return False


def _rights(c: Classifier, token: Token) -> None:
    """What is granted or denied, up to ON, TO or FROM. Some rights begin with a word that could begin a statement."""
    s = c.s
    phrase = True
    while s.key not in ("ON", "TO") and not (s.key == "FROM" and token.key == "REVOKE"):
        if s.token.kind == END or s.key == ";":
            raise s.surprise("expected ON or TO")
        if s.key == "(":
            s.group()
        elif s.take(","):
            phrase = True
        else:
            if s.token.kind != WORD or (s.key in STARTERS and not (phrase and s.key in _PERMISSION_STARTS)):
                raise s.surprise("expected a permission")
            phrase = s.key == "ALTER" and s.ahead().key == "ANY"
            s.i += 1


def _securable(c: Classifier, statement: Statement) -> None:
    s = c.s
    if "::" in (s.ahead().key, s.ahead(2).key, s.ahead(3).key):
        while s.key != "::":
            s.skip()
        s.i += 1
    statement.names.append(s.name())
    if s.key == "(":
        s.group()


STATEMENTS: dict[str, Handler] = {
    "GRANT": _permission,
    "DENY": _permission,
    "REVOKE": _permission,
}
