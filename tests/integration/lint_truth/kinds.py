# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of changes, and every way in which a release may place them: which table, file, phase and guard."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from .case import POSITIONAL, STATEMENTS, Case, Script

_FILL = "UPDATE TOP (100) dbo.{X} SET C = 1 WHERE C IS NULL;"


@dataclass(frozen=True)
class Kind:
    """A change in two steps: what the release creates, and what it does with it then."""

    name: str
    second: tuple[str, ...]
    first: tuple[str, ...] = ()
    rows: int = 3
    former: tuple[str, ...] = ()
    tables: tuple[str, ...] = ("old", "new")
    guards: bool = True
    """Whether its statements can stand behind an IF."""
    uses: str = ""
    """A statement with the new column: the former release's, where it is the one that created the column."""


def _on_new_column(name: str, column: str, *second: str, **options: object) -> Kind:
    return Kind(
        name,
        second,
        (f"ALTER TABLE dbo.{{X}} ADD C {column};",),
        uses="UPDATE dbo.{T} SET C = 1 WHERE Name = N'a'",
        **options,  # type: ignore[arg-type]
    )


_NAMED = "int NOT NULL CONSTRAINT DF_{X}_C DEFAULT (0)"
_ADD_PROCEDURE = "CREATE OR ALTER PROCEDURE dbo.{T}_Add "
_GUARDED_CREATE = (
    "IF OBJECT_ID(N'dbo.{T}') IS NULL CREATE TABLE dbo.{T} (Id int NOT NULL CONSTRAINT PK_{T} PRIMARY KEY);"
)
KINDS = (
    # a new column of an older table belongs to both releases
    _on_new_column("new column made NOT NULL", "int NULL", _FILL, "ALTER TABLE dbo.{X} ALTER COLUMN C int NOT NULL;"),
    _on_new_column("new bit made NOT NULL", "bit NULL", _FILL, "ALTER TABLE dbo.{X} ALTER COLUMN C bit NOT NULL;"),
    _on_new_column(
        "new column with a default made NOT NULL",
        "int NULL CONSTRAINT DF_{X}_C DEFAULT (0)",
        _FILL,
        "ALTER TABLE dbo.{X} ALTER COLUMN C int NOT NULL;",
    ),
    _on_new_column("its default dropped", _NAMED, "ALTER TABLE dbo.{X} DROP CONSTRAINT DF_{X}_C;"),
    _on_new_column(
        "its default of another name dropped",
        "int NOT NULL CONSTRAINT {X}_Zero DEFAULT (0)",
        "ALTER TABLE dbo.{X} DROP CONSTRAINT {X}_Zero;",
    ),
    _on_new_column(
        "a default that came later dropped",
        "int NULL",
        "ALTER TABLE dbo.{X} ADD CONSTRAINT DF_{X}_C DEFAULT (0) FOR C;",
        _FILL,
        "ALTER TABLE dbo.{X} ALTER COLUMN C int NOT NULL;",
        "ALTER TABLE dbo.{X} DROP CONSTRAINT DF_{X}_C;",
    ),
    _on_new_column(
        "default dropped where NULL is allowed",
        "int NULL CONSTRAINT DF_{X}_C DEFAULT (0)",
        "ALTER TABLE dbo.{X} DROP CONSTRAINT DF_{X}_C;",
    ),
    _on_new_column(
        "a CHECK that the default breaks",
        _NAMED,
        "ALTER TABLE dbo.{X} WITH NOCHECK ADD CONSTRAINT CK_{X}_C CHECK (C > 0);",
    ),
    _on_new_column(
        "a CHECK that NULL passes",
        "int NULL",
        "ALTER TABLE dbo.{X} WITH NOCHECK ADD CONSTRAINT CK_{X}_C CHECK (C > 0);",
    ),
    _on_new_column(
        "a CHECK that NULL breaks",
        "int NULL",
        "ALTER TABLE dbo.{X} WITH NOCHECK ADD CONSTRAINT CK_{X}_C CHECK (C IS NOT NULL);",
    ),
    _on_new_column(
        "a UNIQUE that the default breaks",
        _NAMED,
        "ALTER TABLE dbo.{X} ADD CONSTRAINT UQ_{X}_C UNIQUE (C);",
        rows=1,
    ),
    _on_new_column(
        "a UNIQUE that the second NULL breaks",
        "int NULL",
        "ALTER TABLE dbo.{X} ADD CONSTRAINT UQ_{X}_C UNIQUE (C);",
        rows=1,
    ),
    _on_new_column(
        "a unique index that the second NULL breaks", "int NULL", "CREATE UNIQUE INDEX UX_{X}_C ON dbo.{X} (C);", rows=1
    ),
    _on_new_column(
        "a unique index without NULLs",
        "int NULL",
        "CREATE UNIQUE INDEX UX_{X}_C ON dbo.{X} (C) WHERE C IS NOT NULL;",
    ),
    _on_new_column(
        "a foreign key to an empty table that the default breaks",
        _NAMED,
        "CREATE TABLE dbo.{X}P (Id int NOT NULL CONSTRAINT PK_{X}P PRIMARY KEY);",
        "ALTER TABLE dbo.{X} WITH NOCHECK ADD CONSTRAINT FK_{X}_C FOREIGN KEY (C) REFERENCES dbo.{X}P (Id);",
    ),
    _on_new_column(
        "a foreign key to a new table that NULL passes",
        "int NULL",
        "CREATE TABLE dbo.{X}P (Id int NOT NULL CONSTRAINT PK_{X}P PRIMARY KEY);",
        "ALTER TABLE dbo.{X} WITH NOCHECK ADD CONSTRAINT FK_{X}_C FOREIGN KEY (C) REFERENCES dbo.{X}P (Id);",
    ),
    _on_new_column("new column dropped again", "int NULL", "ALTER TABLE dbo.{X} DROP COLUMN C;"),
    _on_new_column("new column renamed", "int NULL", "EXEC sp_rename N'dbo.{X}.C', N'D', N'COLUMN';"),
    _on_new_column("new column of another type", "int NULL", "ALTER TABLE dbo.{X} ALTER COLUMN C bigint NULL;"),
    # what is NOT NULL without saying so
    Kind("a required column", ("ALTER TABLE dbo.{X} ADD C int NOT NULL;",), rows=0),
    Kind(
        "a default of NULL",
        ("ALTER TABLE dbo.{X} ADD C int NOT NULL CONSTRAINT DF_{X}_C DEFAULT (NULL);",),
        rows=0,
    ),
    Kind("sysname", ("ALTER TABLE dbo.{X} ADD C sysname;",), rows=0),
    Kind("sysname NULL", ("ALTER TABLE dbo.{X} ADD C sysname NULL;",)),
    Kind("sysname with a default", ("ALTER TABLE dbo.{X} ADD C sysname CONSTRAINT DF_{X}_C DEFAULT (N'');",)),
    Kind(
        "an alias type that is NOT NULL",
        ("CREATE TYPE dbo.{X}Flag FROM bit NOT NULL;", "ALTER TABLE dbo.{X} ADD C dbo.{X}Flag;"),
        rows=0,
    ),
    Kind(
        "an alias type of the former release",
        ("ALTER TABLE dbo.{X} ADD C dbo.{T}Flag;",),
        rows=0,
        former=("CREATE TYPE dbo.{T}Flag FROM bit NOT NULL;",),
    ),
    Kind("a column of no stated nullability", ("ALTER TABLE dbo.{X} ADD C int;",)),
    Kind("ANSI_NULL_DFLT_ON OFF", ("SET ANSI_NULL_DFLT_ON OFF; ALTER TABLE dbo.{X} ADD C int;",), rows=0, guards=False),
    # what the former release has
    Kind("column dropped", ("ALTER TABLE dbo.{T} DROP COLUMN Code;",), tables=("old",)),
    Kind("column renamed", ("EXEC sp_rename N'dbo.{T}.Code', N'Kode', N'COLUMN';",), tables=("old",)),
    Kind("column narrowed", ("ALTER TABLE dbo.{T} ALTER COLUMN Name nvarchar(10) NOT NULL;",), tables=("old",)),
    Kind("column widened", ("ALTER TABLE dbo.{T} ALTER COLUMN Code nvarchar(40) NULL;",), tables=("old",)),
    Kind(
        "column made NOT NULL",
        (
            "UPDATE TOP (100) dbo.{T} SET Code = N'' WHERE Code IS NULL;",
            "ALTER TABLE dbo.{T} ALTER COLUMN Code nvarchar(20) NOT NULL;",
        ),
        tables=("old",),
    ),
    Kind("column made nullable", ("ALTER TABLE dbo.{T} ALTER COLUMN Name nvarchar(50) NULL;",), tables=("old",)),
    Kind("default dropped", ("ALTER TABLE dbo.{T} DROP CONSTRAINT DF_{T}_Amount;",), tables=("old",)),
    Kind(
        "constraint of another name dropped",
        ("ALTER TABLE dbo.{T} DROP CONSTRAINT {T}_Zero;",),
        tables=("old",),
        former=(
            "ALTER TABLE dbo.{T} DROP CONSTRAINT DF_{T}_Amount;",
            "ALTER TABLE dbo.{T} ADD CONSTRAINT {T}_Zero DEFAULT (0) FOR Amount;",
        ),
    ),
    Kind(
        "CHECK that is too strict",
        ("ALTER TABLE dbo.{T} WITH NOCHECK ADD CONSTRAINT CK_{T} CHECK (Amount >= 0);",),
        tables=("old",),
    ),
    Kind("UNIQUE on what repeats", ("CREATE UNIQUE INDEX UX_{T} ON dbo.{T} (Name);",), rows=1, tables=("old",)),
    Kind(
        "foreign key on what exists",
        (
            "CREATE TABLE dbo.{T}P (Id int NOT NULL CONSTRAINT PK_{T}P PRIMARY KEY);",
            "ALTER TABLE dbo.{T} WITH NOCHECK ADD CONSTRAINT FK_{T} FOREIGN KEY (Amount) REFERENCES dbo.{T}P (Id);",
        ),
        tables=("old",),
    ),
    Kind("table dropped", ("DROP TABLE dbo.{T};",), tables=("old",)),
    Kind("table renamed", ("EXEC sp_rename N'dbo.{T}', N'{T}Old';",), tables=("old",)),
    Kind("table truncated", ("TRUNCATE TABLE dbo.{T};",), tables=("old",)),
    Kind("rows deleted", ("DELETE FROM dbo.{T};",), tables=("old",)),
    Kind("view dropped", ("DROP VIEW dbo.{T}_All;",), tables=("old",)),
    Kind("procedure dropped", ("DROP PROCEDURE dbo.{T}_Add;",), tables=("old",)),
    Kind(
        "procedure with one more required parameter",
        (_ADD_PROCEDURE + "@Name nvarchar(50), @More int AS INSERT dbo.{T} (Name, Amount) VALUES (@Name, @More);",),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "procedure whose parameter has another name",
        (_ADD_PROCEDURE + "@Title nvarchar(50) AS INSERT dbo.{T} (Name) VALUES (@Title);",),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "procedure with fewer columns",
        ("CREATE OR ALTER PROCEDURE dbo.{T}_Find AS SELECT Id, Name FROM dbo.{T};",),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "procedure of another name",
        ("CREATE PROCEDURE dbo.{T}_Add_2 @Name nvarchar(50), @More int AS INSERT dbo.{T} (Name) VALUES (@Name);",),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "trigger that refuses",
        ("CREATE TRIGGER dbo.{T}_Tr ON dbo.{T} AFTER INSERT AS THROW 50001, N'refused', 1;",),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "trigger instead of INSERT",
        ("CREATE TRIGGER dbo.{T}_Tr ON dbo.{T} INSTEAD OF INSERT AS SET NOCOUNT ON;",),
        tables=("old",),
        guards=False,
    ),
    # a CREATE that does nothing when the object exists proves nothing
    Kind(
        "rows deleted behind a guarded CREATE",
        ("DELETE FROM dbo.{T};",),
        (_GUARDED_CREATE,),
        tables=("old",),
    ),
    Kind(
        "table dropped behind a guarded CREATE",
        ("DROP TABLE dbo.{T};",),
        (_GUARDED_CREATE,),
        tables=("old",),
    ),
    Kind(
        "required column behind a guarded CREATE",
        ("ALTER TABLE dbo.{T} ADD C int NOT NULL;",),
        (_GUARDED_CREATE,),
        rows=0,
        tables=("old",),
    ),
    Kind(
        "CHECK behind a guarded CREATE",
        ("ALTER TABLE dbo.{T} WITH NOCHECK ADD CONSTRAINT CK_{T} CHECK (Amount >= 0);",),
        (_GUARDED_CREATE,),
        tables=("old",),
    ),
    Kind(
        "UNIQUE behind a guarded CREATE",
        ("CREATE UNIQUE INDEX UX_{T} ON dbo.{T} (Name);",),
        (_GUARDED_CREATE,),
        rows=1,
        tables=("old",),
    ),
    Kind(
        "trigger behind a guarded CREATE",
        ("CREATE TRIGGER dbo.{T}_Tr ON dbo.{T} AFTER INSERT AS SET NOCOUNT ON; THROW 50001, N'no', 1;",),
        (_GUARDED_CREATE,),
        tables=("old",),
        guards=False,
    ),
    Kind(
        "column dropped behind a guarded ADD",
        ("ALTER TABLE dbo.{T} DROP COLUMN Code;",),
        ("IF COL_LENGTH(N'dbo.{T}', N'Code') IS NULL ALTER TABLE dbo.{T} ADD Code nvarchar(20) NULL;",),
        tables=("old",),
    ),
    Kind(
        "procedure dropped behind a guarded CREATE",
        ("DROP PROCEDURE dbo.{T}_Add;",),
        ("IF OBJECT_ID(N'dbo.{T}_Add') IS NULL EXEC (N'CREATE PROCEDURE dbo.{T}_Add AS RETURN 0');",),
        tables=("old",),
    ),
)

