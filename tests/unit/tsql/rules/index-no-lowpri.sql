-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- index-no-lowpri: ONLINE without WAIT_AT_LOW_PRIORITY.
-- The lock at the build's end queues everyone behind it.
-- Instead: WAIT_AT_LOW_PRIORITY with ABORT_AFTER_WAIT = SELF (SQL Server 2022 and newer).

--== catch: the plain form
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON);

--== catch: rebuilt
ALTER INDEX IX_Things_Name ON dbo.Things REBUILD WITH (ONLINE = ON);

--== catch: the table
ALTER TABLE dbo.Things REBUILD WITH (ONLINE = ON);

--== near miss: with it
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF)));

--== near miss [version=2019]: before SQL Server 2022 CREATE INDEX does not know it
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON);
