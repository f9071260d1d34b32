-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-index: an index is dropped or disabled.
-- The running version's queries turn into scans, and those that name the index in a hint fail.
-- Instead: drop it in contract.

--== catch: the plain form
DROP INDEX IX_Things_Name ON dbo.Things;

--== catch: the old form, and several
DROP INDEX IF EXISTS dbo.Things.IX_Things_Name, IX_Others ON dbo.Others;

--== catch: switched off
ALTER INDEX IX_Things_Name ON dbo.Things DISABLE;

--== catch: all of them
ALTER INDEX ALL ON dbo.Things DISABLE

--== near miss: a temporary table's
DROP INDEX IX ON #Things;

--== near miss: made in this release
CREATE INDEX IX_New ON dbo.Things (Name) WITH (ONLINE = ON);
DROP INDEX IX_New ON dbo.Things;

--== near miss: reorganized, not dropped
ALTER INDEX IX_Things_Name ON dbo.Things REORGANIZE;

--== catch: another one in its place
CREATE INDEX IX_Things_Name ON dbo.Things (Size) WITH (DROP_EXISTING = ON, ONLINE = ON);

--== catch: of a memory-optimized table
ALTER TABLE dbo.Things DROP INDEX IX_Things_Name;

--== catch: full text
ALTER FULLTEXT INDEX ON dbo.Things DISABLE;
