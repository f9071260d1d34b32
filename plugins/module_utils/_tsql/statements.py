# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the classifier makes of a script: names, columns, actions and statements. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .lexer import VARIABLE, Token

DEFAULT_SCHEMA = "dbo"
HOLE = "__variable__"
"""What stands in a name for a part that comes out of a variable."""


@dataclass(frozen=True)
class Name:
    """An object's name as it was written; ``parts`` are unquoted, the object's own name last, left-out parts empty."""

    parts: tuple[str, ...]
    token: Token
    known: bool = True
    """False where a part of the name comes out of a variable."""

    @property
    def base(self) -> str:
        return self.parts[-1]

    @property
    def schema(self) -> str:
        return self.parts[-2] if len(self.parts) > 1 else ""

    @property
    def database(self) -> str:
        return self.parts[-3] if len(self.parts) > 2 else ""

    @property
    def server(self) -> str:
        return self.parts[-4] if len(self.parts) > 3 else ""

    @property
    def key(self) -> tuple[str, str]:
        """To compare with: schema (dbo when none is written) and name, in lower case."""
        return (self.schema or DEFAULT_SCHEMA).lower(), self.base.lower()

    @property
    def temporary(self) -> bool:
        return self.base.startswith("#") or self.token.kind == VARIABLE

    @property
    def text(self) -> str:
        return ".".join(plain(part) for part in self.parts)

    def __str__(self) -> str:
        return self.text


def plain(part: str) -> str:
    """A name as it goes into SQL: in brackets only where it must be."""
    if not part:
        return ""
    if part.replace("_", "a").isalnum() and part.isascii() and not part[0].isdigit() and part.upper() not in RESERVED:
        return part
    return "[" + part.replace("]", "]]") + "]"


def name_from_text(text: str, token: Token) -> Name:
    """The name that a string such as ``N'[dbo].[Orders].[Id]'`` stands for."""
    parts: list[str] = []
    at = 0
    length = len(text)
    while True:
        if at < length and text[at] in '["':
            close = "]" if text[at] == "[" else '"'
            piece: list[str] = []
            at += 1
            while at < length:
                end = text.find(close, at)
                if end < 0:
                    piece.append(text[at:])
                    at = length
                    break
                piece.append(text[at:end])
                at = end + 1
                if text[at : at + 1] == close:
                    piece.append(close)
                    at += 1
                    continue
                break
            parts.append("".join(piece))
        else:
            end = text.find(".", at)
            end = end if end >= 0 else length
            parts.append(text[at:end].strip())
            at = end
        while at < length and text[at] != ".":
            at += 1
        if at >= length:
            break
        at += 1
    return Name(tuple(parts), token)


@dataclass(frozen=True)
class Asked:
    """An object that a condition asks for. Names are in lower case."""

    kind: str
    """object (a table or a module), column, type or schema."""
    schema: str
    """Empty where the condition does not say it."""
    name: str
    """Of a column, that of its table."""
    part: str = ""
    """The column."""


@dataclass(frozen=True)
class Guard:
    """A condition that decides whether a statement runs."""

    word: str
    """IF, ELSE, WHILE, TRY or CATCH."""
    text: str
    """The condition's tokens in one spelling."""
    ident: int
    """Which one it is in its batch."""
    history: bool = False
    """Entity Framework Core's question whether a migration was already applied."""
    existence: bool = False
    """A question whether something exists."""
    migration: str = ""
    """The migration that a question to the history is about."""
    asked: Asked | None = None
    """What exists whenever the condition does not hold; None where that is not known."""


_EXISTENCE = (
    *("EXISTS", "OBJECT_ID", "COL_LENGTH", "INDEXPROPERTY", "SCHEMA_ID", "TYPE_ID", "COLUMNPROPERTY", "SYS ."),
    *("DATABASE_PRINCIPAL_ID", "USER_ID", "INFORMATION_SCHEMA", "OBJECTPROPERTY", "IS NULL", "IS NOT NULL"),
)


_MIGRATION = re.compile(r"MIGRATIONID = (\S+) \)")


def guard(word: str, text: str, ident: int, asked: Asked | None = None) -> Guard:
    history = word == "IF" and text.startswith("NOT EXISTS (") and "MIGRATIONID" in text
    existence = word in ("IF", "ELSE") and any(hint in text for hint in _EXISTENCE)
    hit = _MIGRATION.search(text) if history else None
    return Guard(word, text, ident, history, existence, hit.group(1) if hit else "", asked)


_NULLABLE_TYPES = frozenset(
    """bigint binary bit char character cursor date datetime datetime2 datetimeoffset dec decimal double float geography
    geometry hierarchyid image int integer json money national nchar ntext numeric nvarchar real smalldatetime smallint
    smallmoney sql_variant text time tinyint uniqueidentifier varbinary varchar vector xml""".split()  # noqa: SIM905
)
"""The system types, but for sysname and rowversion: a column of them without NULL or NOT NULL is nullable, since
ANSI_NULL_DFLT_ON is on for ODBC (documentation of SET ANSI_NULL_DFLT_ON)."""


