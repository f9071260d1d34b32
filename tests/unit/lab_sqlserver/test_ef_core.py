# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts and statements as Entity Framework Core generates them."""

from __future__ import annotations

import re

from .conftest import Session

CLEAN = (
    "DROP TABLE IF EXISTS [Posts]; DROP TABLE IF EXISTS [Blogs]; DROP TABLE IF EXISTS [Journals]; DROP TABLE IF "
    "EXISTS [__EFMigrationsHistory]; "
    "DROP PROCEDURE IF EXISTS [GetBlogs]"
)
PLAIN = """
IF OBJECT_ID(N'[__EFMigrationsHistory]') IS NULL
BEGIN
    CREATE TABLE [__EFMigrationsHistory] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EFMigrationsHistory] PRIMARY KEY ([MigrationId])
    );
END;
GO

BEGIN TRANSACTION;
CREATE TABLE [Blogs] (
    [BlogId] int NOT NULL IDENTITY,
    [Url] nvarchar(450) NOT NULL,
    [Rating] int NULL,
    [Legacy] nvarchar(max) NULL,
    CONSTRAINT [PK_Blogs] PRIMARY KEY ([BlogId])
);

CREATE TABLE [Posts] (
    [PostId] int NOT NULL IDENTITY,
    [Title] nvarchar(200) NOT NULL,
    [BlogId] int NOT NULL,
    CONSTRAINT [PK_Posts] PRIMARY KEY ([PostId]),
    CONSTRAINT [FK_Posts_Blogs_BlogId] FOREIGN KEY ([BlogId]) REFERENCES [Blogs] ([BlogId]) ON DELETE CASCADE
);

CREATE INDEX [IX_Posts_BlogId] ON [Posts] ([BlogId]);

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20240101000000_Init', N'9.0.0');

COMMIT;
GO

BEGIN TRANSACTION;
DECLARE @var0 sysname;
SELECT @var0 = [d].[name]
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Legacy');
IF @var0 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT [' + @var0 + '];');
ALTER TABLE [Blogs] DROP COLUMN [Legacy];

ALTER TABLE [Blogs] ADD [Created] datetime2 NOT NULL DEFAULT '0001-01-01T00:00:00.0000000';

EXEC sp_rename N'[Posts].[Title]', N'Headline', 'COLUMN';

DECLARE @var1 sysname;
SELECT @var1 = [d].[name]
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Rating');
IF @var1 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT [' + @var1 + '];');
UPDATE [Blogs] SET [Rating] = 0 WHERE [Rating] IS NULL;
ALTER TABLE [Blogs] ALTER COLUMN [Rating] int NOT NULL;
ALTER TABLE [Blogs] ADD DEFAULT 0 FOR [Rating];

CREATE UNIQUE INDEX [IX_Blogs_Url] ON [Blogs] ([Url]) WHERE [Url] IS NOT NULL;

IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'BlogId', N'Url') AND [object_id] =
    OBJECT_ID(N'[Blogs]'))
    SET IDENTITY_INSERT [Blogs] ON;
INSERT INTO [Blogs] ([BlogId], [Url])
VALUES (1, N'http://one'),
(2, N'http://two');
IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'BlogId', N'Url') AND [object_id] =
    OBJECT_ID(N'[Blogs]'))
    SET IDENTITY_INSERT [Blogs] OFF;

UPDATE [Blogs] SET [Url] = N'http://uno'
WHERE [BlogId] = 1;
SELECT @@ROWCOUNT;

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20240201000000_Second', N'9.0.0');

COMMIT;
GO
"""
IDEMPOTENT = """
IF OBJECT_ID(N'[__EFMigrationsHistory]') IS NULL
BEGIN
    CREATE TABLE [__EFMigrationsHistory] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EFMigrationsHistory] PRIMARY KEY ([MigrationId])
    );
END;
GO

BEGIN TRANSACTION;
IF NOT EXISTS (
    SELECT * FROM [__EFMigrationsHistory]
    WHERE [MigrationId] = N'20240301000000_Third'
)
BEGIN
    EXEC sp_rename N'[Blogs]', N'Journals', 'OBJECT';
END;

IF NOT EXISTS (
    SELECT * FROM [__EFMigrationsHistory]
    WHERE [MigrationId] = N'20240301000000_Third'
)
BEGIN
    EXEC(N'CREATE PROCEDURE [GetBlogs] AS SELECT [BlogId], [Url] FROM [Journals]');
END;

IF NOT EXISTS (
    SELECT * FROM [__EFMigrationsHistory]
    WHERE [MigrationId] = N'20240301000000_Third'
)
BEGIN
    INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
    VALUES (N'20240301000000_Third', N'9.0.0');
END;

COMMIT;
GO
"""


