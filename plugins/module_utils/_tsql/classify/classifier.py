# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all statements of a batch share: the place that is read, blocks and conditions, what was found.

Private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..body import Body
from ..lexer import NUMBER, WORD, Token
from ..statements import Action, Guard, Module, Name, Statement
from ..stream import Stream
from ..words import END, STARTERS, Unrecognised


def capped(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """The outermost and the innermost conditions: nesting of any depth costs the same."""
    return guards if len(guards) <= 24 else guards[:8] + guards[-16:]


class Classifier:
    """Reads one batch. ``module`` is set while the body of a procedure, view, function or trigger is read."""

    def __init__(self, tokens: Sequence[Token], length: int) -> None:
        self.s = Stream(tokens, length)
        self.found: list[Statement] = []
        self.module: Module | None = None
        self.blocks: list[tuple[str, tuple[Guard, ...]]] = []
        self.pending: tuple[Guard, ...] = ()
        self.last_if: list[Guard] = []
        self.guard_count = 0
        self.ctes: frozenset[str] = frozenset()
        self.start = 0
        self.cte_sources: list[Name] = []
        self.cte_stars: list[Token] = []

    def run(self, read: Callable[[Classifier], bool]) -> list[Statement]:
        s = self.s
        while s.token.kind != END:
            if s.key == ";":
                s.i += 1
                continue
            start = self.start = s.i
            count = len(self.found)
            try:
                control = read(self)
            except Unrecognised as surprise:
                control = False
                self.unknown(surprise.token, surprise.message)
                self.resync(start)
            for statement in self.found[count:]:
                if not statement.last:
                    statement.last = s.i
            if not control:
                self.pending = ()
        if self.blocks:
            token = s.back()
            if token is not None:
                self.unknown(token, f"{len(self.blocks)} BEGIN without END at the end of the batch")
        return self.found

    def unknown(self, token: Token, message: str) -> None:
        statement = self.add("UNKNOWN", token)
        statement.message = message

    def resync(self, start: int) -> None:
        s = self.s
        if s.i == start:
            s.i += 1
        while s.token.kind != END and s.key != ";":
            if s.trigger_switch():
                return
            # WITH ( ... ) is options of what was not recognised
            if s.token.kind == WORD and s.key in STARTERS and not (s.key == "WITH" and s.ahead().key == "("):
                return
            s.i += 1

    def add(self, kind: str, token: Token) -> Statement:
        guards: tuple[Guard, ...] = self.blocks[-1][1] if self.blocks else ()
        if self.pending:
            guards = capped(guards + self.pending)
        statement = Statement(kind, token, guards=guards, module=self.module, first=self.start)
        self.found.append(statement)
        return statement

    def select_in_parentheses(self) -> bool:
        i = self.s.i
        while self.s.tokens[i].key == "(":
            i += 1
        return self.s.tokens[i].key in ("SELECT", "WITH")

    def finish(self, statement: Statement, body: Body) -> None:
        """Take over what was seen in a statement's body."""
        statement.sources.extend(name for name in body.sources if name.base.lower() not in self.ctes or name.schema)
        if body.into is not None:
            statement.names.append(body.into)
            statement.flags.add("into")
        if body.remote:
            statement.flags.add("remote")
        if body.where >= 0:
            statement.options["where"] = str(body.where)
        if body.top_from:
            statement.flags.add("from")
        if body.stars:
            statement.options["stars"] = str(body.stars[0].start)
            statement.actions.extend(Action("STAR", star) for star in body.stars)
        for at in body.dml:
            inner = Statement(
                self.s.tokens[at].key, self.s.tokens[at], guards=statement.guards, module=self.module, first=at
            )
            inner.flags.add("composed")
            inner.last = self.s.i
            self.found.append(inner)
            i = at + 1
            while self.s.tokens[i].key in ("FROM", "INTO", "TOP", "(", ")") or self.s.tokens[i].kind == NUMBER:
                i += 1
            back, self.s.i = self.s.i, i
            try:
                inner.names.append(self.s.target())
            finally:
                self.s.i = back


Handler = Callable[[Classifier, Token], bool]
"""Reads one statement from its first word on; True when it only controls the ones that follow."""
