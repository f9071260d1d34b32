-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- data-mass: rows are written all at once.
-- About 5,000 row locks escalate to a lock on the table, and the log grows by all of it.
-- Instead: batches of fewer than 5,000 rows.

--== catch: UPDATE with no WHERE
UPDATE dbo.Things SET Colour = N'red';

--== catch: DELETE with no WHERE
DELETE FROM dbo.Things;

--== catch: a WHERE that says nothing
DELETE FROM dbo.Things WHERE 1 = 1;

--== catch: joined, with no WHERE
UPDATE t SET t.Colour = o.Colour FROM dbo.Things AS t INNER JOIN dbo.Owners AS o ON o.OwnerId = t.OwnerId;

--== catch: TOP, but of too many
UPDATE TOP (100000) dbo.Things SET Colour = N'red';

--== catch: MERGE that deletes what its source does not have
MERGE dbo.Kinds AS t USING (VALUES (1, N'a')) AS s (Id, Name) ON t.Id = s.Id
WHEN NOT MATCHED BY SOURCE THEN DELETE;

--== catch [phase=contract]: in contract it is a warning
DELETE dbo.Things;

--== near miss [phase=backfill]: in rounds of the migration engine
-- migrate: batch 1000 pause 100ms
UPDATE TOP (1000) dbo.Things SET Colour = N'unpainted' WHERE Colour IS NULL;

--== near miss [phase=backfill]: in a loop, each statement in a transaction of its own
-- migrate: no-transaction
IF EXISTS (SELECT 1 FROM dbo.Things WHERE Colour IS NULL)
BEGIN
    WHILE 1 = 1
    BEGIN
        UPDATE TOP (4000) dbo.Things SET Colour = N'unpainted' WHERE Colour IS NULL;
        IF @@ROWCOUNT = 0 BREAK;
    END;
END;

--== catch [phase=backfill]: a loop in the script's one transaction
WHILE 1 = 1
BEGIN
    UPDATE TOP (4000) dbo.Things SET Colour = N'unpainted' WHERE Colour IS NULL;
    IF @@ROWCOUNT = 0 BREAK;
END;

--== catch: the same loop in expand
WHILE 1 = 1
BEGIN
    UPDATE TOP (4000) dbo.Things SET Size = 1 WHERE Colour = N'red';
    IF @@ROWCOUNT = 0 BREAK;
END;

--== catch [phase=backfill]: a WHERE, and no TOP
UPDATE dbo.Things SET Colour = N'red' WHERE Colour IS NULL;

--== catch [phase=backfill]: rounds of the engine that are all rows each
-- migrate: batch 1000 pause 100ms
UPDATE dbo.Things SET Colour = N'red' WHERE Colour IS NULL;

--== catch: rows that are not filled yet are all rows
UPDATE dbo.Things SET Colour = N'red' WHERE Colour IS NULL AND Name IS NOT NULL;

--== catch: a column of this release is NULL in every row
ALTER TABLE dbo.Things ADD Size int NULL;
GO
UPDATE t SET t.Name = N'x' FROM dbo.Things AS t WHERE t.Size IS NULL;

--== catch: a share of all rows
UPDATE TOP (50) PERCENT dbo.Things SET Colour = N'red' WHERE ThingId > 0;

--== catch: as many as a variable says
DECLARE @n int = 1000000;
DELETE TOP (@n) FROM dbo.Things WHERE ThingId > 0;

--== catch: as many as an expression says
DELETE TOP (10 * 1000) FROM dbo.Things WHERE ThingId > 0;

--== catch: a common table expression with too large a TOP
WITH c AS (SELECT TOP (1000000000) ThingId FROM dbo.Things) DELETE FROM c;

--== catch: a common table expression with a share
WITH c AS (SELECT TOP (100) PERCENT Colour FROM dbo.Things) UPDATE c SET Colour = N'red';

--== catch: a common table expression with a variable
DECLARE @n int = 100000;
WITH c AS (SELECT TOP (@n) Colour FROM dbo.Things ORDER BY ThingId) UPDATE c SET Colour = N'red';

--== catch: behind a CREATE that may not have run
IF OBJECT_ID(N'dbo.Things') IS NULL
    CREATE TABLE dbo.Things (ThingId int NOT NULL CONSTRAINT PK_Things PRIMARY KEY);
GO
DELETE FROM dbo.Things;

