# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of ALTER TABLE. Private to the collection."""

from __future__ import annotations

from collections.abc import Callable

from ..lexer import NUMBER, VARIABLE, WORD, string_value
from ..statements import Action, Column, Statement
from ..stream import Stream
from .definitions import data_type, index_options, is_null, items


def alter_table(s: Stream, statement: Statement) -> None:
    """Everything behind ``ALTER TABLE name``."""
    nocheck = ""
    if s.key == "WITH" and s.ahead().key in ("CHECK", "NOCHECK"):
        nocheck = s.ahead().key
        s.i += 2
    handler = _ACTIONS.get(s.key)
    if handler is None:
        raise s.surprise("expected an action of ALTER TABLE")
    handler(s, statement, nocheck)


def _add(s: Stream, statement: Statement, nocheck: str) -> None:
    s.i += 1
    if s.key == "COLUMN" and s.token.kind == WORD:
        raise s.surprise("T-SQL writes ADD without COLUMN: expected a name")
    wrapped = s.take("(")
    before = len(statement.actions)
    try:
        items(s, statement, inside=wrapped)
    finally:
        for action in statement.actions[before:]:
            action.nocheck = nocheck == "NOCHECK"
            if action.kind == "ADD DEFAULT":
                _default_for(statement, action)
    if wrapped:
        s.need(")")


def _default_for(statement: Statement, action: Action) -> None:
    """A default FOR a column that the same statement adds is the column's own."""
    for column in statement.columns:
        if column.name.lower() in [one.lower() for one in action.columns] and not is_null(action.condition):
            column.default = action.condition
            column.with_values = column.with_values or "WITH VALUES" in action.words


def _checking(s: Stream, statement: Statement, nocheck: str) -> None:
    token = s.token
    if s.ahead().key != "CONSTRAINT":
        raise s.surprise("expected an action of ALTER TABLE")
    s.i += 2
    for name in _names_or_all(s):
        action = Action(f"{token.key} CONSTRAINT", token, name, words=(nocheck,), nocheck=token.key == "NOCHECK")
        statement.actions.append(action)


def _enable(s: Stream, statement: Statement, _nocheck: str) -> None:
    token = s.token
    what = s.ahead().key
    if what not in ("TRIGGER", "CHANGE_TRACKING"):
        raise s.surprise("expected an action of ALTER TABLE")
    s.i += 2
    if what == "TRIGGER":
        for name in _names_or_all(s):
            statement.actions.append(Action(f"{token.key} TRIGGER", token, name))
        return
    statement.actions.append(Action(f"{token.key} CHANGE_TRACKING", token))
    if s.take("WITH"):
        s.group()


def _switch(s: Stream, statement: Statement, _nocheck: str) -> None:
    action = _action(s, statement)
    if s.take("PARTITION"):
        _partition_number(s)
    s.need("TO")
    action.target = s.name()
    if s.take("PARTITION"):
        _partition_number(s)
    if s.take("WITH"):
        action.options.update(index_options(s))


def _action(s: Stream, statement: Statement) -> Action:
    action = Action(s.key, s.token)
    statement.actions.append(action)
    s.i += 1
    return action


def _rebuild(s: Stream, statement: Statement, _nocheck: str) -> None:
    action = _action(s, statement)
    if s.take("PARTITION"):
        s.take("=")
        s.i += 1
    if s.take("WITH"):
        action.options.update(index_options(s))


def _set(s: Stream, statement: Statement, _nocheck: str) -> None:
    _action(s, statement).options.update(index_options(s))


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


def _alter_column(s: Stream, statement: Statement, _nocheck: str) -> None:
    token = s.token
    if s.ahead().key != "COLUMN":
        raise s.surprise("expected an action of ALTER TABLE")
    s.i += 2
    name = s.identifier()
    column = Column(string_value(name), name)
    action = Action("ALTER COLUMN", token, column.name, column=column)
    statement.actions.append(action)
    if s.key in ("ADD", "DROP"):
        _column_option(s, action)
        return
    data_type(s, column)
    while _column_attribute(s, action, column):
        pass


def _column_option(s: Stream, action: Action) -> None:
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


def _column_attribute(s: Stream, action: Action, column: Column) -> bool:
    """Read what stands behind the new type; False where nothing more does."""
    if s.take("COLLATE"):
        column.collate = string_value(s.identifier())
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
        return False
    return True


def _drop_items(s: Stream, statement: Statement, _nocheck: str) -> None:
    s.i += 1
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


_ACTIONS: dict[str, Callable[[Stream, Statement, str], None]] = {
    "ADD": _add,
    "ALTER": _alter_column,
    "DROP": _drop_items,
    "CHECK": _checking,
    "NOCHECK": _checking,
    "ENABLE": _enable,
    "DISABLE": _enable,
    "SWITCH": _switch,
    "REBUILD": _rebuild,
    "SET": _set,
}
