# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which object a condition asks for, in the forms in which scripts ask whether something exists.

Private to the collection.

A condition in any other form, or one that asks anything beside, is taken for no question: a CREATE under it may be
skipped although its object is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .lexer import NUMBER, QUOTED, STRING, WORD, Token, string_value
from .statements import Asked, name_from_text

Tokens = Sequence[Token]

_OBJECTS = frozenset(
    """OBJECTS ALL_OBJECTS TABLES VIEWS PROCEDURES SYNONYMS SEQUENCES TRIGGERS SQL_MODULES SYSOBJECTS
    ROUTINES""".split()  # noqa: SIM905
)
_COLUMNS = frozenset({"COLUMNS", "ALL_COLUMNS", "SYSCOLUMNS"})
_TYPES = frozenset({"TYPES", "TABLE_TYPES", "SYSTYPES"})
_SCHEMAS = frozenset({"SCHEMAS", "SCHEMATA"})
_SOURCES = _OBJECTS | _COLUMNS | _TYPES | _SCHEMAS
_NARROWING = frozenset({"TYPE", "XTYPE", "TYPE_DESC", "TABLE_TYPE", "ROUTINE_TYPE", "IS_USER_DEFINED", "IS_MS_SHIPPED"})
"""Columns that a question may compare with values, without asking for another object."""
_NAMES = {"TABLE_NAME": "table", "ROUTINE_NAME": "table", "COLUMN_NAME": "column", "SCHEMA_NAME": "schema"}
_OF_SCHEMA = frozenset({"TABLE_SCHEMA", "ROUTINE_SCHEMA", "SCHEMA_NAME"})


def asked_for(condition: Tokens) -> Asked | None:
    """What exists whenever the condition does not hold. Of questions joined by AND: what all of them ask for."""
    found = {_asked(_bare(part)) for part in _split(_bare(condition), "AND")}
    return found.pop() if len(found) == 1 else None


def _asked(tokens: Tokens) -> Asked | None:
    keys = [token.key for token in tokens]
    if keys[:1] == ["NOT"]:
        exists = _bare(tokens[1:])
        query = _bare(exists[1:])
        return _Query(query).asked() if exists and exists[0].key == "EXISTS" and len(query) < len(exists) - 1 else None
    return _function(tokens[:-2]) if keys[-2:] == ["IS", "NULL"] else None


def _function(tokens: Tokens) -> Asked | None:
    """OBJECT_ID('dbo.T') and the like."""
    called = _call(tokens)
    if called is None:
        return None
    function, arguments = called
    texts = [_text(argument) for argument in arguments]
    if function == "COLUMNPROPERTY" and len(arguments) == 3:
        table = _call(arguments[0])
        if table is None or table[0] != "OBJECT_ID":
            return None
        function, texts = "COL_LENGTH", [_text(table[1][0]), texts[1]]
    if not texts or any(text is None for text in texts):
        return None
    first = str(texts[0])
    if function == "SCHEMA_ID":
        return Asked("schema", "", first.lower())
    if function == "OBJECT_ID":
        return _named("object", first)
    if function == "TYPE_ID":
        return _named("type", first)
    if function == "COL_LENGTH" and len(texts) == 2:
        return _named("column", first, str(texts[1]))
    return None


def _named(kind: str, text: str, part: str = "") -> Asked | None:
    """The object of this database that a string names."""
    name = name_from_text(text, Token(STRING, text, 0, 0, ""))
    if len(name.parts) > 2 and any(name.parts[:-2]):
        return None
    return Asked(kind, *name.key, part.lower())


