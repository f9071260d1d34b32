-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- alter-type: a column's type changes.
-- Rows may be rewritten under a schema lock, and the running version reads the type that it was built with.
-- Instead: a new column, kept in step by a trigger; widening a varchar(n) is harmless.

--== catch: another type
ALTER TABLE dbo.Things ALTER COLUMN Size bigint NULL;

--== catch: perhaps narrower: the present type is not known here
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(50) NOT NULL;

--== catch: another collation
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) COLLATE Latin1_General_CS_AS NULL;

--== catch [live]: narrower than it is
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(50) NOT NULL;

--== catch: masked
ALTER TABLE dbo.Things ALTER COLUMN Name ADD MASKED WITH (FUNCTION = 'default()');

--== near miss [live]: wider than it is
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(400) NOT NULL;

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
ALTER TABLE dbo.N ALTER COLUMN Id bigint NOT NULL;

--== near miss: a column of a table that this release creates
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY, Size int NULL);
GO
ALTER TABLE dbo.N ALTER COLUMN Size bigint NULL;

--== catch: a column of this release, on an older table
ALTER TABLE dbo.Things ADD Size int NULL;
GO
ALTER TABLE dbo.Things ALTER COLUMN Size bigint NULL;
