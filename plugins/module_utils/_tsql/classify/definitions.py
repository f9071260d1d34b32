# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of columns and constraints. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..body import Body, Place
from ..lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from ..statements import Action, Column, Statement
from ..stream import Stream
from ..words import END, STARTERS

_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "INDEX", "PERIOD", "DEFAULT"})
_DEFAULT_ENDS = frozenset(
    """NULL NOT CONSTRAINT PRIMARY UNIQUE CHECK REFERENCES FOREIGN COLLATE IDENTITY ROWGUIDCOL SPARSE WITH FOR
    INDEX MASKED HIDDEN GENERATED ENCRYPTED FILESTREAM ON""".split()  # noqa: SIM905
)


def items(s: Stream, statement: Statement, *, inside: bool) -> None:
    """Definitions, separated by commas: behind ADD, or inside the parentheses of a CREATE TABLE."""
    while True:
        if inside and s.key == ")":
            return
        item(s, statement)
        if s.key == ",":
            s.i += 1
            continue
        if not inside or s.key == ")":
            return
        # SQL Server takes a table constraint with no comma before it
        if s.key in _TABLE_CONSTRAINTS:
            continue
        raise s.surprise("expected , or )")


def item(s: Stream, statement: Statement) -> None:
    if _constraint_begins(s):
        constraint(s, statement)
        return
    column = column_definition(s)
    statement.columns.append(column)
    statement.actions.append(Action("ADD COLUMN", column.token, column.name, column=column))


def _constraint_begins(s: Stream) -> bool:
    """Whether a constraint begins here. PERIOD and CONNECTION are names of columns too."""
    if s.token.kind != WORD:
        return False
    if s.key == "CONNECTION":
        return s.ahead().key == "("
    return s.key in _TABLE_CONSTRAINTS and not (s.key == "PERIOD" and s.ahead().key != "FOR")


def constraint(s: Stream, statement: Statement) -> None:
    """A table's constraint, index, default or period."""
    token = s.token
    name = ""
    if s.take("CONSTRAINT"):
        name = string_value(s.identifier())
    word = s.need(*_CONSTRAINTS)
    action = Action(f"ADD {word}", token, name)
    statement.actions.append(action)
    _CONSTRAINTS[word](s, action)


# -- each handler begins behind the constraint's first word


def _primary_key(s: Stream, action: Action) -> None:
    s.need("KEY")
    action.kind = "ADD PRIMARY KEY"
    _index_tail(s, action)


def _inline_index(s: Stream, action: Action) -> None:
    action.name = string_value(s.identifier())
    if s.take("UNIQUE"):
        action.words += ("UNIQUE",)
    _index_tail(s, action)


def _check(s: Stream, action: Action) -> None:
    s.take("NOT", "FOR", "REPLICATION")
    start = s.i
    s.group()
    action.condition = list(s.tokens[start : s.i])


def _foreign_key(s: Stream, action: Action) -> None:
    s.need("KEY")
    action.kind = "ADD FOREIGN KEY"
    action.columns = column_list(s)
    _references(s, action)


def _connection(s: Stream, _action: Action) -> None:
    s.group()
    _reference_tail(s)


def _period(s: Stream, _action: Action) -> None:
    s.need("FOR")
    s.need("SYSTEM_TIME")
    s.group()


def _default_for(s: Stream, action: Action) -> None:
    action.condition = default_value(s) or []
    s.need("FOR")
    action.columns = (string_value(s.identifier()),)
    if s.take("WITH", "VALUES"):
        action.words += ("WITH VALUES",)


def is_null(value: Sequence[Token]) -> bool:
    """Whether a default is NULL, which is none."""
    return [token.key for token in value if token.key not in ("(", ")")] == ["NULL"]


def _references(s: Stream, action: Action) -> None:
    s.need("REFERENCES")
    action.target = s.name()
    if s.key == "(":
        s.group()
    _reference_tail(s)


