-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- view-star: SELECT * in a view or inline function.
-- Its columns are those of the day it was made, until sp_refreshsqlmodule; then they move.
-- Instead: list the columns.

--== catch: a view
CREATE VIEW dbo.vThings AS SELECT * FROM dbo.Things;

--== catch: through an alias, behind a TOP
CREATE VIEW dbo.vThings AS SELECT TOP (100) PERCENT t.*, o.Name FROM dbo.Things AS t JOIN dbo.Owners AS o ON o.Id = t.OwnerId;

--== catch [phase=contract]: an inline function, in every phase
CREATE FUNCTION dbo.fnThings(@id int) RETURNS TABLE AS RETURN (SELECT * FROM dbo.Things WHERE ThingId = @id);

--== catch: through a common table expression and a derived table
CREATE VIEW dbo.vThings AS WITH t AS (SELECT * FROM dbo.Things) SELECT d.* FROM (SELECT * FROM t) AS d;

--== catch: in the second branch of a UNION
CREATE VIEW dbo.vThings AS SELECT Id FROM dbo.Owners UNION ALL SELECT * FROM dbo.Ids;

--== catch: one of two sources is a table
CREATE VIEW dbo.vThings AS SELECT * FROM (VALUES (1)) AS v (n) CROSS JOIN dbo.Things;

--== catch: a function of the application
CREATE FUNCTION dbo.fnAll() RETURNS TABLE AS RETURN (SELECT TOP (5) WITH TIES f.* FROM dbo.fnThings(1) AS f ORDER BY f.Id);

--== near miss: the columns are listed
CREATE VIEW dbo.vThings AS SELECT ThingId, Price * Amount AS Total, COUNT(*) OVER () AS N FROM dbo.Things;

--== near miss: in EXISTS it stands for nothing
CREATE VIEW dbo.vThings AS SELECT ThingId FROM dbo.Things AS t WHERE EXISTS (SELECT * FROM dbo.Owners AS o WHERE o.Id = t.OwnerId);

--== near miss: a procedure
CREATE PROCEDURE dbo.spAll AS SELECT * FROM dbo.Things;

--== near miss: a common table expression is the only one that selects all
CREATE VIEW dbo.vThings AS WITH t AS (SELECT * FROM dbo.Things) SELECT ThingId FROM t;

--== near miss: a derived table lists its columns
CREATE VIEW dbo.vThings AS SELECT d.*, o.Name FROM (SELECT ThingId, OwnerId FROM dbo.Things) AS d JOIN dbo.Owners AS o ON o.Id = d.OwnerId;

--== near miss: a derived table selects all, the view does not
CREATE VIEW dbo.vThings AS SELECT d.ThingId FROM (SELECT * FROM dbo.Things) AS d WHERE d.A IS DISTINCT FROM d.B;

--== near miss: OPENJSON, VALUES and a recursive common table expression
CREATE FUNCTION dbo.fnItems(@j nvarchar(max)) RETURNS TABLE AS RETURN WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9)
    SELECT j.*, v.*, n.* FROM OPENJSON(@j) WITH (Id int, Name nvarchar(50)) AS j CROSS JOIN (VALUES (1), (2)) AS v (k) CROSS JOIN n;
