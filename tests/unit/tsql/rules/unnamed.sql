-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- unnamed: a constraint has no name.
-- Contract cannot name it later: the server made one up.
-- Instead: CONSTRAINT and a name.

--== catch: a default
ALTER TABLE dbo.Things ADD Size int NULL DEFAULT (0);

--== catch: keys and checks of a new table
CREATE TABLE dbo.N (Id int NOT NULL PRIMARY KEY, Size int NOT NULL CHECK (Size > 0), UNIQUE (Size));

--== catch: a foreign key
CREATE TABLE dbo.N (Id int NOT NULL, OwnerId int NULL REFERENCES dbo.Owners (OwnerId));

--== near miss: named
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY, Size int NOT NULL CONSTRAINT DF_N DEFAULT 0 CONSTRAINT CK_N CHECK (Size >= 0));

--== near miss: temporary tables
CREATE TABLE #work (Id int NOT NULL PRIMARY KEY, Done bit NOT NULL DEFAULT 0);
