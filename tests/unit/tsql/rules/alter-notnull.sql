-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- alter-notnull: a column becomes NOT NULL.
-- All rows are read under a schema lock, and the running version still writes NULL.
-- Instead: contract, after a backfill and a check for NULLs in the same transaction.

--== catch: the plain form
ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NOT NULL;

--== catch: Entity Framework Core's AlterColumn, its UPDATE included
UPDATE [Blogs] SET [Url] = N'' WHERE [Url] IS NULL;
ALTER TABLE [Blogs] ALTER COLUMN [Url] nvarchar(450) NOT NULL;
ALTER TABLE [Blogs] ADD DEFAULT N'' FOR [Url];

--== catch [phase=contract]: in contract it is a warning
ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NOT NULL;

--== near miss [live]: it is NOT NULL already
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(400) NOT NULL;

--== near miss: it becomes nullable
ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NULL;

--== near miss: a new table
CREATE TABLE dbo.N (Id int NULL);
ALTER TABLE dbo.N ALTER COLUMN Id int NOT NULL;

--== catch: a column of this release, on an older table
ALTER TABLE dbo.Things ADD Flag bit NULL;
GO
ALTER TABLE dbo.Things ALTER COLUMN Flag bit NOT NULL;

--== catch: the same, with a default: all rows are read under a schema lock
ALTER TABLE dbo.Things ADD Flag bit NULL CONSTRAINT DF_Things_Flag DEFAULT (0);
GO
ALTER TABLE dbo.Things ALTER COLUMN Flag bit NOT NULL;

--== catch: a table that only may be new
IF OBJECT_ID(N'dbo.Things') IS NULL CREATE TABLE dbo.Things (Flag bit NULL);
GO
ALTER TABLE dbo.Things ALTER COLUMN Flag bit NOT NULL;
