# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading on to the end of a statement, or over one group in parentheses. Private to the collection.

A word that begins a statement is passed over only in the few places where the grammar gives it another meaning
(``_CONTINUES``). Everywhere else it ends the statement, or, inside parentheses, makes it unrecognised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .lexer import BAD, NUMBER, OP, QUOTED, STRING, VARIABLE, WORD, Token
from .statements import RESERVED, Name
from .words import END, STARTERS, Unrecognised, misplaced

if TYPE_CHECKING:
    from .stream import Stream

_WITH_CONTINUES = frozenset(
    """TIES ROLLUP CUBE CHECK RECOMPILE RESULT NOWAIT LOG SETERROR SCHEMABINDING NOLOCK HOLDLOCK VALUES GRANT
    MARK FULLSCAN""".split()  # noqa: SIM905
)
_JOIN_SIDES = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "OUTER"})
_REMOTE = frozenset({"OPENQUERY", "OPENROWSET", "OPENDATASOURCE"})
_TABLE_FOLLOWS = frozenset({"FROM", "JOIN", "APPLY", "USING"})
_FROM_ENDS = frozenset({"WHERE", "GROUP", "ORDER", "HAVING", "UNION", "EXCEPT", "INTERSECT", "OPTION", "FOR", "WHEN"})
_BEFORE_STAR = frozenset({"SELECT", ",", ".", "DISTINCT", "ALL", "TIES", "PERCENT"})
_MODIFICATIONS = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_BEHIND_FOR_UPDATE = frozenset({"OF", "", ";", "DISABLE", "ENABLE", "THROW"})
_TYPES = frozenset(
    """INT INTEGER INT4 INT8 BIGINT SMALLINT TEXT VARCHAR CHAR NUMERIC DECIMAL REAL FLOAT DOUBLE DATE TIME TIMESTAMP
    TIMESTAMPTZ BOOLEAN BOOL JSON JSONB UUID BYTEA INTERVAL REGCLASS""".split()  # noqa: SIM905
)
_ESCAPES = frozenset({"FN", "D", "T", "TS", "GUID", "OJ", "ESCAPE", "INTERVAL"})
"""ODBC's escapes in braces. ``{call ...}`` is a statement."""
_FROM_INSIDE = frozenset({"TRIM", "EXTRACT"})
"""Functions whose arguments are separated by FROM."""


class Body:
    """What was seen while an expression or the rest of a statement was read."""

    __slots__ = ("dml", "into", "output", "remote", "sources", "stars", "top_from", "where")

    def __init__(self) -> None:
        self.sources: list[Name] = []
        self.into: Name | None = None
        self.remote: list[Token] = []
        self.where: int = -1
        """Index of the WHERE that stands outside all parentheses, the last one before an UNION."""
        self.top_from: bool = False
        self.output: bool = False
        self.dml: list[int] = []
        """Where data modifications stand inside FROM ( ... )."""
        self.stars: list[Token] = []


@dataclass
class Place:
    """What kind of statement is read, where that decides what a word means."""

    stop_after_group: bool = False
    """One group only."""
    merge: bool = False
    """WHEN ... THEN UPDATE SET ... of a MERGE."""
    assign: bool = False
    """An UPDATE whose SET is still to come."""
    options: bool = False
    """WITH and its options belong to the statement."""
    select: bool = False
    """An INTO outside parentheses makes a table."""
    condition: bool = False
    """Of IF or WHILE, behind which THROW may stand."""


