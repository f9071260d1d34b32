# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns that a query returns, as far as its text says them: those of its outermost SELECT.

Private to the collection. A ``*`` over a derived table, a common table expression, VALUES or OPENJSON stands for
columns that are written in the query; a ``*`` over a table or a view stands for what that has when the query is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .lexer import QUOTED, STRING, VARIABLE, WORD, Token, string_value
from .statements import RESERVED

_DEEPEST = 16
_SET_OPERATORS = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_LIST_ENDS = frozenset({"FROM", "INTO", "WHERE", "GROUP", "HAVING", "ORDER", "OPTION", "FOR", "WINDOW"})
_FROM_ENDS = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "OPTION", "FOR", "WINDOW"})
_FIXED = frozenset(
    """OPENJSON OPENXML STRING_SPLIT GENERATE_SERIES CONTAINSTABLE FREETEXTTABLE SEMANTICKEYPHRASETABLE
    SEMANTICSIMILARITYTABLE SEMANTICSIMILARITYDETAILSTABLE REGEXP_MATCHES REGEXP_SPLIT_TO_TABLE""".split()  # noqa: SIM905
)
"""Functions of the server whose columns do not depend on any table."""


@dataclass
class Item:
    """One item of a SELECT list."""

    tokens: Sequence[Token]
    star: Token | None = None
    of: str = ""
    """The alias before ``.*``, in lower case."""

    @property
    def name(self) -> str:
        """The name of its column in lower case; '' where the text gives none."""
        last = self.tokens[-1]
        first = self.tokens[0]
        if len(self.tokens) > 2 and self.tokens[1].key == "=" and first.kind in (WORD, QUOTED, STRING):
            return string_value(first).lower()
        alone = all(token.kind in (WORD, QUOTED) or token.key == "." for token in self.tokens)
        aliased = len(self.tokens) > 1 and (alone or self.tokens[-2].key in ("AS", ")") or last.kind == QUOTED)
        if last.kind == WORD and last.key in RESERVED:
            return ""
        if last.kind in (WORD, QUOTED) and (alone or aliased):
            return string_value(last).lower()
        if last.kind == STRING and len(self.tokens) > 1 and self.tokens[-2].key == "AS":
            return string_value(last).lower()
        return ""


@dataclass
class _Source:
    alias: str
    fixed: bool
    """Whether its columns are written in the query."""


@dataclass
class Query:
    """A query's outermost SELECT lists, one for each branch of a UNION."""

    branches: list[list[Item]] = field(default_factory=list)
    moving: list[Token] = field(default_factory=list)
    """Each ``*`` that stands for the columns of something outside the query."""
    readable: bool = True

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The names of the columns in lower case; None where the text does not say them."""
        if not self.readable or not self.branches or any(item.star for item in self.branches[0]):
            return None
        names = tuple(item.name for item in self.branches[0])
        return names if all(names) else None


def read_query(tokens: Sequence[Token]) -> Query:
    """The query that these tokens are: from SELECT, WITH or a parenthesis on, also behind RETURN."""
    query = Query()
    words = [token for token in tokens if token.key != ";"]
    if words[:1] and words[0].key == "RETURN":
        words = words[1:]
    query.readable = _query(words, {}, query, 0)
    return query


def _query(tokens: Sequence[Token], known: dict[str, bool], query: Query, depth: int) -> bool:
    """Read into `query`; False where the text cannot be followed. `known` are the common table expressions."""
    if depth > _DEEPEST:
        query.moving += [token for token in tokens if token.key == "*"][:1]
        return False
    if tokens and tokens[0].key == "WITH":
        known, tokens = _ctes(tokens, known, depth)
    readable = bool(tokens)
    for branch in _branches(tokens):
        if branch and branch[0].key == "(":
            readable &= _query(branch[1 : _closing(branch, 0)], known, query, depth + 1)
        elif branch and branch[0].key == "SELECT":
            _select(branch, known, query, depth)
        else:
            readable = False
    return readable


def _ctes(tokens: Sequence[Token], known: dict[str, bool], depth: int) -> tuple[dict[str, bool], Sequence[Token]]:
    """The common table expressions, by name whether their columns are written; and what is behind them."""
    found = dict(known)
    at = 1
    while at < len(tokens) and tokens[at].kind in (WORD, QUOTED):
        name = string_value(tokens[at]).lower()
        at += 1
        listed = at < len(tokens) and tokens[at].key == "("
        if listed:
            at = _closing(tokens, at) + 1
        if at + 1 >= len(tokens) or tokens[at].key != "AS" or tokens[at + 1].key != "(":
            break
        end = _closing(tokens, at + 1)
        found[name] = _is_fixed(tokens[at + 2 : end], {**found, name: True}, depth)
        at = end + 1
        if at >= len(tokens) or tokens[at].key != ",":
            break
        at += 1
    return found, tokens[at:]


def _is_fixed(tokens: Sequence[Token], known: dict[str, bool], depth: int) -> bool:
    """Whether a query's columns are all written in it."""
    if tokens and tokens[0].key == "VALUES":
        return True
    inner = Query()
    return _query(tokens, known, inner, depth + 1) and not inner.moving


