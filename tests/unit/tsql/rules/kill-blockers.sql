-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- kill-blockers: the application's transactions are killed.
-- Its requests fail.
-- Instead: ABORT_AFTER_WAIT = SELF.

--== catch: an index
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = BLOCKERS)));

--== catch [phase=contract]: a switch, in contract too
ALTER TABLE dbo.Things SWITCH TO dbo.Archive WITH (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = BLOCKERS));

--== catch: by hand
KILL 53;

--== near miss: the build gives way
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF)));

--== near miss: a column of that name
SELECT Blockers FROM dbo.Things;
