-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-foreign-key: a foreign key on an existing table.
-- It is enforced on the running version's writes at once, even with NOCHECK, and locks both tables.
-- Instead: contract: NOCHECK first, CHECK CHECK later.

--== catch: the plain form
ALTER TABLE dbo.Things ADD CONSTRAINT FK_Things_Owners FOREIGN KEY (OwnerId) REFERENCES dbo.Owners (OwnerId) ON DELETE CASCADE;

--== catch: unchecked is enforced all the same
ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT FK_Things_Owners FOREIGN KEY (OwnerId) REFERENCES dbo.Owners;

--== catch: with a new column
ALTER TABLE dbo.Things ADD OwnerId int NULL REFERENCES dbo.Owners (OwnerId);

--== catch: as Entity Framework Core writes it
ALTER TABLE [Posts] ADD CONSTRAINT [FK_Posts_Blogs_BlogId] FOREIGN KEY ([BlogId]) REFERENCES [Blogs] ([BlogId]) ON DELETE NO ACTION;

--== catch: behind a CREATE that does nothing where the table exists
IF OBJECT_ID(N'dbo.Things', N'U') IS NULL CREATE TABLE dbo.Things (OwnerId int NULL, Colour nvarchar(30) NULL);
GO
ALTER TABLE dbo.Things ADD CONSTRAINT FK_Things_Owner FOREIGN KEY (OwnerId) REFERENCES dbo.Owners (OwnerId);

--== near miss: of a new table
CREATE TABLE dbo.N (Id int NOT NULL, OwnerId int NULL CONSTRAINT FK_N_Owners FOREIGN KEY REFERENCES dbo.Owners (OwnerId) ON DELETE SET NULL);

--== near miss: an index on the column instead
CREATE INDEX IX_Things_OwnerId ON dbo.Things (OwnerId) WITH (ONLINE = ON);
