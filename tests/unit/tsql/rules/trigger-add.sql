-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- trigger-add: a trigger on an existing table.
-- Entity Framework Core 7 and newer write OUTPUT without INTO; on a table with a trigger that fails.
-- Instead: a waiver that says that the running version declares HasTrigger, or writes with no OUTPUT.

--== catch: the plain form
CREATE TRIGGER dbo.trThings ON dbo.Things AFTER INSERT, UPDATE AS
BEGIN
    SET NOCOUNT ON;
    UPDATE t SET t.Colour = i.Color FROM dbo.Things AS t JOIN inserted AS i ON i.ThingId = t.ThingId WHERE t.Colour IS NULL;
END;

--== catch: instead of
CREATE TRIGGER dbo.trThings ON dbo.Things INSTEAD OF DELETE AS BEGIN SET NOCOUNT ON; END

--== catch: executed
EXEC(N'CREATE TRIGGER dbo.trThings ON dbo.Things FOR DELETE AS SET NOCOUNT ON;');

--== catch: behind a CREATE that does nothing where the table exists
IF OBJECT_ID(N'dbo.Things', N'U') IS NULL CREATE TABLE dbo.Things (OwnerId int NULL, Colour nvarchar(30) NULL);
GO
CREATE TRIGGER dbo.Things_tr ON dbo.Things AFTER INSERT AS SET NOCOUNT ON;

--== near miss: on a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
CREATE TRIGGER dbo.trN ON dbo.N AFTER INSERT AS BEGIN SET NOCOUNT ON; END;

--== near miss [phase=contract]: in contract
CREATE TRIGGER dbo.trThings ON dbo.Things AFTER INSERT AS BEGIN SET NOCOUNT ON; END;

--== catch: a trigger is switched on
ENABLE TRIGGER dbo.trThings ON dbo.Things;

--== catch: by ALTER TABLE
ALTER TABLE dbo.Things ENABLE TRIGGER trThings;
