-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-check: a CHECK constraint on an existing table.
-- It is enforced on the running version's writes at once, even with NOCHECK; without NOCHECK all rows are read under a lock.
-- Instead: contract: NOCHECK first, CHECK CHECK later.

--== catch: the plain form
ALTER TABLE dbo.Things ADD CONSTRAINT CK_Things_Size CHECK (Size > 0);

--== catch: unchecked is enforced all the same
ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT CK_Things_Size CHECK (Size > 0);

--== catch: with a new column
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT CK_Things_Size CHECK (Size > 0);

--== catch: an old rule is bound
EXEC sp_bindrule 'dbo.Positive', 'dbo.Things.Size';

--== catch: behind a CREATE that does nothing where the table exists
IF OBJECT_ID(N'dbo.Things', N'U') IS NULL CREATE TABLE dbo.Things (OwnerId int NULL, Colour nvarchar(30) NULL);
GO
ALTER TABLE dbo.Things ADD CONSTRAINT CK_Things_Colour CHECK (Colour <> N'red');

--== near miss: a new table
CREATE TABLE dbo.N (Size int NOT NULL CONSTRAINT CK_N_Size CHECK (Size > 0), CONSTRAINT CK_N CHECK (Size < 10));

--== catch: looked at again
ALTER TABLE dbo.Things WITH CHECK CHECK CONSTRAINT CK_Things_Size;

--== catch: all rows are read
ALTER TABLE dbo.Things WITH CHECK CHECK CONSTRAINT ALL;

--== catch: NULL does not pass
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT CK_Things_Size CHECK (Size IS NOT NULL);

--== catch: the default does not pass
ALTER TABLE dbo.Things ADD Size int NULL CONSTRAINT DF_Things_Size DEFAULT (0) CONSTRAINT CK_Things_Size CHECK (Size > 0);

--== catch: an old column in it
ALTER TABLE dbo.Things ADD Size int NULL;
ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT CK_Things_Size CHECK (Size > 0 AND Name <> N'x');

--== near miss: a table of one's own is looked at again
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
ALTER TABLE dbo.N WITH CHECK CHECK CONSTRAINT ALL;
