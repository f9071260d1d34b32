-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- recreate-module: an object is dropped and created again.
-- There is a gap in which the running version fails, and permissions are lost.
-- Instead: a new name.

--== catch: a procedure
DROP PROCEDURE dbo.spFindAllThings;
GO
CREATE PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;

--== catch: a view, guarded
DROP VIEW IF EXISTS dbo.vThings;
GO
CREATE VIEW dbo.vThings AS SELECT ThingId FROM dbo.Things;

--== catch: executed
IF OBJECT_ID(N'dbo.fnOne') IS NOT NULL DROP FUNCTION dbo.fnOne;
EXEC(N'CREATE FUNCTION dbo.fnOne() RETURNS int AS BEGIN RETURN 1; END;');

--== near miss: dropped only
DROP PROCEDURE dbo.spFindAllThings;

--== near miss: made under another name
DROP PROCEDURE dbo.spFindAllThings;
GO
CREATE PROCEDURE dbo.spFindAllThings_2 AS SELECT ThingId FROM dbo.Things;
