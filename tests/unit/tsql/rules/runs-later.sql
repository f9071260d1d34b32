-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- runs-later: the body of a new procedure, view or function does what would be refused in a script.
-- Nothing happens until it is called; a script of the same release that calls it is refused.
-- Instead: see that nothing calls it before the running version is gone.

--== catch: a table is emptied
CREATE PROCEDURE dbo.spPurge AS TRUNCATE TABLE dbo.Things;

--== catch: many things
CREATE PROCEDURE dbo.spPurge AS
BEGIN
    DELETE FROM dbo.Things;
    DELETE FROM dbo.Owners;
    UPDATE dbo.Log SET A = 1;
    DROP TABLE dbo.Old;
END;

--== catch: in a string
EXEC(N'CREATE PROCEDURE dbo.spPurge AS DROP TABLE dbo.Things;');

--== near miss: a body that only reads
CREATE PROCEDURE dbo.spFind AS SELECT ThingId FROM dbo.Things;

--== near miss: rows by their key
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY);
GO
CREATE PROCEDURE dbo.spDelete @id int AS DELETE FROM dbo.N WHERE Id = @id;

--== near miss: a trigger's body runs with other people's statements
CREATE TABLE dbo.N (Id int NOT NULL);
GO
CREATE TRIGGER dbo.trN ON dbo.N AFTER INSERT AS BEGIN SET NOCOUNT ON; DELETE FROM dbo.Things; END;
