-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- no-transaction: this cannot run inside a transaction.
-- The module runs a script in one; the server refuses this there.
-- Instead: -- migrate: no-transaction at the script's head, and one guarded statement.

--== catch: full text
CREATE FULLTEXT INDEX ON dbo.Things (Name) KEY INDEX PK_Things;

--== catch: a resumable build
CREATE INDEX IX ON dbo.Things (Name) WITH (ONLINE = ON, RESUMABLE = ON);

--== catch: going on with one
ALTER INDEX IX ON dbo.Things RESUME;

--== catch: a memory-optimised table in a string
EXEC(N'CREATE TABLE dbo.M (Id int NOT NULL CONSTRAINT PK_M PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON)');

--== near miss: a string that nobody executes
SELECT N'WITH (MEMORY_OPTIMIZED = ON)';

--== near miss: with the header
-- migrate: no-transaction
IF NOT EXISTS (SELECT 1 FROM sys.fulltext_catalogs WHERE name = N'Things') CREATE FULLTEXT CATALOG Things;

--== near miss: a plain build
CREATE INDEX IX ON dbo.Things (Name) WITH (ONLINE = ON, RESUMABLE = OFF);
