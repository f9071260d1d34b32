-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- table-lock: a hint or an isolation level asks for a lock on a whole table or range.
-- The running version waits until the script's transaction ends.
-- Instead: leave the hint out; read and write by key.

--== catch: a query
SELECT COUNT(*) FROM dbo.Things WITH (TABLOCKX, HOLDLOCK);

--== catch: without WITH
SELECT COUNT(*) FROM dbo.Things (TABLOCK);

--== catch: in a condition
IF EXISTS (SELECT 1 FROM dbo.Things WITH (UPDLOCK, TABLOCKX) WHERE ThingId = 1) PRINT N'x';

--== catch: rows that are added
INSERT INTO dbo.Things WITH (TABLOCK) (ThingId, Name) VALUES (1, N'a');

--== catch: rows that are changed
UPDATE TOP (10) dbo.Things WITH (TABLOCKX) SET Colour = N'red' WHERE Colour IS NULL;

--== catch: a range, for an upsert
MERGE dbo.Things WITH (HOLDLOCK) AS t USING (VALUES (1, N'a')) AS s (ThingId, Name) ON t.ThingId = s.ThingId
WHEN NOT MATCHED THEN INSERT (ThingId, Name) VALUES (s.ThingId, s.Name);

--== catch: the isolation level
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;

--== catch [phase=contract]: in contract it is a warning
SELECT COUNT(*) FROM dbo.Things WITH (TABLOCKX);

--== near miss: rows only
SELECT Name FROM dbo.Things WITH (UPDLOCK, ROWLOCK, READPAST) WHERE ThingId = 1;

--== near miss: a table of one's own
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
GO
INSERT INTO dbo.N WITH (TABLOCK) (Id) VALUES (1);

--== near miss: temporary
SELECT Id FROM #work WITH (TABLOCKX);

--== near miss: a column of that name
CREATE TABLE dbo.Locks (Tablock int NULL, Holdlock int NULL);

--== near miss: the default isolation level
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
