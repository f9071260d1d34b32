-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-required: a new NOT NULL column has no default.
-- An INSERT of the running version fails.
-- Instead: nullable, or with a default; then a backfill; NOT NULL in contract.

--== catch: the plain form
ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL;

--== catch: the second of two
ALTER TABLE dbo.Things ADD Size int NULL, Weight decimal(9, 2) NOT NULL;

--== catch: with a CHECK in between
ALTER TABLE dbo.Things ADD Code char(4) CONSTRAINT CK_Code CHECK (Code <> '') NOT NULL

--== catch: a type of the database's own, executed
EXEC(N'ALTER TABLE dbo.Things ADD Code dbo.CodeType NOT NULL;');

--== catch: behind a CREATE that does nothing where the table exists
IF OBJECT_ID(N'dbo.Things') IS NULL CREATE TABLE dbo.Things (Id int NOT NULL);
GO
ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL;

--== near miss [live]: the same with the live schema, which does not have the table
IF OBJECT_ID(N'dbo.Fresh') IS NULL CREATE TABLE dbo.Fresh (Id int NOT NULL);
GO
ALTER TABLE dbo.Fresh ADD Code nvarchar(20) NOT NULL;

--== near miss: a default, behind such a CREATE
IF OBJECT_ID(N'dbo.Fresh') IS NULL CREATE TABLE dbo.Fresh (Id int NOT NULL);
GO
ALTER TABLE dbo.Fresh ADD Code nvarchar(20) NOT NULL CONSTRAINT DF_Fresh_Code DEFAULT (N'');

--== near miss: under the condition of the CREATE
IF OBJECT_ID(N'dbo.Fresh') IS NULL
BEGIN
    CREATE TABLE dbo.Fresh (Id int NOT NULL);
    ALTER TABLE dbo.Fresh ADD Code nvarchar(20) NOT NULL;
END;

--== near miss: nullable
ALTER TABLE dbo.Things ADD Code nvarchar(20) NULL;

--== near miss: with a default
ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL CONSTRAINT DF_Things_Code DEFAULT (N'');

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
ALTER TABLE dbo.N ADD Code nvarchar(20) NOT NULL;

--== near miss: a temporary table
ALTER TABLE #work ADD Code nvarchar(20) NOT NULL;

--== catch: sysname says NOT NULL by itself
ALTER TABLE dbo.Things ADD OwnerName sysname;

--== catch: an alias type may say it too
ALTER TABLE dbo.Things ADD Code dbo.Code;

--== near miss: sysname that says NULL
ALTER TABLE dbo.Things ADD OwnerName sysname NULL;

--== catch: a default of NULL is none
ALTER TABLE dbo.Things ADD Age int NOT NULL CONSTRAINT DF_Things_Age DEFAULT (NULL);

--== near miss: the default in the same statement
ALTER TABLE dbo.Things ADD Age int NOT NULL, CONSTRAINT DF_Things_Age DEFAULT (0) FOR Age;
