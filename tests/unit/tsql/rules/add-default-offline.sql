-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-default-offline: a NOT NULL column with a default that writes every row.
-- Every row is written while a schema lock stops all readers and writers. Enterprise edition does without where the default is a constant at run time; Standard edition never does.
-- Instead: nullable with a default, then a backfill in batches.

--== catch [edition=standard]: Standard edition writes every row
ALTER TABLE dbo.Things ADD Size int NOT NULL CONSTRAINT DF_Things_Size DEFAULT (0);

--== catch [edition=enterprise]: each row gets its own value
ALTER TABLE dbo.Things ADD RowId uniqueidentifier NOT NULL CONSTRAINT DF_Things_RowId DEFAULT (NEWID());

--== catch [edition=enterprise]: a large type
ALTER TABLE dbo.Things ADD Notes nvarchar(max) NOT NULL CONSTRAINT DF_Things_Notes DEFAULT (N'');

--== catch [edition=enterprise]: a sequence
ALTER TABLE dbo.Things ADD Number int NOT NULL CONSTRAINT DF_Things_Number DEFAULT NEXT VALUE FOR dbo.Numbers;

--== catch: the edition is not known: a warning
ALTER TABLE [Blogs] ADD [Rating] int NOT NULL DEFAULT 0;

--== near miss [edition=enterprise]: a constant, on Enterprise edition
ALTER TABLE dbo.Things ADD CreatedAt datetime2(3) NOT NULL CONSTRAINT DF_Things_CreatedAt DEFAULT (SYSUTCDATETIME());

--== near miss [edition=standard]: nullable
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT DF_Things_Size DEFAULT (0);

--== near miss [edition=standard]: a new table
CREATE TABLE dbo.N (Id int NOT NULL, Size int NOT NULL CONSTRAINT DF_N_Size DEFAULT (0));
