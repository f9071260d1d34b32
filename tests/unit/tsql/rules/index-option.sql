-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- index-option: an index changes how the running version's writes behave.
-- Its writes are dropped without an error, or wait for each other.
-- Instead: contract, or a new table.

--== catch: duplicates are dropped
ALTER INDEX UX_Things_Name ON dbo.Things SET (IGNORE_DUP_KEY = ON);

--== catch: no row locks
ALTER INDEX ALL ON dbo.Things SET (ALLOW_ROW_LOCKS = OFF);

--== catch: no page locks, with a rebuild
ALTER INDEX PK_Things ON dbo.Things REBUILD WITH (ONLINE = ON, ALLOW_PAGE_LOCKS = OFF);

--== catch: rows are stored by column
CREATE CLUSTERED COLUMNSTORE INDEX CCI_Things ON dbo.Things WITH (ONLINE = ON);

--== near miss: back to the default
ALTER INDEX UX_Things_Name ON dbo.Things SET (IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON);

--== near miss: a table of one's own
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
ALTER INDEX PK_N ON dbo.N SET (ALLOW_PAGE_LOCKS = OFF);
