-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- change-default: a column's default is replaced.
-- Rows that the running version inserts change their meaning.
-- Instead: a new column.

--== catch: a default for a column that is there
ALTER TABLE dbo.Things ADD CONSTRAINT DF_Things_Colour DEFAULT (N'red') FOR Colour;

--== catch: without a name
ALTER TABLE [Blogs] ADD DEFAULT N'' FOR [Url];

--== catch: bound
EXEC sp_bindefault 'dbo.Zero', 'dbo.Things.Size';

--== near miss: for a column that this release adds
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
GO
ALTER TABLE dbo.Things ADD CONSTRAINT DF_Things_Colour DEFAULT (N'red') FOR Colour;

--== near miss: with the new column itself
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL CONSTRAINT DF_Things_Colour DEFAULT (N'red');
