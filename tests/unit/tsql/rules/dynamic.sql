-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- dynamic: SQL that is put together at run time, or code that the linter does not see.
-- What it does cannot be seen here.
-- Instead: a literal, which is read like the script itself.

--== catch: a variable
DECLARE @sql nvarchar(max) = N'SELECT 1';
EXEC (@sql);

--== catch: put together with what is not known
DECLARE @table sysname = N'Things';
EXEC(N'SELECT 1 FROM dbo.' + @table);

--== catch: sp_executesql of a variable
EXEC sys.sp_executesql @statement;

--== catch: a procedure whose name is a variable
EXEC @name 1, 2;

--== catch: code that is not in the release
EXEC dbo.spRepairEverything;

--== catch: a function makes the text
EXEC ('DROP' + CHAR(32) + 'TABLE dbo.Things');

--== near miss: a literal
EXEC sp_executesql N'SELECT ThingId FROM dbo.Things WHERE ThingId = @id', N'@id int', @id = 1;

--== near miss: literals
EXEC ('SELECT ' + '1');

--== near miss: a name out of the catalogue, as Entity Framework Core looks it up
DECLARE @defaultSchema sysname = SCHEMA_NAME();
EXEC(N'CREATE VIEW [' + @defaultSchema + N'].[vOne] AS SELECT 1 AS One;');