def _reference_tail(s: Stream) -> None:
    while True:
        if s.key == "ON" and s.ahead().key in ("DELETE", "UPDATE"):
            s.i += 2
            if s.take("NO"):
                s.need("ACTION")
            elif s.take("SET"):
                s.need("NULL", "DEFAULT")
            else:
                s.need("CASCADE")
        elif not s.take("NOT", "FOR", "REPLICATION"):
            return


def _index_tail(s: Stream, action: Action) -> None:
    while s.take_one("CLUSTERED", "NONCLUSTERED", "HASH", "COLUMNSTORE"):
        pass
    if s.key == "(":
        start = s.i
        s.group()
        action.columns = tuple(
            string_value(token)
            for token, previous in zip(s.tokens[start + 1 : s.i - 1], s.tokens[start : s.i - 2])
            if previous.key in ("(", ",")
        )
    while True:
        if s.take("INCLUDE"):
            s.group()
        elif s.take("WHERE"):
            action.words += ("WHERE",)
            filter_predicate(s)
        elif s.key == "WITH" and s.ahead().key == "(":
            s.i += 1
            action.options.update(index_options(s))
        elif s.take("WITH", "FILLFACTOR", "="):
            s.i += 1
        elif s.key in ("ON", "FILESTREAM_ON") and s.ahead().key not in ("DELETE", "UPDATE"):
            s.i += 1
            _filegroup(s)
        else:
            return


def _filegroup(s: Stream) -> None:
    if s.token.kind == STRING or s.key == "DEFAULT":
        s.i += 1
    else:
        s.identifier()
    if s.key == "(":
        s.group()


_CONSTRAINTS: dict[str, Callable[[Stream, Action], None]] = {
    "PRIMARY": _primary_key,
    "UNIQUE": _index_tail,
    "CHECK": _check,
    "FOREIGN": _foreign_key,
    "INDEX": _inline_index,
    "PERIOD": _period,
    "DEFAULT": _default_for,
    "CONNECTION": _connection,
}


def filter_predicate(s: Stream) -> None:
    """The WHERE of a filtered index: up to WITH ( ... ), ON filegroup, or the end."""
    while not s.at_end() and s.key not in ("ON", "FILESTREAM_ON", ",", ")"):
        if s.key == "(":
            s.group()
        else:
            s.skip()


def column_list(s: Stream) -> tuple[str, ...]:
    """``(a, b)``: the names in it."""
    start, end = s.group()
    return tuple(
        string_value(token)
        for token, previous in zip(s.tokens[start:end], s.tokens[start - 1 : end])
        if previous.key in ("(", ",")
    )


def index_options(s: Stream) -> dict[str, str]:
    """``(ONLINE = ON (WAIT_AT_LOW_PRIORITY (...)), ...)`` as option: its words."""
    start, end = s.group()
    found: dict[str, str] = {}
    depth = 0
    name = ""
    words: list[str] = []
    for token in s.tokens[start:end]:
        key = token.key or token.text
        if key == "(":
            depth += 1
        elif key == ")":
            depth -= 1
        if key == "," and depth == 0:
            if name:
                found[name] = " ".join(words)
            name, words = "", []
        elif not name:
            name = key
        elif key != "=" or depth:
            words.append(key)
    if name:
        found[name] = " ".join(words)
    return found


def data_type(s: Stream, column: Column) -> None:
    """A type's name and arguments."""
    if s.token.kind == WORD and s.key in ("NATIONAL", "DOUBLE"):
        words = [s.key.lower()]
        s.i += 1
        while s.key in ("CHARACTER", "CHAR", "VARCHAR", "VARYING", "TEXT", "PRECISION"):
            words.append(s.key.lower())
            s.i += 1
        column.type_name = " ".join(words)
    else:
        name = s.name()
        column.type_name = ".".join(part.lower() for part in name.parts)
        if s.take("VARYING"):
            column.type_name += " varying"
    if column.type_name.startswith("sys."):
        column.type_name = column.type_name[4:]
    if s.key == "(":
        start, end = s.group()
        column.type_args = tuple(token.text.lower() for token in s.tokens[start:end] if token.key != ",")


