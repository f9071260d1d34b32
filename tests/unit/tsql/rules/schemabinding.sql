-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- schemabinding: SCHEMABINDING over a shared table.
-- A later ALTER or DROP of the table fails.
-- Instead: new objects only.

--== catch: a view over a shared table
CREATE VIEW dbo.vThings WITH SCHEMABINDING AS SELECT ThingId FROM dbo.Things;

--== catch: an inline function
CREATE FUNCTION dbo.fnThings() RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT ThingId FROM dbo.Things;

--== catch: a scalar function
CREATE FUNCTION dbo.fnCount() RETURNS int WITH SCHEMABINDING AS BEGIN RETURN (SELECT COUNT(*) FROM dbo.Things); END;

--== near miss: no table in it
CREATE FUNCTION dbo.fnTwice(@n int) RETURNS int WITH SCHEMABINDING AS BEGIN RETURN @n * 2; END;

--== near miss: over a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
CREATE VIEW dbo.vN WITH SCHEMABINDING AS SELECT Id FROM dbo.N;
