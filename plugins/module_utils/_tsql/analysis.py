# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script as the rules see it: its statements, and those inside its literal EXEC strings.

Private to the collection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from .._scripts.header import Header, read_header
from .._scripts.sqlcmd import DIRECTIVE
from .classify import classify
from .lexer import (
    QUOTED,
    STRING,
    VARIABLE,
    WORD,
    Lines,
    Scan,
    ScriptError,
    Token,
    scan,
    string_readings,
)
from .statements import HOLE, Guard, Module, Statement
from .words import STARTERS

_SQL_TAKING = frozenset({"sp_executesql"})


@dataclass
class Unit:
    """A statement and where it came from."""

    statement: Statement
    text: str
    """The text that its offsets count in: the file's, or that of a string."""
    tokens: Sequence[Token]
    locate: Callable[[int], int]
    """From an offset in ``text`` to one in the file."""
    root: int
    """Number of the statement of the file that holds it."""
    batch: int
    guards: tuple[Guard, ...]
    jumps: bool
    """Whether a GOTO, RETURN or BREAK of its batch may have passed over something."""
    number: int = 0
    """Its place among the script's units."""
    in_string: bool = False
    dynamic: bool = False
    """Whether it is in a string of which parts are not known."""

    @property
    def source(self) -> str:
        """The statement as it is written."""
        tokens = self.tokens[self.statement.first : self.statement.last]
        if not tokens:
            return ""
        return self.text[tokens[0].start : tokens[-1].end]

    @property
    def module(self) -> Module | None:
        """The module in whose body the statement stands; None for the statement that creates it."""
        module = self.statement.module
        return None if module is None or module.statement is self.statement else module

    def words(self) -> Sequence[Token]:
        return self.tokens[self.statement.first : self.statement.last]


@dataclass
class Trouble:
    """SQL that cannot be read: an EXEC of something that is put together at run time, or text that does not lex."""

    message: str
    offset: int
    """In the file."""
    dynamic: bool = False
    """Whether its text is not in the script; otherwise the text is there and cannot be read."""


@dataclass
class Script:
    """One file."""

    file: str
    text: str
    lines: Lines
    scan: Scan
    units: list[Unit] = field(default_factory=list)
    header: Header = field(default_factory=Header)
    batches: int = 0
    troubles: dict[int, list[Trouble]] = field(default_factory=dict)
    """By number of the unit that they belong to."""
    failure: ScriptError | None = None
    framed: frozenset[int] | None = None
    """Units that are the transactions of Entity Framework Core, once somebody asked (rules/scripts.py)."""

    @property
    def no_transaction(self) -> bool:
        return self.header.no_transaction

    def body(self, unit: Unit) -> list[Unit]:
        """The statements in the body of the module that this unit creates."""
        found = []
        for one in islice(self.units, unit.number + 1, None):
            if one.statement.module is None or one.statement.module.statement is not unit.statement:
                break
            found.append(one)
        return found


def read_script(file: str, text: str) -> Script:
    """Read a whole file. A text that does not lex gives a script with ``failure`` and no units."""
    lines = Lines(text)
    try:
        found = scan(text)
    except ScriptError as error:
        return Script(file, text, lines, Scan(text), failure=error)
    script = Script(file, text, lines, found, header=read_header(found, lines)[0])
    cuts = [separator.index for separator in found.separators] + [len(found.tokens)]
    start = 0
    root = 0
    for number, cut in enumerate(cuts):
        tokens = _without_directives(found, found.tokens[start:cut])
        end = found.separators[number].start if number < len(found.separators) else len(text)
        start = cut
        if not tokens:
            continue
        script.batches += 1
        root = _Expansion(script, script.batches).top(tokens, text, end, root)
    return script


def _without_directives(found: Scan, tokens: list[Token]) -> list[Token]:
    """The tokens but for those on lines that are sqlcmd's; the linter reports such a line as a whole."""
    if not found.directives:
        return tokens
    spans: list[tuple[int, int]] = []
    for mark in found.directives:
        hit = DIRECTIVE.match(found.text, mark.start)
        if hit:
            end = found.text.find("\n", mark.start)
            spans.append((mark.start, end if end >= 0 else len(found.text)))
    if not spans:
        return tokens
    kept: list[Token] = []
    at = 0
    for token in tokens:
        while at < len(spans) and spans[at][1] <= token.start:
            at += 1
        if at == len(spans) or token.start < spans[at][0]:
            kept.append(token)
    return kept


def _same(offset: int) -> int:
    return offset