def column_definition(s: Stream) -> Column:
    token = s.identifier()
    column = Column(string_value(token), token)
    if s.take("AS"):
        column.computed = True
        _computed(s)
    elif s.token.kind in (WORD, QUOTED) and s.key not in _DEFAULT_ENDS and s.key not in STARTERS:
        data_type(s, column)
    elif column.name.lower() == "timestamp":
        column.type_name = "timestamp"
    else:
        raise s.surprise("expected a data type")
    if column.type_name in ("rowversion", "timestamp"):
        column.generated = True
    _Attributes(s, column).read()
    return column


def _computed(s: Stream) -> None:
    while not s.at_end() and s.key not in (
        ",",
        ")",
        "PERSISTED",
        "CONSTRAINT",
        "PRIMARY",
        "UNIQUE",
        "CHECK",
        "REFERENCES",
    ):
        if s.key == "(":
            s.group()
        elif s.key == "CASE":
            _case(s)
        else:
            s.skip()


def _case(s: Stream) -> None:
    depth = 0
    while True:
        if s.key == "CASE":
            depth += 1
        elif s.key == "END":
            depth -= 1
            if not depth:
                s.i += 1
                return
        if s.key == "(":
            s.group()
            continue
        if s.token.kind == END or s.key == ";" or (s.key in STARTERS and s.key not in ("ELSE", "END")):
            raise s.surprise("expected the END of a CASE")
        s.skip()


class _Attributes:
    """Everything behind a column's type: which word it is, and the name that CONSTRAINT gave to what follows."""

    def __init__(self, s: Stream, column: Column) -> None:
        self.s = s
        self.column = column
        self.name = ""

    def read(self) -> None:
        """Read up to the first word that is not an attribute."""
        s = self.s
        while s.token.kind == WORD:
            if s.take("CONSTRAINT"):
                self.name = string_value(s.identifier())
                continue
            handler = _ATTRIBUTES.get(s.key)
            if handler is None or not handler(self):
                return
            self.name = ""

    def _unnamed(self, kind: str) -> None:
        if not self.name:
            self.column.unnamed.append(kind)

    # -- each handler begins at its word, and says whether it was an attribute

    def _null(self) -> bool:
        self.s.i += 1
        self.column.nullable = True
        return True

    def _not(self) -> bool:
        self.s.i += 1
        if self.s.take("FOR"):
            self.s.need("REPLICATION")
        else:
            self.s.need("NULL")
            self.column.nullable = False
        return True

    def _default(self) -> bool:
        self.s.i += 1
        value = default_value(self.s)
        self.column.default = None if is_null(value) else value
        self.column.default_name = self.name
        self._unnamed("DEFAULT")
        return True

    def _identity(self) -> bool:
        self.s.i += 1
        self.column.identity = True
        if self.s.key == "(":
            self.s.group()
        return True

    def _primary(self) -> bool:
        self.s.i += 1
        self.s.need("KEY")
        self.column.primary_key = True
        self._unnamed("PRIMARY KEY")
        _index_tail(self.s, Action("", self.s.token))
        return True

    def _unique(self) -> bool:
        self.s.i += 1
        self.column.unique = True
        self._unnamed("UNIQUE")
        _index_tail(self.s, Action("", self.s.token))
        return True

    def _check(self) -> bool:
        self.s.i += 1
        self.s.take("NOT", "FOR", "REPLICATION")
        start = self.s.i
        self.s.group()
        self.column.condition = list(self.s.tokens[start : self.s.i])
        self.column.check = True
        self._unnamed("CHECK")
        return True

    def _foreign(self) -> bool:
        s = self.s
        if s.take("FOREIGN"):
            s.need("KEY")
            if s.key == "(":
                s.group()
        start = s.i
        s.need("REFERENCES")
        self.column.references = s.name()
        if s.key == "(":
            s.group()
        _reference_tail(s)
        self.column.reference = list(s.tokens[start : s.i])
        self._unnamed("FOREIGN KEY")
        return True

    def _collate(self) -> bool:
        self.s.i += 1
        self.column.collate = string_value(self.s.identifier())
        return True

    def _persisted(self) -> bool:
        self.s.i += 1
        self.column.persisted = True
        return True

    def _plain(self) -> bool:
        self.s.i += 1
        return True

    def _column_set(self) -> bool:
        self.s.i += 1
        self.s.need("FOR")
        self.s.need("ALL_SPARSE_COLUMNS")
        return True

    def _protected(self) -> bool:
        self.s.i += 1
        self.s.need("WITH")
        self.s.group()
        return True

    def _generated(self) -> bool:
        s = self.s
        s.i += 1
        s.need("ALWAYS")
        s.need("AS")
        s.need("ROW", "TRANSACTION_ID", "SEQUENCE_NUMBER")
        s.need("START", "END")
        self.column.generated = True
        s.take("HIDDEN")
        return True

    def _with(self) -> bool:
        self.column.with_values = self.column.with_values or self.s.ahead().key == "VALUES"
        return self.s.take("WITH", "VALUES")

    def _index(self) -> bool:
        self.s.i += 1
        self.s.identifier()
        self.s.take("UNIQUE")
        _index_tail(self.s, Action("", self.s.token))
        return True

    def _on(self) -> bool:
        following = self.s.ahead()
        if following.kind not in (WORD, QUOTED) or following.key in STARTERS:
            return False
        self.s.i += 1
        _filegroup(self.s)
        return True


