-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- switch: a table's rows are switched away.
-- The rows are gone from where they were, under a schema lock.
-- Instead: contract.

--== catch: the plain form
ALTER TABLE dbo.Things SWITCH TO dbo.Archive;

--== catch: a partition
ALTER TABLE dbo.Things SWITCH PARTITION 3 TO dbo.Archive PARTITION 3;

--== catch: with low priority
ALTER TABLE dbo.Things SWITCH TO dbo.Archive WITH (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF));

--== near miss: out of a new table
CREATE TABLE dbo.N (Id int NOT NULL);
CREATE TABLE dbo.Archive (Id int NOT NULL);
GO
ALTER TABLE dbo.N SWITCH TO dbo.Archive;

--== near miss: a setting
ALTER TABLE dbo.Things SET (LOCK_ESCALATION = DISABLE);

--== catch: into a table that is in use
CREATE TABLE dbo.Stage (Id int NOT NULL);
ALTER TABLE dbo.Stage SWITCH TO dbo.Things PARTITION 3;