class BodyReader:
    """Reads a body token by token. A handler says whether the body ends before its token."""

    def __init__(self, stream: Stream, seen: Body, place: Place) -> None:
        self.stream = stream
        self.tokens = stream.tokens
        self.seen = seen
        self.place = place
        self.at = stream.i
        self.opened: list[Token] = []
        """Parentheses, braces and CASEs that are still open."""
        self.callers: list[str] = [""]
        """By level: the word before the parenthesis."""
        self.in_from: list[bool] = [False]
        """By level of parentheses: whether a comma comes before another table."""

    def read(self) -> Body:
        tokens = self.tokens
        while True:
            token = tokens[self.at]
            kind = token.kind
            if kind == WORD:
                handler = _WORDS.get(token.key)
            elif kind == OP:
                handler = _OPERATORS.get(token.key)
            elif kind == END:
                handler = BodyReader._end_of_batch
            elif kind == BAD:
                raise self.unrecognised(token, misplaced(token))
            else:
                handler = None
            if handler is None:
                self.at += 1
            elif handler(self, token):
                break
        self.stream.i = self.at
        return self.seen

    def unrecognised(self, token: Token, message: str) -> Unrecognised:
        self.stream.i = self.at
        return Unrecognised(token, message)

    # -- operators

    def _open(self, token: Token) -> bool:
        self.callers.append(self._previous())
        self.opened.append(token)
        self.in_from.append(False)
        self.at += 1
        return False

    def _close(self, token: Token) -> bool:
        if not self.opened:
            return True
        if self.opened[-1].key != "(":
            raise self.unrecognised(token, f"{self._inside()} is still open before this parenthesis")
        self._pop()
        self.at += 1
        return self.place.stop_after_group and not self.opened

    def _pop(self) -> None:
        self.opened.pop()
        self.in_from.pop()
        self.callers.pop()

    def _semicolon(self, token: Token) -> bool:
        if self.opened:
            raise self.unrecognised(token, "a parenthesis or CASE is still open at this semicolon")
        return True

    def _comma(self, _token: Token) -> bool:
        if self.in_from[-1]:
            self._source(self.at + 1)
        else:
            self.at += 1
        return False

    def _star(self, token: Token) -> bool:
        previous = self._previous()
        if previous in _BEFORE_STAR or (previous == ")" and _after_top(self.tokens, self.at - 1)):
            self.seen.stars.append(token)
        self.at += 1
        return False

    def _colon(self, _token: Token) -> bool:
        if self.opened:
            self.at += 1
            return False
        if self.at > self.stream.i and self.tokens[self.at - 1].kind == WORD:
            self.at -= 1  # a label: the statement ends before it
        return True

    def _brace(self, token: Token) -> bool:
        """``{d '2024-05-01'}``, ``{fn TRUNCATE(1.5, 0)}``, ``{escape '!'}``, ``{oj a LEFT OUTER JOIN b ON ...}``."""
        word = self.tokens[self.at + 1].key
        if word not in _ESCAPES:
            raise self.unrecognised(
                token, "no ODBC escape of T-SQL begins so: known are fn, d, t, ts, guid, oj, escape, interval and call"
            )
        self._open(token)
        self.at += 1
        if word == "OJ":
            self.in_from[-1] = True
            self._source(self.at)
        elif word == "FN" and self.tokens[self.at + 1].key == "(":
            self.at += 1  # TRUNCATE and INSERT are functions here
        return False

    def _close_brace(self, token: Token) -> bool:
        if not self.opened or self.opened[-1].key != "{":
            raise self.unrecognised(token, "this brace closes nothing")
        self._pop()
        self.at += 1
        return False

    def _end_of_batch(self, _token: Token) -> bool:
        if self.opened:
            raise self.unrecognised(self.opened[-1], "this is still open at the end of the batch")
        return True

    # -- words

    def _previous(self) -> str:
        return self.tokens[self.at - 1].key if self.at else ""

    def _throw(self, _token: Token) -> bool:
        if self.place.condition and not self.opened and self.at > self.stream.i:
            return True
        self.at += 1
        return False

    def _table(self, token: Token) -> bool:
        if token.key == "FROM":
            if self._previous() == "DISTINCT" or (self.opened and self.callers[-1] in _FROM_INSIDE):
                self.at += 1  # IS DISTINCT FROM, TRIM (x FROM y)
                return False
            self.seen.top_from = self.seen.top_from or not self.opened
        self.in_from[-1] = token.key != "USING"
        self._source(self.at + 1)
        return False

    def _source(self, at: int) -> None:
        """The table behind FROM, JOIN, APPLY or a comma: note its name, and go behind it."""
        token = self.tokens[at]
        self.at = at
        if token.kind in (WORD, QUOTED) and token.key not in STARTERS and token.key not in _REMOTE:
            self.stream.i = at
            name = self.stream.name()
            self.at = self.stream.i
            if not (self.stream.key == "(" and name.base.lower() == "nodes"):
                self.seen.sources.append(name)

    def _from_ends(self, token: Token) -> bool:
        self.in_from[-1] = False
        if token.key == "WHERE" and not self.opened:
            self.seen.where = self.at
        self.at += 1
        return False

    def _case(self, token: Token) -> bool:
        return self._open(token)

    def _else_or_end(self, token: Token) -> bool:
        if not self.opened or self.opened[-1].key != "CASE":
            return self._stop(token)
        if token.key == "END":
            self._pop()
        self.at += 1
        return False

    def _into(self, _token: Token) -> bool:
        self.at += 1
        seen = self.seen
        variable = self.tokens[self.at].kind == VARIABLE
        if self.place.select and not self.opened and seen.into is None and not variable and not seen.output:
            self.stream.i = self.at
            seen.into = self.stream.name()
            self.at = self.stream.i
            if self.stream.key in ("(", "VALUES"):
                raise self.unrecognised(self.stream.token, "SELECT INTO has no list of columns or values in T-SQL")
        return False

    def _output(self, _token: Token) -> bool:
        self.seen.output = True
        self.at += 1
        return False

    def _remote(self, token: Token) -> bool:
        if not (self.tokens[self.at + 1].key == "(" and self.tokens[self.at + 2].key == "BULK"):
            self.seen.remote.append(token)
        self.at += 1
        return False

    def _switch(self, token: Token) -> bool:
        if self.stream.tokens[min(self.at + 1, self.stream.n)].key == "TRIGGER":
            return self._stop(token)
        self.at += 1
        return False

    def _starter(self, token: Token) -> bool:
        key = token.key
        continues = _CONTINUES.get(key)
        if continues is not None and continues(self):
            self.at += 1
        elif key == "SET" and self.place.assign and not self.opened:
            self.place.assign = False
            self.in_from[-1] = False
            self.at += 1
        elif self.opened and key in _MODIFICATIONS and _composable(self.tokens, self.at):
            self._composed(key)
        else:
            return self._stop(token)
        return False

    def _composed(self, key: str) -> None:
        """``FROM ( UPDATE ...``: a data modification whose OUTPUT is read."""
        self.seen.dml.append(self.at)
        self.place.merge = self.place.merge or key == "MERGE"
        self.at += 1
        if key == "UPDATE":
            while self.at < self.stream.n and self.tokens[self.at].key not in ("SET", "(", ")", ";"):
                self.at += 1
            self.at += self.tokens[self.at].key == "SET"

    def _foreign(self, token: Token) -> bool:
        """A word that another dialect gives a meaning where T-SQL has none. Elsewhere it is a name."""
        previous, following = self.tokens[self.at - 1] if self.at else token, self.tokens[self.at + 1]
        if _ends_operand(previous) and _FOREIGN[token.key](self, previous, following):
            raise self.unrecognised(token, f"{token.text.upper()} {following.text[:20].upper()} is not T-SQL")
        self.at += 1
        return False

    def _limit(self, _previous: Token, following: Token) -> bool:
        return following.kind in (NUMBER, VARIABLE) or following.key == "ALL"

    def _returning(self, _previous: Token, following: Token) -> bool:
        name = following.kind == QUOTED or (following.kind == WORD and following.key not in RESERVED)
        return not self.opened and (name or following.key == "*")

    def _ilike(self, _previous: Token, following: Token) -> bool:
        return following.kind in (STRING, VARIABLE)

    def _do(self, previous: Token, following: Token) -> bool:
        return previous.key in (")", "CONFLICT") and following.key in ("NOTHING", "UPDATE")

    def _broker(self, _previous: Token, following: Token) -> bool:
        return following.key in ("TOP", "*", "CONVERSATION") or (
            following.key == "ON" and self.tokens[self.at + 2].key == "CONVERSATION"
        )

    def _cast(self, token: Token) -> bool:
        """``type::Method()`` is T-SQL, ``value::type`` is not."""
        if self.tokens[self.at + 1].key in _TYPES:
            raise self.unrecognised(token, "a cast by :: is not T-SQL; CAST (value AS type) is")
        self.at += 1
        return False

    def _stop(self, token: Token) -> bool:
        """A word that begins a statement: it ends the one that is read."""
        if self.opened:
            raise self.unrecognised(token, f"{token.text.upper()} inside {self._inside()}")
        return True

    def _inside(self) -> str:
        return {"CASE": "a CASE", "{": "a brace"}.get(self.opened[-1].key, "a parenthesis")

    # -- where a word that could begin a statement goes on with the present one

    def _following(self) -> str:
        return self.tokens[self.at + 1].key

    def _select_continues(self) -> bool:
        previous = self._previous()
        return (
            bool(self.opened)
            or previous in ("UNION", "EXCEPT", "INTERSECT")
            or (previous == "ALL" and self.tokens[self.at - 2].key == "UNION")
        )

    def _with_continues(self) -> bool:
        following = self._following()
        return (
            self.place.options
            or following == "("
            or following in _WITH_CONTINUES
            or (bool(self.opened) and self._previous() == "(")
        )

    def _merge_continues(self) -> bool:
        if self._following() == "JOIN":
            return self._previous() in _JOIN_SIDES or bool(self.opened)
        return bool(self.opened) and self._following() == "UNION"

    def _fetch_continues(self) -> bool:
        return self._previous() in ("ROW", "ROWS")

    def _update_continues(self) -> bool:
        previous, following = self._previous(), self._following()
        if following == "(":
            return True
        if previous == "FOR":
            return following in _BEHIND_FOR_UPDATE or following in STARTERS
        return self.place.merge and previous == "THEN"

    def _then_continues(self) -> bool:
        return self.place.merge and self._previous() == "THEN"

    def _set_continues(self) -> bool:
        return self.place.merge and self._previous() == "UPDATE"

    def _use_continues(self) -> bool:
        return bool(self.opened) and self._following() in ("HINT", "PLAN")

    def _bulk_continues(self) -> bool:
        return (
            bool(self.opened)
            and self._previous() == "("
            and self.at > 1
            and self.tokens[self.at - 2].key == "OPENROWSET"
        )


