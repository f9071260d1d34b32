-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- not-idempotent: no guard in a script without a transaction.
-- When it stopped half-way, the next run fails.
-- Instead: ask COL_LENGTH or OBJECT_ID first.

--== catch: an index
-- migrate: no-transaction
CREATE INDEX IX ON dbo.Things (Name) WITH (ONLINE = ON, RESUMABLE = ON);

--== catch: a table
-- migrate: no-transaction
CREATE TABLE dbo.N (Id int NOT NULL);

--== catch: a condition that asks for something else
-- migrate: no-transaction
IF 1 = 1 CREATE FULLTEXT CATALOG Things;

--== near miss: guarded
-- migrate: no-transaction
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'IX') CREATE INDEX IX ON dbo.Things (Name) WITH (ONLINE = ON, RESUMABLE = ON);

--== near miss: in a transaction nothing is left half-done
CREATE TABLE dbo.N (Id int NOT NULL);
