-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- wait: WAITFOR while the script holds locks.
-- The script's transaction keeps its locks while it waits, and the running version waits with it.
-- Instead: leave it out; -- migrate: batch ROWS pause MILLISECONDSms pauses between transactions.

--== catch: behind DDL
ALTER TABLE dbo.Things ADD Age int NULL;
WAITFOR DELAY '00:10:00';

--== catch: behind rows that were changed, in another batch
UPDATE TOP (10) dbo.Things SET Colour = N'red' WHERE Colour IS NULL;
GO
WAITFOR DELAY '00:00:01';

--== catch [phase=backfill]: before them, in one loop
WHILE 1 = 1
BEGIN
    WAITFOR DELAY '00:00:01';
    UPDATE TOP (10) dbo.Things SET Colour = N'red' WHERE Colour IS NULL;
    IF @@ROWCOUNT = 0 BREAK;
END;

--== catch [phase=contract]: in contract too
DROP TABLE dbo.Things;
WAITFOR TIME '03:00';

--== near miss: nothing is locked yet
WAITFOR DELAY '00:00:01';
ALTER TABLE dbo.Things ADD Age int NULL;

--== near miss [phase=backfill]: no transaction holds anything
-- migrate: no-transaction
IF EXISTS (SELECT 1 FROM dbo.Things WHERE Colour IS NULL)
BEGIN
    UPDATE TOP (10) dbo.Things SET Colour = N'red' WHERE Colour IS NULL;
    WAITFOR DELAY '00:00:01';
END;

--== near miss: only a table of one's own is locked
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
WAITFOR DELAY '00:00:01';
