# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading tokens: single ones, names, groups in parentheses and whole expressions. Private to the collection.

Every token passes through here once, and a word that begins a statement (DROP, ALTER, EXEC, ...) is passed over only in
the few places where the grammar gives it another meaning. Everywhere else it ends the statement that is being read, or,
inside parentheses, makes it unrecognised. That is what lets nothing hide.
"""

from __future__ import annotations

from collections.abc import Sequence

from .lexer import BAD, OP, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from .statements import Name

END = 0
"""The kind of the token behind the last one."""

STARTERS = frozenset(
    """SELECT INSERT UPDATE DELETE MERGE CREATE ALTER DROP TRUNCATE EXEC EXECUTE DECLARE SET IF WHILE BEGIN
    PRINT RAISERROR RETURN GRANT DENY REVOKE USE BACKUP RESTORE DBCC WAITFOR GOTO BREAK CONTINUE COMMIT ROLLBACK
    SAVE OPEN CLOSE FETCH DEALLOCATE KILL CHECKPOINT RECONFIGURE SHUTDOWN BULK READTEXT WRITETEXT UPDATETEXT
    SETUSER REVERT ADD LINENO DUMP LOAD WITH END ELSE""".split()  # noqa: SIM905
)
"""Reserved words that can begin a statement, and WITH, END and ELSE, which can end one."""

_WITH_CONTINUES = frozenset(
    """TIES ROLLUP CUBE CHECK RECOMPILE RESULT NOWAIT LOG SETERROR SCHEMABINDING NOLOCK HOLDLOCK VALUES GRANT
    MARK FULLSCAN""".split()  # noqa: SIM905
)
_JOIN_SIDES = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "OUTER"})
_REMOTE = frozenset({"OPENQUERY", "OPENROWSET", "OPENDATASOURCE"})
_TABLE_FOLLOWS = frozenset({"FROM", "JOIN", "APPLY", "USING"})
_FROM_ENDS = frozenset({"WHERE", "GROUP", "ORDER", "HAVING", "UNION", "EXCEPT", "INTERSECT", "OPTION", "FOR", "WHEN"})
_INTEREST = STARTERS | _REMOTE | _TABLE_FOLLOWS | _FROM_ENDS | {"CASE", "INTO", "DISABLE", "ENABLE", "SELECT", "OUTPUT"}
_ESCAPES = frozenset({"FN", "D", "T", "TS", "GUID", "OJ"})


class Unrecognised(Exception):  # not an error: the classifier answers it with an UNKNOWN statement
    """No shape fits from this token on."""

    def __init__(self, token: Token, message: str) -> None:
        super().__init__(message)
        self.token = token
        self.message = message


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

    def group(self, definitions: bool = False) -> tuple[int, int]:
        """Pass over ``( ... )``; the indexes of its content."""
        if self.key != "(":
            raise self.surprise("expected (")
        start = self.i + 1
        self.body(Body(), stop_after_group=True, definitions=definitions)
        return start, self.i - 1

    def body(
        self,
        seen: Body,
        *,
        stop_after_group: bool = False,
        definitions: bool = False,
        merge: bool = False,
        assign: bool = False,
        options: bool = False,
        select: bool = False,
        condition: bool = False,
    ) -> Body:
        """Read on to the end of the statement, or over one group.

        definitions: column definitions, where ON DELETE SET NULL may stand. merge: WHEN ... THEN UPDATE SET ... of a MERGE.
        assign: an UPDATE whose SET is still to come. options: WITH and its options belong to the statement.
        select: an INTO outside parentheses makes a table. condition: of IF or WHILE, behind which THROW may stand.
        """
        tokens = self.tokens
        i = self.i
        opened: list[Token] = []
        in_from: list[bool] = [False]
        while True:
            token = tokens[i]
            kind = token.kind
            key = token.key
            if kind == OP:
                if key == "(":
                    opened.append(token)
                    in_from.append(False)
                elif key == ")":
                    if not opened:
                        break
                    if opened[-1].key != "(":
                        self.i = i
                        raise Unrecognised(token, "a CASE has no END before this parenthesis")
                    opened.pop()
                    in_from.pop()
                    if stop_after_group and not opened:
                        i += 1
                        break
                elif key == ";":
                    if opened:
                        self.i = i
                        raise Unrecognised(token, "a parenthesis or CASE is still open at this semicolon")
                    break
                elif key == ",":
                    if in_from[-1]:
                        i = self._source(i + 1, seen)
                        continue
                elif key == "*":
                    previous = tokens[i - 1].key if i else ""
                    if previous in ("SELECT", ",", ".", "DISTINCT", "ALL", "TIES", "PERCENT") or (
                        previous == ")" and _after_top(tokens, i - 1)
                    ):
                        seen.stars.append(token)
                elif key == ":" and not opened:
                    if i > self.i and tokens[i - 1].kind == WORD:
                        i -= 1  # a label: the statement ends before it
                    break
                elif key == "{" and tokens[i + 1].key not in _ESCAPES:
                    self.i = i
                    raise Unrecognised(token, "an ODBC escape that is no literal and no function")
                i += 1
                continue
            if kind == WORD:
                if key not in _INTEREST:
                    if key == "THROW" and condition and not opened and i > self.i:
                        break
                    i += 1
                    continue
                if key in _TABLE_FOLLOWS:
                    if key == "FROM" and not opened:
                        seen.top_from = True
                    in_from[-1] = key != "USING"
                    i = self._source(i + 1, seen)
                    continue
                if key in _FROM_ENDS:
                    in_from[-1] = False
                    if key == "WHERE" and not opened:
                        seen.where = i
                    i += 1
                    continue
                if key == "CASE":
                    opened.append(token)
                    in_from.append(False)
                    i += 1
                    continue
                if key in ("ELSE", "END") and opened and opened[-1].key == "CASE":
                    if key == "END":
                        opened.pop()
                        in_from.pop()
                    i += 1
                    continue
                if key == "INTO":
                    if (
                        select
                        and not opened
                        and seen.into is None
                        and tokens[i + 1].kind != VARIABLE
                        and not seen.output
                    ):
                        self.i = i + 1
                        seen.into = self.name()
                        i = self.i
                    else:
                        i += 1
                    continue
                if key == "OUTPUT":
                    seen.output = True
                    i += 1
                    continue
                if key in _REMOTE:
                    if not (tokens[i + 1].key == "(" and tokens[i + 2].key == "BULK"):
                        seen.remote.append(token)
                    i += 1
                    continue
                if key in ("DISABLE", "ENABLE"):
                    if tokens[min(i + 1, self.n)].key != "TRIGGER":
                        i += 1
                        continue
                elif self._continues(i, bool(opened), definitions, merge, options):
                    i += 1
                    continue
                elif key == "SET" and assign and not opened:
                    assign = False
                    in_from[-1] = False
                    i += 1
                    continue
                elif opened and key in ("INSERT", "UPDATE", "DELETE", "MERGE") and _composable(tokens, i):
                    seen.dml.append(i)
                    merge = merge or key == "MERGE"
                    assign_inside = key == "UPDATE"
                    i += 1
                    if assign_inside:
                        i = self._over_set(i)
                    continue
                if opened:
                    self.i = i
                    where = "a CASE" if opened[-1].key == "CASE" else "a parenthesis"
                    raise Unrecognised(token, f"{token.text.upper()} inside {where}")
                break
            if kind == END:
                if opened:
                    self.i = i
                    raise Unrecognised(opened[-1], "this is still open at the end of the batch")
                break
            if kind == BAD:
                self.i = i
                raise Unrecognised(token, misplaced(token))
            i += 1
        self.i = i
        return seen

    def _over_set(self, i: int) -> int:
        """Behind the SET of an UPDATE that stands inside FROM ( ... )."""
        while i < self.n and self.tokens[i].key not in ("SET", "(", ")", ";"):
            i += 1
        return i + 1 if self.tokens[i].key == "SET" else i

    def _continues(self, i: int, inside: bool, definitions: bool, merge: bool, options: bool) -> bool:
        """Whether a word that could begin a statement goes on with the present one."""
        tokens = self.tokens
        key = tokens[i].key
        previous = tokens[i - 1].key if i else ""
        following = tokens[i + 1].key
        if key == "SELECT":
            return (
                inside
                or previous in ("UNION", "EXCEPT", "INTERSECT")
                or (previous == "ALL" and tokens[i - 2].key == "UNION")
            )
        if key == "WITH":
            return options or following == "(" or following in _WITH_CONTINUES or (inside and previous == "(")
        if key == "MERGE":
            if following == "JOIN":
                return previous in _JOIN_SIDES or inside
            return inside and following == "UNION"
        if key == "FETCH":
            return previous in ("ROW", "ROWS")
        if key == "UPDATE":
            if following == "(":
                return True
            if previous == "FOR":
                return following in ("OF", "", ";") or following in STARTERS
            if definitions and previous == "ON":
                return True
            return merge and previous == "THEN"
        if key in ("INSERT", "DELETE"):
            return (merge and previous == "THEN") or (definitions and key == "DELETE" and previous == "ON")
        if key == "SET":
            if definitions and previous in ("DELETE", "UPDATE"):
                return following in ("NULL", "DEFAULT")
            return merge and previous == "UPDATE"
        if key == "USE":
            return inside and following in ("HINT", "PLAN")
        if key == "BULK":
            return inside and previous == "(" and i > 1 and tokens[i - 2].key == "OPENROWSET"
        return False

    def _source(self, i: int, seen: Body) -> int:
        """The table behind FROM, JOIN, APPLY or a comma: note its name, and go behind it."""
        token = self.tokens[i]
        if token.kind in (WORD, QUOTED) and token.key not in STARTERS and token.key not in _REMOTE:
            self.i = i
            name = self.name()
            if self.key == "(" and name.base.lower() == "nodes":
                return self.i
            seen.sources.append(name)
            return self.i
        return i


def _after_top(tokens: Sequence[Token], close: int) -> bool:
    """Whether the parenthesis that closes here belongs to TOP ( ... ). Looks back a few tokens only."""
    for back in range(close - 1, max(close - 8, 0), -1):
        if tokens[back].key == "(":
            return tokens[back - 1].key == "TOP"
    return False


def _composable(tokens: Sequence[Token], i: int) -> bool:
    """``FROM ( UPDATE ...``: a data modification whose OUTPUT is read."""
    return i > 1 and tokens[i - 1].key == "(" and tokens[i - 2].key in ("FROM", "JOIN", "APPLY", ",")


def spell(tokens: Sequence[Token]) -> str:
    """Tokens in one spelling, to compare conditions by."""
    return " ".join(
        token.key or (string_value(token).upper() if token.kind in (QUOTED, STRING) else token.text.upper())
        for token in tokens
    )


def misplaced(token: Token) -> str:
    """What is wrong with a token of kind BAD."""
    if token.text.upper() == "GO":
        return "GO stands alone on its line, with nothing but a count or a -- comment behind it"
    return f"the character {token.text[:1]!r} has no place here"
