# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CREATE under a condition may be new only where the condition asks for that very object, and for nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_text

TABLE = "CREATE TABLE dbo.T (Id int NOT NULL, Name nvarchar(50) NULL)"
INDEX = "\nGO\nCREATE INDEX IX ON dbo.T (Name);"

ASKS_FOR_IT = [
    "OBJECT_ID(N'dbo.T') IS NULL",
    "(OBJECT_ID(N'[dbo].[T]', N'U') IS NULL)",
    "object_id('T') is null",
    "OBJECT_ID('dbo.T') IS NULL AND OBJECT_ID('dbo.T', 'U') IS NULL",
    "NOT EXISTS (SELECT * FROM sys.tables WHERE name = 'T')",
    "NOT (EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'T'))",
    "NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'dbo' AND TABLE_NAME = 'T')",
    "NOT EXISTS (SELECT 1 FROM sys.tables t WHERE t.name = N'T' AND t.schema_id = SCHEMA_ID('dbo'))",
    "NOT EXISTS (SELECT 1 FROM [sys].[tables] WHERE [name] = N'T' AND SCHEMA_NAME([schema_id]) = N'dbo')",
    "NOT EXISTS (SELECT TOP (1) 1 FROM sys.tables AS t INNER JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "WHERE s.name = 'dbo' AND t.name = 'T')",
    "NOT EXISTS (SELECT * FROM sys.objects WHERE object_id = OBJECT_ID(N'[dbo].[T]') AND type IN (N'U'))",
    "NOT EXISTS (SELECT * FROM dbo.sysobjects WHERE id = OBJECT_ID(N'[dbo].[T]') AND "
    "OBJECTPROPERTY(id, N'IsUserTable') = 1)",
]
ASKS_FOR_ANOTHER_THING = [
    # another schema, database or kind
    "OBJECT_ID(N'old.T') IS NULL",
    "OBJECT_ID(N'Old.dbo.T') IS NULL",
    "NOT EXISTS (SELECT 1 FROM Old.sys.tables WHERE name = 'T')",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = 'T' AND schema_id = SCHEMA_ID('old'))",
    "NOT EXISTS (SELECT 1 FROM sys.schemas AS s JOIN sys.tables AS t ON t.schema_id = s.schema_id WHERE s.name = 'T')",
    "NOT EXISTS (SELECT 1 FROM sys.columns WHERE name = 'T')",
    "NOT EXISTS (SELECT 1 FROM dbo.Log WHERE Text = N'T')",
    "COL_LENGTH(N'dbo.Log', N'T') IS NULL",
    "COL_LENGTH(N'dbo.T', N'Id') IS NULL",
    # something beside it
    "OBJECT_ID(N'dbo.T') IS NULL AND DB_NAME() = 'Test'",
    "OBJECT_ID(N'dbo.T') IS NULL AND OBJECT_ID(N'dbo.U') IS NULL",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = 'T' OR name = 'U')",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name IN ('T', 'U'))",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE type IN ('U') OR name = 'T')",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name LIKE 'T%')",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = 'T' UNION SELECT 1)",
    "NOT EXISTS (SELECT COUNT(*) FROM sys.tables WHERE name = 'T')",
    # the contrary
    "OBJECT_ID(N'dbo.T') IS NOT NULL",
    "EXISTS (SELECT 1 FROM sys.tables WHERE name = N'T')",
    "NOT (NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = N'T'))",
    "OBJECT_ID(N'dbo.T') IS NULL PRINT 'x' ELSE",
    # what is not known
    "OBJECT_ID(@name) IS NULL",
    "OBJECT_ID(N'dbo.' + N'T') IS NULL",
    "NOT EXISTS (SELECT 1 FROM sys.tables WHERE name = @name)",
    "NOT EXISTS (SELECT 1 FROM sys.tables)",
]


def refused(text: str) -> list[str]:
    return [finding.rule for finding in check_text(text) if finding.severity == ERROR]


@pytest.mark.parametrize("condition", ASKS_FOR_IT)
def test_a_table_whose_condition_asks_for_it_may_be_new(condition: str) -> None:
    assert refused(f"IF {condition} {TABLE};{INDEX}") == []


@pytest.mark.parametrize("condition", ASKS_FOR_ANOTHER_THING)
def test_a_table_behind_another_condition_may_be_old(condition: str) -> None:
    assert "index-offline" in refused(f"IF {condition} {TABLE};{INDEX}")


@pytest.mark.parametrize("condition", ["", "NOT", "NOT ()", "NOT EXISTS ()", "IS NULL", "OBJECT_ID() IS NULL", "()"])
def test_a_condition_that_is_none(condition: str) -> None:
    assert refused(f"IF {condition} {TABLE};{INDEX}")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("IF TYPE_ID(N'dbo.Code') IS NULL CREATE TYPE dbo.Code FROM int;\nGO\nDROP TYPE dbo.Code;", "drop-module"),
        ("IF SCHEMA_ID(N'sales') IS NULL EXEC(N'CREATE SCHEMA sales');\nGO\nDROP SCHEMA sales;", "drop-schema"),
    ],
)
def test_a_guarded_create_is_no_excuse_to_drop_a_type_or_a_schema(text: str, rule: str) -> None:
    assert refused(text) == [rule]


@pytest.mark.parametrize(
    ("condition", "rules"),
    [
        ("COL_LENGTH(N'dbo.Things', N'Colour') IS NULL", []),
        ("COLUMNPROPERTY(OBJECT_ID(N'dbo.Things'), N'Colour', 'ColumnId') IS NULL", []),
        ("NOT EXISTS (SELECT 1 FROM sys.columns WHERE object_id = OBJECT_ID('Things') AND name = 'Colour')", []),
        ("NOT EXISTS (SELECT 1 FROM sys.columns WHERE name = 'Colour')", ["change-default"]),
        ("COL_LENGTH(N'dbo.Log', N'Colour') IS NULL", ["change-default"]),
        ("OBJECT_ID(N'dbo.Things') IS NULL", ["change-default"]),
    ],
)
def test_a_column_may_be_new_where_the_condition_asks_for_that_column(condition: str, rules: list[str]) -> None:
    text = f"IF {condition} ALTER TABLE dbo.Things ADD Colour int NULL;\nGO\n"
    found = check_text(f"{text}ALTER TABLE dbo.Things ADD CONSTRAINT DF DEFAULT 1 FOR Colour;")
    assert [finding.rule for finding in found] == rules
