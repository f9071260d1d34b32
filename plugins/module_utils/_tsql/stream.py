# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading tokens: single ones, names, groups in parentheses and whole expressions. Private to the collection.

Every token passes through here once; body.py says where a word that begins a statement is passed over. That is what
lets nothing hide.
"""

from __future__ import annotations

from collections.abc import Sequence

from .body import Body, BodyReader, Place
from .lexer import BAD, QUOTED, VARIABLE, WORD, Token, string_value
from .statements import Name
from .words import END, STARTERS, Unrecognised, misplaced


class Stream:
    """Tokens, and a place among them."""

    def __init__(self, tokens: Sequence[Token], length: int) -> None:
        self.n = len(tokens)
        end = Token(END, "", length, length, "")
        self.tokens: list[Token] = [*tokens, end, end, end, end]
        self.i = 0

    # -- single tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.i]

    @property
    def key(self) -> str:
        return self.tokens[self.i].key

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.i + count, self.n)]

    def back(self) -> Token | None:
        return self.tokens[self.i - 1] if self.i else None

    def take(self, *keys: str) -> bool:
        """Pass over these words if they come next, all of them."""
        for offset, key in enumerate(keys):
            if self.tokens[min(self.i + offset, self.n)].key != key:
                return False
        self.i += len(keys)
        return True

    def take_one(self, *keys: str) -> str:
        """Pass over one of these words, and say which one it was."""
        key = self.tokens[self.i].key
        if key and key in keys:
            self.i += 1
            return key
        return ""

    def need(self, *keys: str) -> str:
        key = self.take_one(*keys)
        if not key:
            raise self.surprise(f"expected {' or '.join(keys)}")
        return key

    def surprise(self, expected: str) -> Unrecognised:
        token = self.token
        if token.kind == BAD:
            return Unrecognised(token, misplaced(token))
        found = "the end of the batch" if token.kind == END else f"'{token.text[:40]}'"
        return Unrecognised(token, f"{expected}, found {found}")

    def skip(self) -> None:
        """Pass over a token that carries no meaning here, unless it has no place in T-SQL at all."""
        if self.token.kind == BAD:
            raise Unrecognised(self.token, misplaced(self.token))
        self.i += 1

    def at_end(self) -> bool:
        """Whether a statement can end here."""
        token = self.tokens[self.i]
        return (
            token.kind == END
            or token.key == ";"
            or (token.key in STARTERS and token.kind == WORD)
            or self.trigger_switch()
            or (token.key == "THROW" and token.kind == WORD)
            or (token.kind == WORD and self.ahead().key == ":")
        )

    def trigger_switch(self) -> bool:
        return self.key in ("DISABLE", "ENABLE") and self.ahead().key == "TRIGGER"

    def need_end(self) -> None:
        if not self.at_end():
            raise self.surprise("expected the end of the statement")

    # -- names

    def identifier(self) -> Token:
        token = self.token
        if token.kind == QUOTED or (token.kind == WORD and token.key not in STARTERS):
            self.i += 1
            return token
        raise self.surprise("expected a name")

    def name(self) -> Name:
        """An object's name of up to four parts, of which the ones before the last may be left out (``db..t``)."""
        first = self.token
        parts: list[str] = []
        while self.key == ".":
            parts.append("")
            self.i += 1
        parts.append(string_value(self.identifier()))
        while self.key == ".":
            self.i += 1
            while self.key == ".":
                parts.append("")
                self.i += 1
            parts.append(string_value(self.identifier()))
        if len(parts) > 4:
            raise Unrecognised(first, "a name of more than four parts")
        return Name(tuple(parts), first)

    def target(self) -> Name:
        """What a data modification aims at: a table, a table variable, or a function such as OPENQUERY."""
        token = self.token
        if token.kind == VARIABLE:
            self.i += 1
            return Name((token.text,), token)
        return self.name()

    # -- groups and expressions

    def group(self) -> tuple[int, int]:
        """Pass over ``( ... )``; the indexes of its content."""
        if self.key != "(":
            raise self.surprise("expected (")
        start = self.i + 1
        self.body(Body(), Place(stop_after_group=True))
        return start, self.i - 1

    def body(self, seen: Body, place: Place | None = None) -> Body:
        """Read on to the end of the statement, or over one group."""
        return BodyReader(self, seen, place or Place()).read()
