-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- unqualified: an object has no schema.
-- Which one is meant depends on the login.
-- Instead: dbo. before the name.

--== catch: a table is made
CREATE TABLE N (Id int NOT NULL);

--== catch: a procedure is made
CREATE PROCEDURE spOne AS SELECT 1 AS One;

--== catch: rows are written
INSERT INTO Things (Name) VALUES (N'a');

--== near miss: with a schema
INSERT INTO dbo.Things (Name) VALUES (N'a');

--== near miss: an alias
UPDATE t SET t.Size = 1 FROM dbo.Things AS t WHERE t.ThingId = 1;

--== near miss: temporary tables, variables, common table expressions
WITH x AS (SELECT Id FROM #work) DELETE FROM x WHERE Id = 1;
