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

--== near miss [phase=backfill]: in batches
WHILE 1 = 1
BEGIN
    UPDATE TOP (4000) dbo.Things SET Colour = N'unpainted' WHERE Colour IS NULL;
    IF @@ROWCOUNT = 0 BREAK;
END;

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
