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

--== catch: in a common table expression
CREATE VIEW dbo.vThings AS WITH t AS (SELECT * FROM dbo.Things) SELECT ThingId FROM t;

--== near miss: the columns are listed
CREATE VIEW dbo.vThings AS SELECT ThingId, Price * Amount AS Total, COUNT(*) OVER () AS N FROM dbo.Things;

--== near miss: in EXISTS it stands for nothing
CREATE VIEW dbo.vThings AS SELECT ThingId FROM dbo.Things AS t WHERE EXISTS (SELECT * FROM dbo.Owners AS o WHERE o.Id = t.OwnerId);

--== near miss: a procedure
CREATE PROCEDURE dbo.spAll AS SELECT * FROM dbo.Things;
