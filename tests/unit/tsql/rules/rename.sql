-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- rename: something is renamed.
-- The running version uses the old name at once, and procedures and views are not rewritten.
-- Instead: add the new name beside the old one, kept in step by a trigger; for a table, a synonym.

--== catch: a column
EXEC sp_rename 'dbo.Things.Colour', 'Color', 'COLUMN';

--== catch: bare, as a batch's first words
sp_rename 'dbo.Things', 'Items'

--== catch: qualified and bracketed
EXECUTE [sys].[sp_rename] @objname = N'[dbo].[Things].[Colour]', @newname = N'Color', @objtype = N'COLUMN';

--== catch: through another database's door
DECLARE @rc int;
EXEC @rc = master..sp_rename N'dbo.Things', N'Items';

--== catch: names in variables
DECLARE @old nvarchar(50) = N'dbo.Things', @new nvarchar(50) = N'Items';
EXEC sp_rename @old, @new;

--== catch: an index, as Entity Framework Core writes it
EXEC sp_rename N'[Blogs].[IX_Blogs_Url]', N'IX_Blogs_Address', N'INDEX';

--== near miss: a table that this release makes
CREATE TABLE dbo.Tmp (Id int NOT NULL);
GO
EXEC sp_rename 'dbo.Tmp', 'NewThings';

--== near miss: another procedure of the system
EXEC sp_refreshview 'dbo.vThings';

--== near miss: a column of that name
SELECT sp_rename FROM dbo.Things;

--== near miss: a column of this release
ALTER TABLE dbo.Things ADD Size int NULL;
GO
EXEC sp_rename N'dbo.Things.Size', N'Width', N'COLUMN';
