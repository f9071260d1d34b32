# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Column and constraint definitions, and the actions of ALTER TABLE. Private to the collection."""

from __future__ import annotations

from .body import Body, Place
from .lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from .statements import Action, Column, Statement
from .stream import Stream
from .words import END, STARTERS

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
    if s.key in _TABLE_CONSTRAINTS and s.token.kind == WORD and not (s.key == "PERIOD" and s.ahead().key != "FOR"):
        constraint(s, statement)
        return
    column = column_definition(s)
    statement.columns.append(column)
    statement.actions.append(Action("ADD COLUMN", column.token, column.name, column=column))


def constraint(s: Stream, statement: Statement) -> None:
    """A table's constraint, index, default or period."""
    token = s.token
    name = ""
    if s.take("CONSTRAINT"):
        name = string_value(s.identifier())
    word = s.need("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "INDEX", "PERIOD", "DEFAULT")
    action = Action(f"ADD {word}", token, name)
    statement.actions.append(action)
    if word == "PRIMARY":
        s.need("KEY")
        action.kind = "ADD PRIMARY KEY"
        _index_tail(s, action)
    elif word == "UNIQUE":
        _index_tail(s, action)
    elif word == "INDEX":
        action.name = string_value(s.identifier())
        if s.take("UNIQUE"):
            action.words += ("UNIQUE",)
        _index_tail(s, action)
    elif word == "CHECK":
        s.take("NOT", "FOR", "REPLICATION")
        s.group()
    elif word == "FOREIGN":
        s.need("KEY")
        action.kind = "ADD FOREIGN KEY"
        action.columns = column_list(s)
        _references(s, action)
    elif word == "PERIOD":
        s.need("FOR")
        s.need("SYSTEM_TIME")
        s.group()
    else:
        default_value(s)
        s.need("FOR")
        action.columns = (string_value(s.identifier()),)
        if s.take("WITH", "VALUES"):
            action.words += ("WITH VALUES",)


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
    column_attributes(s, column)
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


def column_attributes(s: Stream, column: Column) -> None:
    """Everything behind a column's type. What is not known is refused."""
    name = ""
    while True:
        key = s.key if s.token.kind == WORD else ""
        if key == "CONSTRAINT":
            s.i += 1
            name = string_value(s.identifier())
            continue
        if key == "NULL":
            s.i += 1
            column.nullable = True
        elif key == "NOT":
            s.i += 1
            if s.take("FOR"):
                s.need("REPLICATION")
            else:
                s.need("NULL")
                column.nullable = False
        elif key == "DEFAULT":
            s.i += 1
            column.default = default_value(s)
            column.default_name = name
            if not name:
                column.unnamed.append("DEFAULT")
        elif key == "IDENTITY":
            s.i += 1
            column.identity = True
            if s.key == "(":
                s.group()
        elif key in ("PRIMARY", "UNIQUE"):
            s.i += 1
            if key == "PRIMARY":
                s.need("KEY")
                column.primary_key = True
            else:
                column.unique = True
            if not name:
                column.unnamed.append("PRIMARY KEY" if key == "PRIMARY" else "UNIQUE")
            _index_tail(s, Action("", s.token))
        elif key == "CHECK":
            s.i += 1
            s.take("NOT", "FOR", "REPLICATION")
            s.group()
            column.check = True
            if not name:
                column.unnamed.append("CHECK")
        elif key in ("FOREIGN", "REFERENCES"):
            if s.take("FOREIGN"):
                s.need("KEY")
                if s.key == "(":
                    s.group()
            s.need("REFERENCES")
            column.references = s.name()
            if s.key == "(":
                s.group()
            _reference_tail(s)
            if not name:
                column.unnamed.append("FOREIGN KEY")
        elif key == "COLLATE":
            s.i += 1
            s.identifier()
            column.collate = True
        elif key == "PERSISTED":
            s.i += 1
            column.persisted = True
        elif key in ("ROWGUIDCOL", "SPARSE", "FILESTREAM", "HIDDEN"):
            s.i += 1
        elif key == "COLUMN_SET":
            s.i += 1
            s.need("FOR")
            s.need("ALL_SPARSE_COLUMNS")
        elif key in ("MASKED", "ENCRYPTED"):
            s.i += 1
            s.need("WITH")
            s.group()
        elif key == "GENERATED":
            s.i += 1
            s.need("ALWAYS")
            s.need("AS")
            s.need("ROW", "TRANSACTION_ID", "SEQUENCE_NUMBER")
            s.need("START", "END")
            column.generated = True
            s.take("HIDDEN")
        elif key == "WITH" and s.ahead().key == "VALUES":
            s.i += 2
            column.with_values = True
        elif key == "INDEX":
            s.i += 1
            s.identifier()
            s.take("UNIQUE")
            _index_tail(s, Action("", s.token))
        elif key == "ON" and s.ahead().kind in (WORD, QUOTED) and s.ahead().key not in STARTERS:
            s.i += 1
            _filegroup(s)
        else:
            return
        name = ""


def default_value(s: Stream) -> list[Token]:
    """The value behind DEFAULT; its tokens."""
    start = s.i
    while True:
        token = s.token
        if s.key in ("+", "-") and s.i == start:
            s.i += 1
            continue
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
        elif token.kind in (WORD, QUOTED) and token.key not in STARTERS:
            if s.key == "NULL":
                s.i += 1
            else:
                s.name()
                if s.key == "::":
                    s.i += 1
                    s.name()
                if s.key == "(":
                    s.group()
        else:
            raise s.surprise("expected a default value")
        if s.key in ("+", "-", "*", "/", "%", "&", "|", "^"):
            s.i += 1
            continue
        if s.key == "AT" and s.ahead().key == "TIME":
            s.i += 3
            continue
        return s.tokens[start : s.i]


def alter_table(s: Stream, statement: Statement) -> None:
    """Everything behind ``ALTER TABLE name``."""
    nocheck: str = ""
    if s.key == "WITH" and s.ahead().key in ("CHECK", "NOCHECK"):
        nocheck = s.ahead().key
        s.i += 2
    token = s.token
    if s.take("ADD"):
        if s.key == "COLUMN" and s.token.kind == WORD:
            raise s.surprise("T-SQL writes ADD without COLUMN: expected a name")
        wrapped = s.key == "("
        if wrapped:
            s.i += 1
        before = len(statement.actions)
        try:
            items(s, statement, inside=wrapped)
        finally:
            for action in statement.actions[before:]:
                action.nocheck = nocheck == "NOCHECK"
        if wrapped:
            s.need(")")
    elif s.take("ALTER", "COLUMN"):
        _alter_column(s, statement, token)
    elif s.take("DROP"):
        _drop_items(s, statement)
    elif s.key in ("CHECK", "NOCHECK") and s.ahead().key == "CONSTRAINT":
        word = s.key
        s.i += 2
        for name in _names_or_all(s):
            statement.actions.append(
                Action(f"{word} CONSTRAINT", token, name, words=(nocheck,), nocheck=word == "NOCHECK")
            )
    elif s.key in ("ENABLE", "DISABLE") and s.ahead().key == "TRIGGER":
        word = s.key
        s.i += 2
        for name in _names_or_all(s):
            statement.actions.append(Action(f"{word} TRIGGER", token, name))
    elif s.key in ("ENABLE", "DISABLE") and s.ahead().key == "CHANGE_TRACKING":
        statement.actions.append(Action(f"{s.key} CHANGE_TRACKING", token))
        s.i += 2
        if s.take("WITH"):
            s.group()
    elif s.take("SWITCH"):
        action = Action("SWITCH", token)
        statement.actions.append(action)
        if s.take("PARTITION"):
            _partition_number(s)
        s.need("TO")
        action.target = s.name()
        if s.take("PARTITION"):
            _partition_number(s)
        if s.take("WITH"):
            action.options.update(index_options(s))
    elif s.take("REBUILD"):
        action = Action("REBUILD", token)
        statement.actions.append(action)
        if s.take("PARTITION"):
            s.take("=")
            s.i += 1
        if s.take("WITH"):
            action.options.update(index_options(s))
    elif s.take("SET"):
        action = Action("SET", token)
        statement.actions.append(action)
        action.options.update(index_options(s))
    else:
        raise s.surprise("expected an action of ALTER TABLE")


def _partition_number(s: Stream) -> None:
    s.take("=")
    if s.token.kind not in (NUMBER, VARIABLE):
        raise s.surprise("expected a partition's number")
    s.i += 1


def _names_or_all(s: Stream) -> list[str]:
    if s.take("ALL"):
        return ["ALL"]
    names = [string_value(s.identifier())]
    while s.take(","):
        names.append(string_value(s.identifier()))
    return names


def _alter_column(s: Stream, statement: Statement, token: Token) -> None:
    name = s.identifier()
    column = Column(string_value(name), name)
    action = Action("ALTER COLUMN", token, column.name, column=column)
    statement.actions.append(action)
    if s.key in ("ADD", "DROP"):
        verb = s.key
        s.i += 1
        word = s.key
        if s.take("NOT", "FOR", "REPLICATION"):
            word = "NOT FOR REPLICATION"
        else:
            s.need("ROWGUIDCOL", "PERSISTED", "SPARSE", "HIDDEN", "MASKED")
            if word == "MASKED" and s.take("WITH"):
                s.group()
        action.kind = "ALTER COLUMN OPTION"
        action.words = (verb, word)
        return
    data_type(s, column)
    while True:
        if s.take("COLLATE"):
            s.identifier()
            column.collate = True
        elif s.take("NOT", "NULL"):
            column.nullable = False
        elif s.take("NULL"):
            column.nullable = True
        elif s.take("SPARSE"):
            action.words += ("SPARSE",)
        elif s.key in ("MASKED", "ENCRYPTED"):
            action.words += (s.key,)
            s.i += 1
            s.need("WITH")
            s.group()
        elif s.key == "WITH" and s.ahead().key == "(":
            s.i += 1
            action.options.update(index_options(s))
        else:
            return


def _drop_items(s: Stream, statement: Statement) -> None:
    kind = ""
    while True:
        token = s.token
        if s.take("PERIOD", "FOR", "SYSTEM_TIME"):
            statement.actions.append(Action("DROP PERIOD", token))
        else:
            word = s.take_one("CONSTRAINT", "COLUMN", "INDEX")
            if word:
                kind = f"DROP {word}"
            exists = s.take("IF", "EXISTS")
            action = Action(kind or "DROP ITEM", token)
            action.token = s.token
            action.name = string_value(s.identifier())
            if exists:
                action.words += ("IF EXISTS",)
            statement.actions.append(action)
            if s.key == "WITH" and s.ahead().key == "(":
                s.i += 1
                action.options.update(index_options(s))
        if not s.take(","):
            return


def rest(s: Stream) -> Body:
    """The rest of a statement whose further words carry no meaning for the rules."""
    return s.body(Body(), Place(options=True))