class _Query:
    """The query in EXISTS ( ... ): over catalogue views, with conditions that only name an object."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.aliases: dict[str, str] = {}
        self.sources: set[str] = set()
        self.found: dict[str, str] = {}
        """What the conditions name: `schema`, `table`, `column`, `type`; `object` is the argument of OBJECT_ID."""

    def asked(self) -> Asked | None:
        if not self._read():
            return None
        found = self.found
        name = found.get("table", "")
        schema = found.get("schema", "")
        of_id = _named("object", found["object"]) if "object" in found else None
        if of_id is not None and name in ("", of_id.name) and schema in ("", of_id.schema):
            schema, name = of_id.schema, of_id.name
        elif "object" in found:
            return None
        if self.sources & _COLUMNS:
            return Asked("column", schema, name, found["column"]) if name and "column" in found else None
        if self.sources & _TYPES:
            return Asked("type", found.get("schema", ""), found["type"]) if "type" in found else None
        if self.sources <= _SCHEMAS:
            return Asked("schema", "", found["schema"]) if "schema" in found else None
        return Asked("object", schema, name) if name else None

    def _read(self) -> bool:
        """Read sources and conditions. False for what is in no known form."""
        keys = [token.key for token in self.tokens]
        if keys[:1] != ["SELECT"] or keys.count("SELECT") != 1 or keys.count("FROM") != 1:
            return False
        start = keys.index("FROM")
        # A query with COUNT and the like always has a row.
        if any(key == "(" and keys[at - 1] != "TOP" for at, key in enumerate(keys[:start])):
            return False
        end = keys.index("WHERE") if "WHERE" in keys else len(keys)
        return (
            end > start and self._read_from(self.tokens[start + 1 : end]) and self._read_terms(self.tokens[end + 1 :])
        )

    def _read_from(self, tokens: Tokens) -> bool:
        for at, joined in enumerate(_split(tokens, "JOIN", ",")):
            source, *terms = _split([token for token in joined if token.key != "INNER"], "ON")
            words = [_word(token) for token in source if token.key != "AS"]
            name = words.pop(2) if words[:2] in (["SYS", "."], ["INFORMATION_SCHEMA", "."], ["DBO", "."]) else ""
            words = words[2:] if name else words
            if not name and words and words[0].startswith("SYS"):
                name = words.pop(0)
            if name not in _SOURCES or len(words) > 1 or len(terms) > 1 or (terms and not at):
                return False
            self.sources.add(name)
            self.aliases[words[0] if words else name] = name
            if terms and not self._read_terms(terms[0]):
                return False
        return bool(self.sources)

    def _read_terms(self, tokens: Tokens) -> bool:
        return all(self._read_term(_bare(term)) for term in _split(tokens, "AND")) if tokens else False

    def _read_term(self, term: Tokens) -> bool:
        listed = list(_split(term, "IN"))
        if len(listed) == 2:
            return self._column(listed[0])[0] in _NARROWING and len(_bare(listed[1])) < len(listed[1])
        sides = list(_split(term, "="))
        if len(sides) != 2:
            return False
        (column, source), value = self._column(sides[0]), sides[1]
        if column and self._column(value)[0]:
            return True  # a join
        text = _text(value)
        called = _call(sides[0])
        if column in _NARROWING or (called is not None and called[0] == "OBJECTPROPERTY"):
            return text is not None or (len(value) == 1 and value[0].kind == NUMBER)
        called = _call(value)
        if (
            called is not None
            and column in ("SCHEMA_ID", "OBJECT_ID", "ID")
            and called[0] in ("SCHEMA_ID", "OBJECT_ID")
        ):
            text = _text(called[1][0])
            return text is not None and self._note("schema" if called[0] == "SCHEMA_ID" else "object", text)
        return text is not None and self._note(self._meaning(sides[0], column, source), text)

    def _meaning(self, side: Tokens, column: str, source: str) -> str:
        """What a column compared with a string names, or nothing."""
        called = _call(side)
        if called is not None:
            # SCHEMA_NAME(schema_id), OBJECT_NAME(object_id)
            return {"SCHEMA_NAME": "schema", "OBJECT_NAME": "table"}.get(called[0], "")
        if column in _OF_SCHEMA:
            return "schema"
        if column == "NAME":
            kinds = ((_COLUMNS, "column"), (_TYPES, "type"), (_SCHEMAS, "schema"), (_OBJECTS, "table"))
            return next((meaning for names, meaning in kinds if source in names), "")
        return _NAMES.get(column, "")

    def _note(self, meaning: str, text: str) -> bool:
        known = self.found.setdefault(meaning, text if meaning == "object" else text.lower())
        return bool(meaning) and known.lower() == text.lower()

    def _column(self, tokens: Tokens) -> tuple[str, str]:
        """Name and source of a column; empty where the tokens are no column."""
        words = [_word(token) for token in tokens if token.kind in (WORD, QUOTED) or token.key == "."]
        if len(words) != len(tokens):
            return "", ""
        if len(words) == 1:
            return words[0], next(iter(self.sources)) if len(self.sources) == 1 else ""
        if len(words) == 3 and words[1] == "." and words[0] in self.aliases:
            return words[2], self.aliases[words[0]]
        return "", ""


def _word(token: Token) -> str:
    return string_value(token).upper() if token.kind == QUOTED else token.key or token.text.upper()


def _text(tokens: Tokens) -> str | None:
    return string_value(tokens[0]) if len(tokens) == 1 and tokens[0].kind == STRING else None


def _call(tokens: Tokens) -> tuple[str, list[Tokens]] | None:
    """Name and arguments of a call of a function that is the whole of the tokens."""
    if len(tokens) < 3 or tokens[0].kind != WORD or tokens[1].key != "(" or _closing(tokens, 1) != len(tokens) - 1:
        return None
    return tokens[0].key, list(_split(tokens[2:-1], ","))


def _bare(tokens: Tokens) -> Tokens:
    """Without brackets around the whole."""
    while len(tokens) > 1 and tokens[0].key == "(" and _closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: Tokens, at: int) -> int:
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place].key == "(") - (tokens[place].key == ")")
        if not depth:
            return place
    return -1


def _split(tokens: Tokens, *separators: str) -> Iterator[Tokens]:
    """The pieces between separators outside of brackets."""
    depth = start = 0
    for at, token in enumerate(tokens):
        depth += (token.key == "(") - (token.key == ")")
        if not depth and token.key in separators:
            yield tokens[start:at]
            start = at + 1
    yield tokens[start:]
