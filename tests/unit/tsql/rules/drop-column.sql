-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-column: a column is dropped.
-- The running version reads or writes it, and its values are gone.
-- Instead: drop it in contract, when no supported release uses it any more.

--== catch: the plain form
ALTER TABLE dbo.Things DROP COLUMN Colour;

--== catch: several at once, one with a guard
ALTER TABLE [dbo].[Things] DROP COLUMN IF EXISTS [Colour], COLUMN Size;

--== catch: behind its constraint in one statement
ALTER TABLE dbo.Things DROP CONSTRAINT CK_Things_Colour, COLUMN Colour;

--== catch: neither COLUMN nor CONSTRAINT is said
ALTER TABLE dbo.Things DROP Colour;

--== catch: Entity Framework Core's DropColumn
DECLARE @var0 sysname;
SELECT @var0 = [d].[name]
FROM [sys].[default_constraints] [d]
INNER JOIN [sys].[columns] [c] ON [d].[parent_column_id] = [c].[column_id] AND [d].[parent_object_id] = [c].[object_id]
WHERE ([d].[parent_object_id] = OBJECT_ID(N'[Blogs]') AND [c].[name] = N'Rating');
IF @var0 IS NOT NULL EXEC(N'ALTER TABLE [Blogs] DROP CONSTRAINT [' + @var0 + '];');
ALTER TABLE [Blogs] DROP COLUMN [Rating];

--== near miss: a column that this release adds
ALTER TABLE dbo.Things ADD Scratch int NULL;
GO
ALTER TABLE dbo.Things DROP COLUMN Scratch;

--== near miss [phase=contract]: in contract it is allowed
ALTER TABLE dbo.Things DROP COLUMN Colour;

--== near miss: a constraint, said so
ALTER TABLE dbo.Things DROP CONSTRAINT CK_Things_Colour;
