# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions, signatures of modules and classifications of columns. Private to the collection."""

from __future__ import annotations

from ..lexer import STRING, WORD, Token
from ..statements import Statement
from ..stream import Stream
from ..words import END, STARTERS
from .classifier import Classifier, Handler

_PERMISSION_STARTS = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "EXEC", "ALTER", "CREATE", "BACKUP", "DROP", "SHUTDOWN", "KILL"}
)
_INSIDE = (
    ("ADMINISTER", "BULK"),
    ("DATABASE", "BULK"),
    *(("SESSION", verb) for verb in ("ADD", "ALTER", "DROP")),
)
"""Words inside a permission that could begin a statement, each with the word before it."""
_SERVER_WIDE = (
    *("ADMINISTER BULK", "ALTER RESOURCES", "ALTER SERVER", "ALTER SETTINGS", "ALTER TRACE", "AUTHENTICATE SERVER"),
    *(f"ALTER ANY {what}" for what in ("AVAILABILITY", "CONNECTION", "CREDENTIAL", "ENDPOINT", "EVENT SESSION")),
    *(f"ALTER ANY {what}" for what in ("EVENT NOTIFICATION", "LINKED", "LOGIN", "SERVER")),
    *(
        f"CREATE {what}"
        for what in ("ANY DATABASE", "ANY EVENT SESSION", "AVAILABILITY", "ENDPOINT", "LOGIN", "SERVER")
    ),
    *("CREATE DDL EVENT", "CREATE TRACE EVENT", "DROP ANY EVENT SESSION", "CONNECT ANY DATABASE", "CONNECT SQL"),
    *("CONTROL SERVER", "EXTERNAL ACCESS", "UNSAFE ASSEMBLY", "IMPERSONATE ANY LOGIN", "SELECT ALL USER", "SHUTDOWN"),
    *("VIEW ANY DATABASE", "VIEW ANY DEFINITION", "VIEW ANY ERROR", "VIEW ANY SECURITY", "VIEW ANY PERFORMANCE"),
    *("VIEW ANY CRYPTOGRAPHICALLY", "VIEW SERVER", "KILL"),
)
"""How the permissions on the server begin (documentation of GRANT Server Permissions)."""
_SERVER_SECURABLES = ("LOGIN", "ENDPOINT", "SERVER ROLE", "AVAILABILITY GROUP")


def _permission(c: Classifier, token: Token) -> bool:
    s = c.s
    statement = c.add(token.key, token)
    s.i += 1
    s.take("GRANT", "OPTION", "FOR")
    _rights(s, statement)
    if s.take("ON"):
        _securable(s, statement)
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


def _rights(s: Stream, statement: Statement) -> None:
    """What is granted or denied, up to ON, TO or FROM. Some rights begin with a word that could begin a statement."""
    phrase: list[str] = []
    while s.key not in ("ON", "TO") and not (s.key == "FROM" and statement.kind == "REVOKE"):
        if s.token.kind == END or s.key == ";":
            raise s.surprise("expected ON or TO")
        if s.key == "(":
            s.group()
        elif s.key == ",":
            s.i += 1
            _note(statement, phrase)
            phrase = []
        else:
            _right_word(s, phrase)
    _note(statement, phrase)


def _right_word(s: Stream, phrase: list[str]) -> None:
    starts = s.key in STARTERS
    known = s.key in _PERMISSION_STARTS if not phrase else (phrase[-1], s.key) in _INSIDE
    if s.token.kind != WORD or (starts and not known):
        raise s.surprise("expected a permission")
    phrase.append(s.key)
    s.i += 1


def _note(statement: Statement, phrase: list[str]) -> None:
    if " ".join(phrase).startswith(_SERVER_WIDE):
        statement.flags.add("server")


def _securable(s: Stream, statement: Statement) -> None:
    if "::" in (s.ahead().key, s.ahead(2).key, s.ahead(3).key):
        words = []
        while s.key != "::":
            words.append(s.key)
            s.skip()
        s.i += 1
        if " ".join(words) in _SERVER_SECURABLES:
            statement.flags.add("server")
    statement.names.append(s.name())
    if s.key == "(":
        s.group()


def add(c: Classifier, token: Token) -> bool:
    """ADD SIGNATURE and ADD SENSITIVITY CLASSIFICATION."""
    s = c.s
    s.i += 1
    if s.take("SENSITIVITY", "CLASSIFICATION"):
        classification(c, token, "TO")
        s.need("WITH")
        s.group()
        s.need_end()
    else:
        signature(c, token, "TO")
    return False


def classification(c: Classifier, token: Token, preposition: str) -> None:
    """The columns behind SENSITIVITY CLASSIFICATION: metadata that no query sees. They are names of columns."""
    c.s.need(preposition)
    c.s.name()
    while c.s.take(","):
        c.s.name()
    c.add(f"{token.key} SENSITIVITY CLASSIFICATION", token)


def signature(c: Classifier, token: Token, preposition: str) -> None:
    """``[COUNTER] SIGNATURE TO class::module BY CERTIFICATE name WITH PASSWORD = '...', ...``"""
    s = c.s
    s.take("COUNTER")
    s.need("SIGNATURE")
    s.need(preposition)
    if s.ahead().key == "::":
        s.i += 2
    signed = s.name()
    s.need("BY")
    while True:
        if s.need("CERTIFICATE", "ASYMMETRIC") == "ASYMMETRIC":
            s.need("KEY")
        s.identifier()
        if s.take("WITH"):
            s.need("PASSWORD", "SIGNATURE")
            s.need("=")
            if s.token.kind != STRING and not s.token.text[:1].isdigit():
                raise s.surprise("expected a password or a signature")
            s.i += 1
        if not s.take(","):
            break
    s.need_end()
    c.add(f"{token.key} SIGNATURE", token).names.append(signed)


STATEMENTS: dict[str, Handler] = {
    "GRANT": _permission,
    "DENY": _permission,
    "REVOKE": _permission,
    "ADD": add,
}
