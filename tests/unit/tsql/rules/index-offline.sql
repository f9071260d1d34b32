-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- index-offline: an index is built without ONLINE = ON.
-- Writers wait for the build; for a clustered index, everyone.
-- Instead: WITH (ONLINE = ON); on Standard edition a window, with a waiver that names it.

--== catch: the plain form
CREATE INDEX IX_Things_Name ON dbo.Things (Name);

--== catch: clustered, said to be offline
CREATE CLUSTERED INDEX CX_Things ON dbo.Things (ThingId) WITH (ONLINE = OFF, FILLFACTOR = 90) ON [PRIMARY];

--== catch: rebuilt
ALTER INDEX ALL ON dbo.Things REBUILD;

--== catch: the table rebuilt
ALTER TABLE dbo.Things REBUILD WITH (DATA_COMPRESSION = PAGE);

--== catch [edition=standard]: Standard edition cannot do it online
CREATE INDEX IX_Things_Name ON dbo.Things (Name) WITH (ONLINE = ON);

--== catch: columnstore
CREATE NONCLUSTERED COLUMNSTORE INDEX CS_Things ON dbo.Things (Name, Size);

--== near miss: online
CREATE INDEX IX_Things_Name ON dbo.Things (Name) INCLUDE (Size) WITH (ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF)));

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
CREATE INDEX IX_N ON dbo.N (Id);

--== near miss: reorganized
ALTER INDEX ALL ON dbo.Things REORGANIZE;

--== near miss [live]: an empty table
CREATE INDEX IX_Empty ON dbo.Nothing (Id);

--== catch: of a memory-optimized table
ALTER TABLE dbo.Things ADD INDEX IX_Things_Name NONCLUSTERED (Name);