class _Expansion:
    """One batch, and the strings in it that it executes."""

    def __init__(self, script: Script, batch: int) -> None:
        self.script = script
        self.batch = batch
        self.count = 0

    def top(self, tokens: Sequence[Token], text: str, end: int, root: int) -> int:
        statements = classify(tokens, end)
        jumps = _jumps(statements)
        variables = Variables(tokens)
        for statement in statements:
            unit = Unit(statement, text, tokens, _same, root, self.batch, statement.guards, jumps)
            self.add(unit, variables, 0)
            root += 1
        return root

    def add(self, unit: Unit, variables: Variables, depth: int) -> None:
        number = unit.number = len(self.script.units)
        self.script.units.append(unit)
        statement = unit.statement
        if statement.kind != "EXEC":
            return
        pieces: list[Token] | None = None
        if statement.nested:
            pieces = statement.nested[0].pieces
            if "expression" in statement.flags:
                self.dynamic(number, unit, statement.token, "EXEC ( ) of an expression that is not a plain string")
        elif statement.name is not None and statement.name.base.lower() in _SQL_TAKING:
            if not statement.args:
                self.dynamic(number, unit, statement.token, "sp_executesql with no statement")
                return
            chosen = [one for one in statement.args if one.name in ("@stmt", "@statement")] or statement.args[:1]
            pieces = [argument.token for argument in chosen[:1]]
            if "concatenated" in statement.flags:
                self.dynamic(number, unit, statement.token, "sp_executesql of a concatenation")
        if pieces is None:
            return
        self.expand(number, unit, pieces, variables, depth)

    def dynamic(self, number: int, unit: Unit, token: Token, message: str) -> None:
        trouble = Trouble(message, unit.locate(token.start), dynamic=True)
        self.script.troubles.setdefault(number, []).append(trouble)

    def expand(self, number: int, unit: Unit, pieces: list[Token], variables: Variables, depth: int) -> None:
        if not any(piece.kind in (STRING, QUOTED) for piece in pieces):
            what = pieces[0].text if pieces else "nothing"
            self.dynamic(number, unit, unit.statement.token, f"EXEC of {what}, whose text is not in the script")
            return
        if depth > 40:
            self.dynamic(number, unit, unit.statement.token, "EXEC strings inside EXEC strings, more than 40 deep")
            return
        readings = [string_readings(piece) if piece.kind in (STRING, QUOTED) else [""] for piece in pieces]
        for variant in range(max(len(reading) for reading in readings)):
            parts: list[tuple[int, Token | None]] = []
            text = ""
            unknown = False
            lookup = ""
            chunks: list[str] = []
            length = 0
            for piece, reading in zip(pieces, readings):
                if piece.kind == VARIABLE:
                    source = variables.source(piece.text.lower())
                    if source is None and not variant:
                        self.dynamic(
                            number,
                            unit,
                            piece,
                            f"{piece.text} is part of the SQL, and its value is not in the script",
                        )
                    unknown = True
                    if variables.default(piece.text.lower()):
                        lookup = "default_constraints"
                    value = f"[{HOLE}]" if source == "quoted" and not (chunks and chunks[-1].endswith("[")) else HOLE
                    parts.append((length, None))
                else:
                    value = reading[min(variant, len(reading) - 1)]
                    parts.append((length, piece))
                chunks.append(value)
                length += len(value)
            text = "".join(chunks)
            self._nested(number, unit, text, _locator(unit, parts, pieces, exact=not variant), unknown, depth, lookup)

    def _nested(
        self, number: int, unit: Unit, text: str, locate: Callable[[int], int], unknown: bool, depth: int, lookup: str
    ) -> None:
        try:
            found = scan(text)
        except ScriptError as error:
            at = locate(Lines(text).offset(error.line) + error.column - 1)
            self.script.troubles.setdefault(number, []).append(Trouble(f"in an EXEC string: {error.message}", at))
            return
        if found.separators:
            at = locate(found.separators[0].start)
            self.script.troubles.setdefault(number, []).append(
                Trouble("GO inside an EXEC string is not a batch separator", at)
            )
        statements = classify(found.tokens, len(text))
        jumps = unit.jumps or _jumps(statements)
        variables = Variables(found.tokens)
        for statement in statements:
            if lookup:
                statement.options["looked up in"] = lookup
            if statement.module is None and unit.statement.module is not None:
                statement.module = unit.statement.module
            inner = Unit(
                statement,
                text,
                found.tokens,
                locate,
                unit.root,
                unit.batch,
                unit.guards + statement.guards,
                jumps,
                in_string=True,
                dynamic=unknown or unit.dynamic,
            )
            self.add(inner, variables, depth + 1)


