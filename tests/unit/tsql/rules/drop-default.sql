-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-default: a DEFAULT is dropped.
-- An INSERT of the running version that leaves the column out fails.
-- Instead: drop it in contract.

--== catch: a default by its name
ALTER TABLE dbo.Things DROP CONSTRAINT DF_Things_Colour;

--== catch: the name that SQL Server made up
ALTER TABLE [dbo].[Things] DROP CONSTRAINT [DF__Things__Colour__2B3F6F97];

--== catch: the old kind
DROP DEFAULT dbo.ZeroDefault;

--== catch: unbound
EXEC sp_unbindefault 'dbo.Things.Colour';

--== catch: looked up, as Entity Framework Core does
DECLARE @var1 nvarchar(max);
SELECT @var1 = QUOTENAME([d].[name])
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Url');
IF @var1 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT ' + @var1 + ';');

--== near miss: a foreign key
ALTER TABLE dbo.Things DROP CONSTRAINT FK_Things_Owners;

--== near miss [phase=contract]: in contract
ALTER TABLE dbo.Things DROP CONSTRAINT DF_Things_Colour;

--== catch: the default of a required column that this release added
ALTER TABLE dbo.Things ADD Score int NOT NULL CONSTRAINT Initial_Score DEFAULT (0);
ALTER TABLE dbo.Things DROP CONSTRAINT Initial_Score;

--== catch: added in one statement, under a name of its own
ALTER TABLE dbo.Things ADD Score int NOT NULL, CONSTRAINT Initial_Score DEFAULT (0) FOR Score;
GO
ALTER TABLE dbo.Things DROP CONSTRAINT Initial_Score;

--== near miss: another default takes its place
ALTER TABLE dbo.Things ADD Score int NOT NULL CONSTRAINT Initial_Score DEFAULT (0);
ALTER TABLE dbo.Things DROP CONSTRAINT Initial_Score;
ALTER TABLE dbo.Things ADD CONSTRAINT DF_Things_Score DEFAULT (1) FOR Score;

--== near miss: the default of a column that takes NULL, added by this release
ALTER TABLE dbo.Things ADD Score int NULL CONSTRAINT Initial_Score DEFAULT (0);
ALTER TABLE dbo.Things DROP CONSTRAINT Initial_Score;

--== catch: a constraint of unknown kind
ALTER TABLE dbo.Things DROP CONSTRAINT Things_Colour_Initial;

--== catch [live]: what the database has as a default, whatever its name
ALTER TABLE dbo.Things DROP CONSTRAINT CK_Things_Named_Wrong;

--== near miss [live]: what the database has as a CHECK, whatever its name
ALTER TABLE dbo.Things DROP CONSTRAINT DF_Things_Named_Wrong;
