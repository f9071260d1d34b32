-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- not-runnable: a script that the migration engine refuses to run.
-- Lint and engine read a script in the same way; the deployment would stop here.
-- Instead: as the message says.

--== catch: a variable without a value, in brackets
CREATE TABLE [$(AppSchema)].[Cart] (Id int NOT NULL CONSTRAINT PK_Cart PRIMARY KEY);

--== catch: a variable without a value, in a string
EXEC sys.sp_addextendedproperty N'Version', N'$(Version)';

--== catch: a directive of sqlcmd
:setvar Name x
SELECT 1 AS One;

--== catch: another script
:r more.sql
SELECT 1 AS One;

--== catch: what follows errors
:on error exit
SELECT 1 AS One;

--== catch: a header behind the first statement
SELECT 1 AS One;
-- migrate: no-transaction

--== catch: a header without its colon
-- migrate no-transaction
SELECT 1 AS One;

--== catch [phase=contract]: a header of another phase
-- migrate: batch 1000
UPDATE TOP ($(BatchSize)) dbo.Things SET Size = 0 WHERE Size IS NULL;

--== catch [phase=backfill]: rows that are not counted
-- migrate: batch 1000
SET NOCOUNT ON;
UPDATE TOP ($(BatchSize)) dbo.Things SET Size = 0 WHERE Size IS NULL;

--== catch: a script that is empty
-- nothing yet

--== near miss: a variable in a comment
SELECT 1 AS One; -- $(Name)
GO /* $(Name) */
SELECT 2 AS Two;

--== near miss [phase=backfill]: the header's own variable
-- migrate: batch 1000 pause 50ms
UPDATE TOP ($(BatchSize)) dbo.Things SET Size = 0 WHERE Size IS NULL;

--== near miss: prose about migrations
-- migrate the rows later
SELECT 1 AS One;
