# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is tried beside the one that still runs: the former schema, the scripts, the former statements.

In all texts `{T}` is the name of the table that the former release has, and `{N}` of one that the new release creates;
both are made unique, so that many cases share one database.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_ROWS = 5000
"""SQL Server escalates to a table lock when one statement holds so many (documentation of lock escalation)."""

TABLE = (
    "CREATE TABLE dbo.{T} (Id int IDENTITY(1,1) NOT NULL CONSTRAINT PK_{T} PRIMARY KEY, Name nvarchar(50) NOT NULL, "
    "Code nvarchar(20) NULL, Amount int NOT NULL CONSTRAINT DF_{T}_Amount DEFAULT (0));"
)
MODULES = (
    "CREATE PROCEDURE dbo.{T}_Add @Name nvarchar(50) AS INSERT dbo.{T} (Name) VALUES (@Name);",
    "CREATE PROCEDURE dbo.{T}_Find AS SELECT Id, Name, Code, Amount FROM dbo.{T};",
    "CREATE VIEW dbo.{T}_All AS SELECT Id, Name FROM dbo.{T};",
)
LONG_NAME, LONG_CODE = "n" * 50, "c" * 20
STATEMENTS = (
    "INSERT dbo.{T} (Name) VALUES (N'a')",
    "INSERT dbo.{T} (Name) VALUES (N'a')",
    "INSERT dbo.{T} (Name, Code, Amount) VALUES (N'b', NULL, 1)",
    f"INSERT dbo.{{T}} (Name, Code, Amount) VALUES (N'{LONG_NAME}', N'{LONG_CODE}', 2147483647)",
    "UPDATE dbo.{T} SET Name = N'c', Code = NULL, Amount = -1 WHERE Name = N'b'",
    "SELECT Id, Name, Code, Amount FROM dbo.{T}",
    "SELECT Id, Name FROM dbo.{T}_All",
    "EXEC dbo.{T}_Add N'd'",
    "EXEC dbo.{T}_Add @Name = N'e'",
    "EXEC dbo.{T}_Find",
    "DELETE FROM dbo.{T} WHERE Name = N'c'",
)
POSITIONAL = "INSERT dbo.{T} VALUES (N'p', NULL, 0)"
"""Only where the scripts add no column: no release may rely on positions beside one that does."""


@dataclass(frozen=True)
class Script:
    phase: str
    text: str


@dataclass(frozen=True)
class Case:
    ident: str
    scripts: tuple[Script, ...]
    rows: int = 3
    """Rows of the table before the release; none where SQL Server refuses the script on a table with rows."""
    earlier: tuple[Script, ...] = ()
    """Scripts that the former release applied itself."""
    statements: tuple[str, ...] = STATEMENTS
    former: tuple[str, ...] = ()
    """More of the former release's schema."""
    counted: bool = False
    """Whether rows touched by one transaction are what is asked for."""
    heeded: tuple[str, ...] = ("error",)
    """The severities of lint that are not a yes."""


@dataclass
class Outcome:
    """What the release that still runs has met."""

    ran: bool = True
    """Whether the engine applied every script; where it did not, nothing can be said."""
    message: str = ""
    broken: list[str] = field(default_factory=list)
    """Statements of the former release that failed or gave something else, and why."""
    most_rows: int = 0
    """The most rows that one transaction touched."""

    @property
    def harmless(self) -> bool:
        return not self.broken and self.most_rows <= MOST_ROWS
