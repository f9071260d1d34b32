-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- trigger-off: triggers or all constraints are switched off.
-- What keeps old and new columns in step, or rows sound, stops.
-- Instead: leave them on.

--== catch: a trigger
DISABLE TRIGGER dbo.trThings ON dbo.Things;

--== catch: all of a table's, the other way
ALTER TABLE dbo.Things DISABLE TRIGGER ALL;

--== catch [phase=contract]: all constraints, in contract too
ALTER TABLE dbo.Things NOCHECK CONSTRAINT ALL;

--== catch: with nothing before it
SELECT 1 AS One DISABLE TRIGGER ALL ON dbo.Things

--== catch: of the database
DISABLE TRIGGER ALL ON DATABASE;

--== near miss: on again
ENABLE TRIGGER dbo.trThings ON dbo.Things;

--== near miss: a column of that name
SELECT Disable FROM dbo.Things;

--== catch: change tracking stops
ALTER TABLE dbo.Things DISABLE CHANGE_TRACKING;

--== catch: history stops
ALTER TABLE dbo.Things SET (SYSTEM_VERSIONING = OFF);
