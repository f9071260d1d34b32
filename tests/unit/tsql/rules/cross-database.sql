-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- cross-database: another database or server is named.
-- In a clone of the database under another name it reaches the wrong one; with USE the journal moves too.
-- Instead: two-part names.

--== catch: USE
USE Shop;

--== catch: three parts
INSERT INTO dbo.Things (Name) SELECT Name FROM Archive.dbo.Things;

--== catch: two dots
SELECT Name FROM Archive..Things;

--== catch: a linked server
SELECT a.Name FROM dbo.Things AS t, Reports.Archive.dbo.Things AS a;

--== catch: a query on another server
SELECT Name FROM OPENQUERY(Reports, 'SELECT Name FROM dbo.Things');

--== catch: run there
EXEC ('SELECT 1 AS One') AT Reports;

--== near miss: columns with their table and schema
SELECT dbo.Things.Name FROM dbo.Things WHERE dbo.Things.ThingId = 1;

--== near miss: temporary tables
SELECT Id FROM tempdb..#work;

--== near miss: XML
SELECT T.c.value('.', 'int') AS Id FROM @x.nodes('/a/b') AS T(c);
