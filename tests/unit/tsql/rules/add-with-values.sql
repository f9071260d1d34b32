-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-with-values: WITH VALUES fills the column in every row.
-- Every row may be written under a schema lock.
-- Instead: leave WITH VALUES out, and backfill in batches.

--== catch: the plain form
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT DF_Things_Size DEFAULT (0) WITH VALUES;

--== catch: an expression
ALTER TABLE dbo.Things ADD Seen datetime2 NULL CONSTRAINT DF_Things_Seen DEFAULT SYSUTCDATETIME() WITH VALUES

--== catch: among others
ALTER TABLE dbo.Things ADD A int NULL, B int NULL CONSTRAINT DF_Things_B DEFAULT -1 WITH VALUES, C int NULL;

--== near miss: without
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT DF_Things_Size DEFAULT (0);

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
ALTER TABLE dbo.N ADD Size int NULL CONSTRAINT DF_N_Size DEFAULT (0) WITH VALUES;