@dataclass
class Column:
    """A column's definition, in CREATE TABLE or behind ADD or ALTER COLUMN."""

    name: str
    token: Token
    type_name: str = ""
    """Lower case, with the schema of a type that has one: ``nvarchar``, ``dbo.code``."""
    type_args: tuple[str, ...] = ()
    nullable: bool | None = None
    """None where neither NULL nor NOT NULL is written."""
    default: list[Token] | None = None
    default_name: str = ""
    computed: bool = False
    persisted: bool = False
    identity: bool = False
    with_values: bool = False
    check: bool = False
    condition: list[Token] = field(default_factory=list)
    """The tokens of its CHECK."""
    references: Name | None = None
    reference: list[Token] = field(default_factory=list)
    """The tokens from REFERENCES on, with columns and actions."""
    unique: bool = False
    primary_key: bool = False
    collate: str = ""
    """Name of its collation, where one is written."""
    generated: bool = False
    unnamed: list[str] = field(default_factory=list)
    """Constraints that have no name: DEFAULT, CHECK, ..."""

    @property
    def required(self) -> bool:
        """Whether the column takes no NULL, or may not take it.

        sysname is NOT NULL unless NULL is written; an alias type is as it was created.
        """
        if self.computed:
            return False
        if self.nullable is None:
            return self.primary_key or self.type_name.partition(" ")[0] not in _NULLABLE_TYPES
        return not self.nullable

    @property
    def stays_null(self) -> bool:
        """Whether the INSERT of a release that does not know the column leaves NULL in it."""
        return not self.required and self.default is None and not self.computed

    @property
    def type_text(self) -> str:
        return self.type_name + (f"({', '.join(self.type_args)})" if self.type_args else "")

    @property
    def full_type(self) -> str:
        """The type with its collation, which ALTER COLUMN resets to the database's where it does not name one."""
        return f"{self.type_text} COLLATE {self.collate}" if self.collate else self.type_text


@dataclass
class Action:
    """One of the things that an ALTER TABLE does, or a constraint of a CREATE TABLE."""

    kind: str
    token: Token
    name: str = ""
    """Of the column, constraint or trigger."""
    column: Column | None = None
    words: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    target: Name | None = None
    nocheck: bool = False
    options: dict[str, str] = field(default_factory=dict)
    condition: list[Token] = field(default_factory=list)
    """The tokens of a CHECK, or of a DEFAULT."""


@dataclass
class Module:
    """The procedure, view, function or trigger in whose body a statement stands."""

    kind: str
    name: Name | None
    verb: str
    """CREATE, ALTER or CREATE OR ALTER."""
    statement: Statement | None = None


@dataclass
class Statement:
    """One recognised statement. ``kind`` is its canonical first words; UNKNOWN is what no shape fits."""

    kind: str
    token: Token
    names: list[Name] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    words: tuple[str, ...] = ()
    flags: set[str] = field(default_factory=set)
    options: dict[str, str] = field(default_factory=dict)
    sources: list[Name] = field(default_factory=list)
    """Tables that FROM, JOIN, USING and the like name."""
    insert_columns: tuple[str, ...] | None = None
    guards: tuple[Guard, ...] = ()
    module: Module | None = None
    message: str = ""
    args: list[Argument] = field(default_factory=list)
    first: int = 0
    """Index of the first token in the batch."""
    last: int = 0
    """Index behind the last one."""
    nested: list[Nested] = field(default_factory=list)

    @property
    def name(self) -> Name | None:
        return self.names[0] if self.names else None


@dataclass
class Argument:
    """An argument of EXEC: its name, if it has one, and its value's token."""

    name: str
    token: Token


@dataclass
class Nested:
    """SQL text in a statement: the pieces of a string, literals and the variables between them."""

    pieces: list[Token]


RESERVED = frozenset(
    """ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK
    CHECKPOINT CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE
    CONVERT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC
    DEALLOCATE DECLARE DEFAULT DELETE DENY DESC DISK DISTINCT DISTRIBUTED DOUBLE DROP DUMP ELSE END ERRLVL
    ESCAPE EXCEPT EXEC EXECUTE EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT FREETEXTTABLE
    FROM FULL FUNCTION GOTO GRANT GROUP HAVING HOLDLOCK IDENTITY IDENTITY_INSERT IDENTITYCOL IF IN INDEX INNER
    INSERT INTERSECT INTO IS JOIN KEY KILL LEFT LIKE LINENO LOAD MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL
    NULLIF OF OFF OFFSETS ON OPEN OPENDATASOURCE OPENQUERY OPENROWSET OPENXML OPTION OR ORDER OUTER OVER PERCENT
    PIVOT PLAN PRECISION PRIMARY PRINT PROC PROCEDURE PUBLIC RAISERROR READ READTEXT RECONFIGURE REFERENCES
    REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK ROWCOUNT ROWGUIDCOL RULE SAVE SCHEMA
    SECURITYAUDIT SELECT SEMANTICKEYPHRASETABLE SEMANTICSIMILARITYDETAILSTABLE SEMANTICSIMILARITYTABLE
    SESSION_USER SET SETUSER SHUTDOWN SOME STATISTICS SYSTEM_USER TABLE TABLESAMPLE TEXTSIZE THEN TO TOP TRAN
    TRANSACTION TRIGGER TRUNCATE TRY_CONVERT TSEQUAL UNION UNIQUE UNPIVOT UPDATE UPDATETEXT USE USER VALUES
    VARYING VIEW WAITFOR WHEN WHERE WHILE WITH WITHIN WRITETEXT""".split()  # noqa: SIM905
)


def select_top(words: Sequence[Token]) -> str:
    """What a query limits its rows to, from the tokens that begin with SELECT.

    ``1000``, ``100 PERCENT``, ``@n``, ``?`` for an expression, '' for no TOP.
    """
    rest = [token for token in words[1:12] if token.key not in ("DISTINCT", "ALL")]
    if not rest or rest[0].key != "TOP":
        return ""
    number = rest[1:2]
    end = 2
    if number and number[0].key == "(":
        closing = next((at for at, token in enumerate(rest) if token.key == ")"), len(rest))
        number, end = rest[2:closing], closing + 1
    text = number[0].text if len(number) == 1 else "?"
    return text + (" PERCENT" if rest[end : end + 1] and rest[end].key == "PERCENT" else "")
