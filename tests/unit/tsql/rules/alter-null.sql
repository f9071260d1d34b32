-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- alter-null: a column becomes nullable.
-- The running version's typed reader meets NULL.
-- Instead: a new column.

--== catch: the plain form
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NULL;

--== catch: executed
EXEC('ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NULL');

--== catch [live]: known to be NOT NULL
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NULL;

--== near miss [live]: it is nullable already
ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(60) NULL;

--== near miss: NOT NULL
ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NOT NULL;