def run_script(session: Session, script: str) -> None:
    for batch in re.split(r"(?m)^GO\s*$", script):
        if batch.strip():
            out = session.run(batch)
            assert not any(isinstance(part, tuple) and part[0] == "error" for part in out), out


def test_scripts(either: Session) -> None:
    assert either.error(CLEAN) == 0
    run_script(either, PLAIN)
    assert either.rows("SELECT [MigrationId] FROM [__EFMigrationsHistory] ORDER BY 1") == [
        ("20240101000000_Init",),
        ("20240201000000_Second",),
    ]
    assert either.rows(
        "SELECT c.name FROM sys.columns c WHERE c.object_id = OBJECT_ID('Blogs') ORDER BY c.column_id"
    ) == [
        ("BlogId",),
        ("Url",),
        ("Rating",),
        ("Created",),
    ]
    assert either.rows("SELECT BlogId, Url, Rating FROM Blogs ORDER BY BlogId") == [
        (1, "http://uno", 0),
        (2, "http://two", 0),
    ]
    assert either.rows("INSERT INTO [Blogs] ([Url]) OUTPUT INSERTED.[BlogId] VALUES (N'http://three')") == [(3,)]
    run_script(either, IDEMPOTENT)
    run_script(either, IDEMPOTENT)
    assert (1, "http://uno") in either.rows("EXEC GetBlogs")
    assert either.value("SELECT @@TRANCOUNT") == 0


def test_saving_changes(either: Session) -> None:
    """What SaveChanges sends."""
    either.run(
        "DROP TABLE IF EXISTS [Items]; CREATE TABLE [Items] ([Id] int NOT NULL IDENTITY, [Name] nvarchar(50) NOT "
        "NULL, [Version] rowversion "
        "NOT NULL, [On] bit NOT NULL, CONSTRAINT [PK_Items] PRIMARY KEY ([Id]))"
    )
    inserted = either.run(
        "SET IMPLICIT_TRANSACTIONS OFF; SET NOCOUNT ON; INSERT INTO [Items] ([Name], [On]) OUTPUT INSERTED.[Id], "
        "INSERTED.[Version] "
        "VALUES (?, ?)",
        "first",
        True,
    )
    ((number, version),) = inserted[0]
    assert number == 1 and len(version) == 8
    merged = either.run(
        "SET NOCOUNT ON; MERGE [Items] USING (VALUES (?, ?, 0), (?, ?, 1)) AS i ([Name], [On], _Position) ON 1=0 "
        "WHEN NOT MATCHED THEN INSERT "
        "([Name], [On]) VALUES (i.[Name], i.[On]) OUTPUT INSERTED.[Id], i._Position;",
        "a",
        False,
        "b",
        True,
    )
    assert merged == [[(2, 0), (3, 1)]]
    update = "SET NOCOUNT ON; UPDATE [Items] SET [Name] = ? OUTPUT INSERTED.[Version] WHERE [Id] = ? AND [Version] = ?"
    assert len(either.rows(update, "second", 1, version)) == 1
    assert either.rows(update, "third", 1, version) == []  # changed by somebody else in between
    assert either.rows(
        "SELECT [i].[Id], [i].[Name] FROM [Items] AS [i] WHERE [i].[On] = CAST(1 AS bit) ORDER BY [i].[Id] OFFSET ? "
        "ROWS FETCH "
        "NEXT ? ROWS ONLY",
        1,
        10,
    ) == [(3, "b")]
    assert either.rows(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM [Items] AS [i] WHERE [i].[Name] LIKE N'%con%') THEN CAST(1 AS bit) "
        "ELSE CAST(0 AS "
        "bit) END"
    ) == [(True,)]
    assert either.rows(
        "SELECT TOP(1) [i].[Name] FROM [Items] AS [i] WHERE [i].[Id] IN (SELECT [v].[value] FROM OPENJSON(?) WITH "
        "([value] int '$') "
        "AS [v]) ORDER BY [i].[Id] DESC",
        "[1,2]",
    ) == [("a",)]
    assert either.run("SET NOCOUNT ON; DELETE FROM [Items] OUTPUT 1 WHERE [Id] = ?", 2) == [[(1,)]]
