-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- deadlock-priority: a script asks to win deadlocks.
-- The migration engine sets LOW, so that the running version's request survives a deadlock.
-- Instead: leave it out.

--== catch: high
SET DEADLOCK_PRIORITY HIGH;

--== catch: normal
SET DEADLOCK_PRIORITY NORMAL;

--== catch: a number above LOW
SET DEADLOCK_PRIORITY -4;

--== catch: a positive number
SET DEADLOCK_PRIORITY 10;

--== catch: a variable
DECLARE @p int = 10;
SET DEADLOCK_PRIORITY @p;

--== near miss: low
SET DEADLOCK_PRIORITY LOW;

--== near miss: lower still
SET DEADLOCK_PRIORITY -10;
