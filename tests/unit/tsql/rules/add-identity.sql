-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-identity: an IDENTITY column is added.
-- Every row is written under a schema lock.
-- Instead: a new table, or a column kept by a trigger.

--== catch: the plain form
ALTER TABLE dbo.Things ADD Id int IDENTITY(1, 1) NOT NULL;

--== catch: without its numbers
ALTER TABLE dbo.Things ADD Id bigint IDENTITY;

--== catch: with a key
ALTER TABLE dbo.Things ADD Id int NOT NULL IDENTITY (1,1) CONSTRAINT PK_Things PRIMARY KEY

--== near miss: in a new table
CREATE TABLE dbo.N (Id int IDENTITY(1, 1) NOT NULL CONSTRAINT PK_N PRIMARY KEY);

--== near miss: a setting with a similar name
SET IDENTITY_INSERT dbo.Things ON;
