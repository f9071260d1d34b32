-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-unique: a unique index or key on an existing table.
-- Duplicates that the running version may write fail from now on, and the build locks the table.
-- Instead: contract: check for duplicates first, then build it ONLINE.

--== catch: a unique index
CREATE UNIQUE INDEX UX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON);

--== catch: a unique constraint
ALTER TABLE dbo.Things ADD CONSTRAINT UQ_Things_Name UNIQUE NONCLUSTERED (Name);

--== catch: a primary key
ALTER TABLE dbo.Things ADD CONSTRAINT PK_Things PRIMARY KEY CLUSTERED (ThingId);

--== catch: with a new column
ALTER TABLE dbo.Things ADD Code int NULL UNIQUE;

--== catch: behind a CREATE that does nothing where the table exists
IF OBJECT_ID(N'dbo.Things', N'U') IS NULL CREATE TABLE dbo.Things (Name nvarchar(50) NULL);
GO
CREATE UNIQUE INDEX UX_Things_Name ON dbo.Things (Name);

--== near miss: a new table, behind the same condition
IF OBJECT_ID(N'dbo.N', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.N (Id int NOT NULL, CONSTRAINT PK_N PRIMARY KEY (Id));
    CREATE UNIQUE INDEX UX_N ON dbo.N (Id);
END

--== near miss [live]: a new table, guarded as usual, and the live schema does not have it
IF OBJECT_ID(N'dbo.N', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.N (Id int NOT NULL, CONSTRAINT PK_N PRIMARY KEY (Id));
END
GO
CREATE UNIQUE INDEX UX_N ON dbo.N (Id);

--== near miss: not unique
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON);
