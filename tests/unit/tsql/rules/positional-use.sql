-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- positional-use: code in the database depends on a table's column list, which changes.
-- INSERT without a column list fails once any column is added; SELECT * shifts.
-- Instead: name the columns there first, in a new version.

--== catch [live]: a procedure inserts without a column list
ALTER TABLE dbo.Log ADD Colour nvarchar(30) NULL;

--== catch [live]: a view selects *
ALTER TABLE dbo.Owners ADD Colour nvarchar(30) NULL;

--== catch [live]: a column more for the procedure to miss, executed
EXEC(N'ALTER TABLE dbo.Log ADD Size int NULL');

--== near miss [live]: nobody does it with this table
ALTER TABLE dbo.Things ADD Colour2 nvarchar(30) NULL;

--== near miss [live]: a computed column is not inserted
ALTER TABLE dbo.Log ADD Twice AS (ThingId * 2);
