# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a batch, one shape for each kind that is known; whatever fits none is an UNKNOWN statement.

Private to the collection. Each file reads one family of statements, found by its first word. Statements need no
separators in T-SQL, so a statement ends where the next word that can begin one stands. There is no recursion in here:
nesting of any depth is kept on lists.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..body import Body
from ..lexer import BAD, QUOTED, WORD, Token
from ..statements import Statement
from ..words import STARTERS, Unrecognised, misplaced
from . import alter, control, create, data, drop, execute, permissions, session
from .classifier import Classifier, Handler
from .modules import trigger_switch
from .unread import refuse_word

STATEMENTS: dict[str, Handler] = {
    **control.STATEMENTS,
    **session.STATEMENTS,
    **data.STATEMENTS,
    **execute.STATEMENTS,
    **create.STATEMENTS,
    **alter.STATEMENTS,
    **drop.STATEMENTS,
    **permissions.STATEMENTS,
}
"""By first word."""


def classify(tokens: Sequence[Token], length: int) -> list[Statement]:
    """The statements of one batch. ``length`` is where the text ends, for what is missing there."""
    return Classifier(tokens, length).run(_statement)


def _statement(c: Classifier) -> bool:
    """Read one statement; True when it only controls the ones that follow."""
    s = c.s
    token = s.token
    if token.kind == WORD:
        refuse_word(s)
    handler = STATEMENTS.get(token.key) if token.kind == WORD else None
    if handler is not None:
        return handler(c, token)
    if token.kind == WORD and s.trigger_switch():
        return trigger_switch(c, token)
    if token.kind == WORD and s.ahead().key == ":" and token.key not in STARTERS:
        c.add("LABEL", token)
        s.i += 2
        return True
    return _without_keyword(c, token)


def _without_keyword(c: Classifier, token: Token) -> bool:
    """THROW, which is not a reserved word, a SELECT in parentheses, or a call without EXEC."""
    s = c.s
    if token.kind == WORD and token.key == "THROW":
        c.add("THROW", token)
        s.i += 1
        s.body(Body())
    elif token.key == "(":
        data.select_in_parentheses(c, token)
    elif token.key == "{" and s.ahead().key == "CALL":
        execute.odbc_call(c, token)
    elif s.i == 0 and token.kind in (WORD, QUOTED) and token.key not in STARTERS:
        execute.bare_call(c, token)
    elif token.kind == BAD:
        raise Unrecognised(token, misplaced(token))
    else:
        raise Unrecognised(token, f"no statement begins with '{token.text[:40]}'")
    return False