GUARDS = {
    "no guard": "",
    "asks for the table": "IF OBJECT_ID(N'dbo.{X}') IS NOT NULL ",
    "asks for another object": "IF OBJECT_ID(N'dbo.{T}Nothing') IS NULL ",
    "asks for the column": "IF COL_LENGTH(N'dbo.{X}', N'Nothing') IS NULL ",
}
PLACES = ("one file", "two files", "backfill", "earlier")
_NEW_TABLE = (
    "CREATE TABLE dbo.{N} (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_{N} PRIMARY KEY, Name nvarchar(50) NOT NULL);"
)


def case_of(kind: Kind, table: str, place: str, guard: str) -> Case | None:
    """The case, or None where the choices do not go together."""
    if (guard != "no guard" and not kind.guards) or (place == "earlier" and not (kind.first and kind.uses)):
        return None
    if (place == "two files" and not kind.first and table == "old") or (place == "earlier" and table == "new"):
        return None
    if kind.first and kind.rows < Kind.rows and place in ("two files", "backfill"):
        return None  # the former release writes rows in between
    name = "{T}" if table == "old" else "{N}"
    first = [*([_NEW_TABLE] if table == "new" else []), *kind.first]
    second = [GUARDS[guard] + statement for statement in kind.second]
    first, second = ([text.replace("{X}", name) for text in step] for step in (first, second))
    together = "\nGO\n".join
    scripts: tuple[Script, ...]
    earlier: tuple[Script, ...] = ()
    if place == "one file":
        scripts = (Script("expand", together([*first, *second])),)
    elif place == "earlier":
        earlier, scripts = (Script("expand", together(first)),), (Script("expand", together(second)),)
    else:
        phase = "expand" if place == "two files" else "backfill"
        scripts = (*([Script("expand", together(first))] if first else []), Script(phase, together(second)))
    adds = any(" ADD C " in text or "ADD Code" in text for text in (*kind.first, *kind.second)) and table == "old"
    statements = STATEMENTS if adds else (*STATEMENTS, POSITIONAL)
    if place == "earlier":
        statements = (*statements, kind.uses)
    return Case(
        f"{kind.name}; {table} table; {place}; {guard}",
        scripts,
        rows=kind.rows,
        earlier=earlier,
        statements=statements,
        former=kind.former,
    )


def cases() -> Iterator[Case]:
    """Every combination, in a fixed order."""
    for kind in KINDS:
        for table, place, guard in itertools.product(kind.tables, PLACES, GUARDS):
            case = case_of(kind, table, place, guard)
            if case is not None:
                yield case


def one_of_each() -> Iterator[Case]:
    """One case of each kind on the older table, in a place and behind a guard that change from kind to kind."""
    for number, kind in enumerate(KINDS):
        made = (case_of(kind, "old", place, guard) for place, guard in itertools.product(PLACES, GUARDS))
        fitting = [case for case in made if case is not None]
        yield fitting[number * 7 % len(fitting)]
