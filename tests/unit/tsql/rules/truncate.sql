-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- truncate: a table is emptied.
-- The rows are gone, under a schema lock.
-- Instead: contract.

--== catch: the plain form
TRUNCATE TABLE dbo.Things;

--== catch: no separator, odd casing
SELECT 1 AS One truncate TABLE [dbo].[Things]

--== catch: partitions
TRUNCATE TABLE dbo.Things WITH (PARTITIONS (1, 2 TO 4));

--== catch [phase=contract]: in contract it is a warning
TRUNCATE TABLE dbo.Things;

--== near miss: a temporary table
TRUNCATE TABLE #work;

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
TRUNCATE TABLE dbo.N;