def _branches(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for at in outside(tokens):
        if tokens[at].key in _SET_OPERATORS:
            yield tokens[start:at]
            start = at + 1
            if start < len(tokens) and tokens[start].key == "ALL":
                start += 1
    yield tokens[start:]


def _select(tokens: Sequence[Token], known: dict[str, bool], query: Query, depth: int) -> None:
    at = 1
    while at < len(tokens) and tokens[at].key in ("ALL", "DISTINCT"):
        at += 1
    if at < len(tokens) and tokens[at].key == "TOP":
        at = _closing(tokens, at + 1) + 1 if tokens[at + 1 : at + 2] and tokens[at + 1].key == "(" else at + 2
        at += tokens[at : at + 1] != [] and tokens[at].key == "PERCENT"
        at += 2 if [token.key for token in tokens[at : at + 2]] == ["WITH", "TIES"] else 0
    places = [place for place in outside(tokens) if place >= at]
    end = next((place for place in places if tokens[place].key in _LIST_ENDS and not _distinct(tokens, place)), None)
    items = [_item(piece) for piece in _pieces(tokens[at:end]) if piece]
    query.branches.append(items)
    if not any(item.star for item in items):
        return
    start = next((place for place in places if tokens[place].key == "FROM" and not _distinct(tokens, place)), None)
    sources = _sources(tokens[start + 1 :], known, depth) if start is not None else []
    for item in items:
        if item.star is not None and _moves(item, sources):
            query.moving.append(item.star)


def _distinct(tokens: Sequence[Token], at: int) -> bool:
    """Whether this is the FROM of IS DISTINCT FROM."""
    return tokens[at].key == "FROM" and tokens[at - 1].key == "DISTINCT"


def _moves(item: Item, sources: list[_Source]) -> bool:
    meant = [source for source in sources if item.of in ("", source.alias)] or sources
    return not meant or not all(source.fixed for source in meant)


def _item(tokens: Sequence[Token]) -> Item:
    if tokens[-1].key != "*" or (len(tokens) > 1 and tokens[-2].key != "."):
        return Item(tokens)
    return Item(tokens, tokens[-1], string_value(tokens[-3]).lower() if len(tokens) > 2 else "")


def _sources(tokens: Sequence[Token], known: dict[str, bool], depth: int) -> list[_Source]:
    """What stands behind FROM, JOIN, APPLY and the commas between them."""
    found: list[_Source] = []
    expected = True
    end = next((at for at in outside(tokens) if tokens[at].key in _FROM_ENDS), len(tokens))
    at = 0
    while at < end:
        token = tokens[at]
        if expected and token.key == "(":
            closing = _closing(tokens, at)
            inside = tokens[at + 1 : closing]
            if inside and inside[0].key in ("SELECT", "WITH", "VALUES", "("):
                found.append(_Source(_alias(tokens, closing + 1), _is_fixed(inside, known, depth)))
            else:  # joins in parentheses
                found += _sources(inside, known, depth + 1) if depth < _DEEPEST else [_Source("", False)]
            at, expected = closing + 1, False
        elif expected and token.kind in (WORD, QUOTED, VARIABLE):
            source, at = _named(tokens, at, known)
            found.append(source)
            expected = False
        else:
            expected = token.key in (",", "JOIN", "APPLY")
            at = _closing(tokens, at) + 1 if token.key == "(" else at + 1
    return found


def _named(tokens: Sequence[Token], at: int, known: dict[str, bool]) -> tuple[_Source, int]:
    """A table, a view, a function or a common table expression, and the place behind its name and arguments."""
    first = at
    while at + 2 < len(tokens) and tokens[at + 1].key == ".":
        at += 2
    name = string_value(tokens[at]).lower()
    plain = at == first
    at += 1
    called = at < len(tokens) and tokens[at].key == "("
    fixed = plain and (known.get(name, False) or (called and name.upper() in _FIXED))
    if called and fixed:
        at = _closing(tokens, at) + 1
        if [token.key for token in tokens[at : at + 2]] == ["WITH", "("]:
            at = _closing(tokens, at + 1) + 1
    elif called:
        at = _closing(tokens, at) + 1
    return _Source(_alias(tokens, at) or name, fixed), at


def _alias(tokens: Sequence[Token], at: int) -> str:
    if at < len(tokens) and tokens[at].key == "AS":
        at += 1
    if at < len(tokens) and (tokens[at].kind == QUOTED or (tokens[at].kind == WORD and tokens[at].key not in RESERVED)):
        return string_value(tokens[at]).lower()
    return ""


def outside(tokens: Sequence[Token]) -> Iterator[int]:
    """The places outside parentheses."""
    depth = 0
    for at, token in enumerate(tokens):
        depth -= token.key == ")"
        if depth == 0 and token.key != ")":
            yield at
        depth += token.key == "("


def _pieces(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for at in outside(tokens):
        if tokens[at].key == ",":
            yield tokens[start:at]
            start = at + 1
    yield tokens[start:]


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Where the parenthesis that opens here is closed; the end where it is not."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place].key == "(") - (tokens[place].key == ")")
        if depth == 0:
            return place
    return len(tokens)