_FOREIGN: dict[str, Callable[[BodyReader, Token, Token], bool]] = {
    "LIMIT": BodyReader._limit,
    "RETURNING": BodyReader._returning,
    "ILIKE": BodyReader._ilike,
    "DO": BodyReader._do,
    **dict.fromkeys(("RECEIVE", "SEND", "MOVE"), BodyReader._broker),
}
"""Words of other dialects, and of Service Broker, which lint does not know."""

_Handler = Callable[[BodyReader, Token], bool]

_OPERATORS: dict[str, _Handler] = {
    "(": BodyReader._open,
    ")": BodyReader._close,
    ";": BodyReader._semicolon,
    ",": BodyReader._comma,
    "*": BodyReader._star,
    ":": BodyReader._colon,
    "{": BodyReader._brace,
    "}": BodyReader._close_brace,
    "::": BodyReader._cast,
}
_WORDS: dict[str, _Handler] = {
    **dict.fromkeys(STARTERS, BodyReader._starter),
    **dict.fromkeys(_TABLE_FOLLOWS, BodyReader._table),
    **dict.fromkeys(_FROM_ENDS, BodyReader._from_ends),
    **dict.fromkeys(_REMOTE, BodyReader._remote),
    "CASE": BodyReader._case,
    "ELSE": BodyReader._else_or_end,
    "END": BodyReader._else_or_end,
    "INTO": BodyReader._into,
    "OUTPUT": BodyReader._output,
    "DISABLE": BodyReader._switch,
    "ENABLE": BodyReader._switch,
    "THROW": BodyReader._throw,
    **dict.fromkeys(_FOREIGN, BodyReader._foreign),
}
_CONTINUES: dict[str, Callable[[BodyReader], bool]] = {
    "SELECT": BodyReader._select_continues,
    "WITH": BodyReader._with_continues,
    "MERGE": BodyReader._merge_continues,
    "FETCH": BodyReader._fetch_continues,
    "UPDATE": BodyReader._update_continues,
    "INSERT": BodyReader._then_continues,
    "DELETE": BodyReader._then_continues,
    "SET": BodyReader._set_continues,
    "USE": BodyReader._use_continues,
    "BULK": BodyReader._bulk_continues,
}


def _ends_operand(token: Token) -> bool:
    """Whether a value, a name or a group ends with this token, so that an operator or a clause has to follow."""
    if token.kind == WORD:
        return token.key not in RESERVED or token.key == "NULL"
    return token.kind in (STRING, NUMBER, VARIABLE, QUOTED) or token.key in (")", "*")


def _after_top(tokens: Sequence[Token], close: int) -> bool:
    """Whether the parenthesis that closes here belongs to TOP ( ... ). Looks back a few tokens only."""
    for back in range(close - 1, max(close - 8, 0), -1):
        if tokens[back].key == "(":
            return tokens[back - 1].key == "TOP"
    return False


def _composable(tokens: Sequence[Token], i: int) -> bool:
    """``FROM ( UPDATE ...``: a data modification whose OUTPUT is read."""
    return i > 1 and tokens[i - 1].key == "(" and tokens[i - 2].key in ("FROM", "JOIN", "APPLY", ",")