def _locator(
    unit: Unit, parts: list[tuple[int, Token | None]], pieces: Sequence[Token], *, exact: bool
) -> Callable[[int], int]:
    known = [(start, token) for start, token in parts if token is not None]
    starts = [start for start, _token in known]

    def locate(offset: int) -> int:
        if not known:
            return unit.locate(pieces[0].start)
        begin, token = known[max(0, bisect_right(starts, offset) - 1)]
        if not exact:
            return unit.locate(token.start)
        prefix = 2 if token.text[0] in "nN" else 1
        quote = "'" if token.kind == STRING else token.text[-1]
        value = token.text[prefix:-1].replace(quote * 2, quote)
        wanted = max(0, offset - begin)
        return unit.locate(token.start + prefix + wanted + value.count(quote, 0, wanted))

    return locate


def _jumps(statements: Sequence[Statement]) -> bool:
    return any(statement.kind in ("GOTO", "RETURN", "BREAK") and statement.module is None for statement in statements)


class Variables:
    """Where the values of a batch's variables come from.

    The scripts that Entity Framework Core writes look a constraint's name up in the catalogue views and put it into
    EXEC strings. Such a variable holds a name and nothing else: ``name``, or ``quoted`` where QUOTENAME made it safe.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index: dict[str, list[int]] | None = None
        self._sources: dict[str, str | None] = {}

    def source(self, name: str) -> str | None:
        if name not in self._sources:
            if self._index is None:
                self._index = {}
                for at, token in enumerate(self._tokens):
                    if token.kind == VARIABLE:
                        self._index.setdefault(token.text.lower(), []).append(at)
            self._sources[name] = self._trace(self._index.get(name, []))
        return self._sources[name]

    def default(self, name: str) -> bool:
        """Whether a variable holds the name of a DEFAULT, looked up in the catalogue views."""
        if self._index is None:
            self.source(name)
        for at in (self._index or {}).get(name, []):
            if at + 1 < len(self._tokens) and self._tokens[at + 1].key == "=":
                for token in self._tokens[at + 2 : at + 24]:
                    if token.text.strip("[]").lower() in ("default_constraints", "default_object_id"):
                        return True
        return False

    def _trace(self, places: list[int]) -> str | None:
        tokens = self._tokens
        found: set[str] = set()
        for at in places:
            before = tokens[at - 1].key if at else ""
            after = tokens[at + 1].key if at + 1 < len(tokens) else ""
            if before == "DECLARE" or (before == "," and after not in ("=", "OUTPUT", "OUT", "+", ")", ";", "")):
                equals = self._declared(at)
                if equals:
                    found.add(self._value(equals))
                continue
            if after == "=" and before in ("SELECT", "SET", ",", ")"):
                found.add(self._value(at + 2))
                continue
            if after == "IS" or before in ("+", "("):
                if before == "(" and after not in ("+", ")", "IS"):
                    return None
                continue
            if before in ("EXISTS", "AND", "OR", "NOT", "IF") and after in ("IS", "<>", "="):
                continue
            return None
        if "" in found or not found:
            return None
        return "quoted" if found == {"quoted"} else "name"

    def _declared(self, at: int) -> int:
        """Where the initial value of a declaration begins, or 0."""
        tokens = self._tokens
        depth = 0
        for i in range(at + 1, min(at + 12, len(tokens))):
            key = tokens[i].key
            depth += (key == "(") - (key == ")")
            if depth == 0 and key == "=":
                return i + 1
            if key in (";", ",") and depth == 0:
                return 0
            if key in STARTERS and tokens[i].kind == WORD:
                return 0
        return 0

    def _value(self, at: int) -> str:
        """What the expression from here on is: a name out of the catalogue, a quoted one, or something else ('')."""
        tokens = self._tokens
        while at < len(tokens) and (tokens[at].key in ("(", "SELECT", "TOP") or tokens[at].text == "1"):
            at += 1
        if at >= len(tokens):
            return ""
        key = tokens[at].key
        following = tokens[at + 1].key if at + 1 < len(tokens) else ""
        if key in ("QUOTENAME", "SCHEMA_NAME", "DB_NAME", "OBJECT_NAME") and following == "(":
            depth = 0
            i = at + 1
            while i < len(tokens):
                depth += (tokens[i].key == "(") - (tokens[i].key == ")")
                i += 1
                if depth == 0:
                    break
            if i < len(tokens) and tokens[i].key in ("+", ","):
                return ""
            return "quoted" if key == "QUOTENAME" else "name"
        i = at
        while i + 2 < len(tokens) and tokens[i].kind in (WORD, QUOTED) and tokens[i + 1].key == ".":
            i += 2
        if tokens[i].text.strip("[]").lower() != "name":
            return ""
        rest = [token.text.strip("[]").lower() for token in tokens[i + 1 : i + 4]]
        return "name" if rest == ["from", "sys", "."] else ""