--== catch: rows that are copied
INSERT INTO dbo.Log (ThingId) SELECT ThingId FROM dbo.Things;

--== catch: rows that a procedure returns
INSERT INTO dbo.Log (ThingId) EXEC dbo.spFindAllThings;

--== catch: MERGE that only adds, from a table
MERGE dbo.Log AS t USING dbo.Things AS s ON t.ThingId = s.ThingId WHEN NOT MATCHED THEN INSERT (ThingId) VALUES (s.ThingId);

--== catch: a file
BULK INSERT dbo.Things FROM 'things.csv' WITH (TABLOCK);

--== near miss: a row that is not there yet
INSERT INTO dbo.Log (ThingId) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM dbo.Log WHERE ThingId = 1);

--== near miss: listed rows
INSERT INTO dbo.Log (ThingId) SELECT v.Id FROM (VALUES (1), (2)) AS v (Id);

--== near miss: copied into a table of one's own
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
INSERT INTO dbo.N (Id) SELECT ThingId FROM dbo.Things;

--== near miss: a limited copy
INSERT INTO dbo.Log (ThingId) SELECT TOP (1000) ThingId FROM dbo.Things ORDER BY ThingId;

--== near miss [phase=backfill, live]: one row by its key
UPDATE dbo.Things SET Colour = N'red' WHERE ThingId = 5;

--== near miss [phase=backfill, live]: some rows by their keys
UPDATE t SET t.Colour = N'red' FROM dbo.Things AS t WHERE t.ThingId IN (1, 2, 3) AND t.Name <> N'x';

--== catch [phase=backfill, live]: the key, or anything else
UPDATE dbo.Things SET Colour = N'red' WHERE ThingId = 5 OR Colour IS NULL;

--== catch [phase=backfill, live]: all keys but one
UPDATE dbo.Things SET Colour = N'red' WHERE ThingId NOT IN (5);

--== near miss [phase=backfill, live]: a small table
UPDATE dbo.Owners SET Name = UPPER(Name);

--== near miss: temporary tables and table variables
DECLARE @ids TABLE (Id int NOT NULL);
UPDATE #work SET Done = 1;
DELETE FROM @ids;

--== near miss: a new table
CREATE TABLE dbo.N (Id int NULL);
GO
UPDATE dbo.N SET Id = 1;

--== near miss: some rows
DELETE FROM dbo.Things WHERE ThingId = 5;

--== near miss [phase=backfill]: a common table expression with TOP
WITH todo AS (SELECT TOP (1000) Colour FROM dbo.Things WHERE Colour IS NULL) UPDATE todo SET Colour = N'red';

--== catch: joined to a temporary table, but not in a loop
UPDATE t SET t.Size = 1 FROM dbo.Things AS t INNER JOIN #all AS a ON a.ThingId = t.ThingId;

--== catch: an outer join leaves no row out
WHILE 1 = 1
    UPDATE t SET t.Size = 1 FROM dbo.Things AS t LEFT JOIN #batch AS b ON b.ThingId = t.ThingId;

--== near miss [phase=backfill]: joined to the keys of a batch
-- migrate: no-transaction
IF 1 = 1
WHILE 1 = 1
BEGIN
    DELETE FROM #batch;
    INSERT INTO #batch (ThingId) SELECT TOP (1000) ThingId FROM dbo.Things WHERE Size IS NULL;
    IF @@ROWCOUNT = 0 BREAK;
    UPDATE t SET t.Size = 1 FROM dbo.Things AS t INNER JOIN #batch AS b ON b.ThingId = t.ThingId;
END;

--== near miss [phase=contract]: a trigger's own rows
CREATE TRIGGER dbo.tr ON dbo.Things AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    UPDATE l SET l.Name = i.Name FROM dbo.Log2 AS l JOIN inserted AS i ON i.ThingId = l.ThingId;
END;

--== catch [phase=backfill, live]: all rows of a table, small or not
DELETE FROM dbo.Owners;

--== catch [phase=backfill]: any rows of a table, in rounds
-- migrate: batch 100 pause 10ms
DELETE TOP (100) FROM dbo.Things;

--== catch: a new column is filled, whatever the WHERE
ALTER TABLE dbo.Things ADD Size int NULL;
GO
UPDATE dbo.Things SET Size = 1 WHERE Colour = N'red';