_ATTRIBUTES: dict[str, Callable[[_Attributes], bool]] = {
    "NULL": _Attributes._null,
    "NOT": _Attributes._not,
    "DEFAULT": _Attributes._default,
    "IDENTITY": _Attributes._identity,
    "PRIMARY": _Attributes._primary,
    "UNIQUE": _Attributes._unique,
    "CHECK": _Attributes._check,
    "FOREIGN": _Attributes._foreign,
    "REFERENCES": _Attributes._foreign,
    "COLLATE": _Attributes._collate,
    "PERSISTED": _Attributes._persisted,
    **dict.fromkeys(("ROWGUIDCOL", "SPARSE", "FILESTREAM", "HIDDEN"), _Attributes._plain),
    "COLUMN_SET": _Attributes._column_set,
    "MASKED": _Attributes._protected,
    "ENCRYPTED": _Attributes._protected,
    "GENERATED": _Attributes._generated,
    "WITH": _Attributes._with,
    "INDEX": _Attributes._index,
    "ON": _Attributes._on,
}


_OPERATORS = ("+", "-", "*", "/", "%", "&", "|", "^")


def default_value(s: Stream) -> list[Token]:
    """The value behind DEFAULT; its tokens."""
    start = s.i
    while s.take_one("+", "-"):
        pass
    while True:
        _operand(s)
        if s.take_one(*_OPERATORS):
            continue
        if s.key == "AT" and s.ahead().key == "TIME":
            s.i += 3
            continue
        return s.tokens[start : s.i]


def _operand(s: Stream) -> None:
    token = s.token
    if s.key == "(":
        s.group()
    elif s.take("NEXT", "VALUE", "FOR"):
        s.name()
    elif token.kind in (STRING, NUMBER, VARIABLE):
        s.i += 1
    elif s.key == "{":
        while s.key not in ("}", "") or s.token.kind in (STRING, NUMBER):
            s.i += 1
        s.need("}")
    elif s.key == "NULL":
        s.i += 1
    elif token.kind in (WORD, QUOTED) and token.key not in STARTERS:
        s.name()
        if s.take("::"):
            s.name()
        if s.key == "(":
            s.group()
    else:
        raise s.surprise("expected a default value")


def rest(s: Stream) -> Body:
    """The rest of a statement whose further words carry no meaning for the rules."""
    return s.body(Body(), Place(options=True))
