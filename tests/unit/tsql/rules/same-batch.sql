-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- same-batch: a column is added and used in one batch.
-- The batch is compiled before the column is there: error 207.
-- Instead: GO between the two, or EXEC('...').

--== catch: added and filled
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
UPDATE dbo.Things SET Colour = N'red' WHERE ThingId = 1;

--== catch: added and read, bracketed
ALTER TABLE dbo.Things ADD [Colour] nvarchar(30) NULL
SELECT t.[colour] FROM dbo.Things AS t

--== catch [phase=contract]: written to
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
INSERT INTO dbo.Things (Name, Colour) VALUES (N'a', N'b');

--== near miss: in two batches
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
GO
SELECT Colour FROM dbo.Things;

--== near miss: executed
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
EXEC(N'SELECT Colour FROM dbo.Things;');

--== near miss: of another table
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
SELECT Colour FROM dbo.Owners;
