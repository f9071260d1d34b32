-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-rowversion: a rowversion column is added.
-- Every row is written under a schema lock.
-- Instead: a new table, or a column kept by a trigger.

--== catch: the plain form
ALTER TABLE dbo.Things ADD Version rowversion;

--== catch: under its old name
ALTER TABLE dbo.Things ADD Version timestamp NOT NULL;

--== catch: with no name of its own
ALTER TABLE dbo.Things ADD timestamp;

--== near miss: in a new table
CREATE TABLE dbo.N (Id int NOT NULL, Version rowversion NOT NULL);

--== near miss: a column of that name
ALTER TABLE dbo.Things ADD [rowversion] int NULL;
