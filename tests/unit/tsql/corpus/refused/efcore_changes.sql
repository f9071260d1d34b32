-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What Entity Framework Core writes for the operations that change, rename and drop: recognised for what they do.
DECLARE @var0 sysname;
SELECT @var0 = [d].[name]
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Rating');
IF @var0 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT [' + @var0 + '];');
ALTER TABLE [Blogs] DROP COLUMN [Rating];
GO

DECLARE @var1 nvarchar(max);
SELECT @var1 = QUOTENAME([d].[name])
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Url');
IF @var1 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT ' + @var1 + ';');
UPDATE [Blogs] SET [Url] = N'' WHERE [Url] IS NULL;
ALTER TABLE [Blogs] ALTER COLUMN [Url] nvarchar(450) NOT NULL;
ALTER TABLE [Blogs] ADD DEFAULT N'' FOR [Url];
GO

DECLARE @var2 nvarchar(max);
SELECT @var2 = QUOTENAME(OBJECT_NAME([c].[default_object_id]))
FROM [sys].[columns] [c]
WHERE [c].[object_id] = OBJECT_ID(N'[Posts]') AND [c].[name] = N'Title';
IF @var2 IS NOT NULL EXEC(N'ALTER TABLE [Posts] DROP CONSTRAINT ' + @var2 + ';');
ALTER TABLE [Posts] ALTER COLUMN [Title] nvarchar(max) NULL;
GO

EXEC sp_rename N'[Blogs].[Url]', N'Address', N'COLUMN';
GO
EXEC sp_rename N'[Blogs].[Url]', N'Address', 'COLUMN';
GO
EXEC sp_rename N'[Blogs].[IX_Blogs_Url]', N'IX_Blogs_Address', N'INDEX';
GO
EXEC sp_rename N'[Blogs]', N'Journals', 'OBJECT';
GO
EXEC sp_rename N'[sales].[OrderNumbers]', N'Numbers';
GO
IF SCHEMA_ID(N'sales') IS NULL EXEC(N'CREATE SCHEMA [sales];');
ALTER SCHEMA [sales] TRANSFER [Blogs];
GO
DECLARE @defaultSchema sysname = SCHEMA_NAME();
EXEC(N'ALTER SCHEMA [' + @defaultSchema + N'] TRANSFER [sales].[Blogs];');
GO
DROP INDEX [IX_Blogs_Url] ON [Blogs];
GO
DROP TABLE [Posts];
GO
DROP SEQUENCE [OrderNumbers];
GO
DROP SCHEMA [sales];
GO
ALTER TABLE [Posts] DROP CONSTRAINT [FK_Posts_Blogs_BlogId];
GO
ALTER TABLE [Posts] DROP CONSTRAINT [PK_Posts];
GO
ALTER TABLE [Posts] ADD CONSTRAINT [PK_Posts] PRIMARY KEY NONCLUSTERED ([PostId]);
GO
ALTER TABLE [Posts] ADD CONSTRAINT [AK_Posts_Slug] UNIQUE ([Slug]);
GO
ALTER TABLE [Posts] ADD CONSTRAINT [CK_Posts_Length] CHECK (LEN([Title]) > 3);
GO
ALTER TABLE [Posts] ADD CONSTRAINT [FK_Posts_Blogs_BlogId] FOREIGN KEY ([BlogId]) REFERENCES [Blogs] ([BlogId]) ON DELETE SET NULL;
GO
ALTER TABLE [Posts] ADD [Views] int NOT NULL DEFAULT 0;
GO
ALTER TABLE [Posts] ADD [Version] rowversion NULL;
GO
ALTER TABLE [Posts] ADD [Total] AS [Views] * 2 PERSISTED;
GO
ALTER TABLE [Posts] ADD [Number] int NOT NULL IDENTITY(10, 5);
GO
CREATE UNIQUE INDEX [IX_Posts_Slug] ON [Posts] ([Slug]) WHERE [Slug] IS NOT NULL;
GO
ALTER SEQUENCE [OrderNumbers] RESTART WITH 100;
GO
ALTER SEQUENCE [sales].[OrderNumbers] INCREMENT BY 2 MINVALUE 1 MAXVALUE 9000 CYCLE;
GO
DELETE FROM [Blogs]
WHERE [BlogId] = 4;
SELECT @@ROWCOUNT;
GO
UPDATE [Blogs] SET [Url] = N'b', [Rating] = 5
WHERE [BlogId] = 1;
SELECT @@ROWCOUNT;
GO
IF SERVERPROPERTY('EngineEdition') <> 5
BEGIN
    ALTER DATABASE [Shop] SET READ_COMMITTED_SNAPSHOT ON;
END;
GO
ALTER TABLE [Staff] SET (SYSTEM_VERSIONING = OFF)
GO
ALTER TABLE [Staff] DROP PERIOD FOR SYSTEM_TIME
GO
ALTER TABLE [Staff] ADD [PeriodStart] datetime2 NOT NULL DEFAULT '0001-01-01T00:00:00.0000000';
GO
ALTER TABLE [Staff] ADD PERIOD FOR SYSTEM_TIME ([PeriodStart], [PeriodEnd])
GO
ALTER TABLE [Staff] ALTER COLUMN [PeriodStart] ADD HIDDEN
GO
DECLARE @historyTableSchema nvarchar(max) = QUOTENAME(SCHEMA_NAME())
EXEC(N'ALTER TABLE [Staff] SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = ' + @historyTableSchema + '.[StaffHistory]))')
GO
DECLARE @historyTableSchema2 sysname = SCHEMA_NAME()
EXEC(N'CREATE TABLE [People] (
    [Id] int NOT NULL IDENTITY,
    [Start] datetime2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    [End] datetime2 GENERATED ALWAYS AS ROW END HIDDEN NOT NULL,
    CONSTRAINT [PK_People] PRIMARY KEY ([Id]),
    PERIOD FOR SYSTEM_TIME([Start], [End])
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = [' + @historyTableSchema2 + N'].[PeopleHistory]))');
GO
DELETE FROM [__EFMigrationsHistory]
WHERE [MigrationId] = N'20260101000000_First';
GO
