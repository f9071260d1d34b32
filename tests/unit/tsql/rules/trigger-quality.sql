-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- trigger-quality: a trigger that miscounts, loses rows or returns rows.
-- Without SET NOCOUNT ON callers count wrong; a scalar takes one row of many; a result set confuses callers.
-- Instead: set-based code.

--== catch: no SET NOCOUNT ON
CREATE TRIGGER dbo.tr ON dbo.Things AFTER INSERT AS
BEGIN
    INSERT INTO dbo.Log (ThingId) SELECT ThingId FROM inserted;
END;

--== catch: one row of many
CREATE TRIGGER dbo.tr ON dbo.Things AFTER INSERT AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @id int;
    SELECT @id = ThingId FROM inserted;
    INSERT INTO dbo.Log (ThingId) VALUES (@id);
END;

--== catch: the same with SET
CREATE TRIGGER dbo.tr ON dbo.Things AFTER DELETE AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @id int;
    SET @id = (SELECT TOP (1) ThingId FROM deleted);
    DELETE FROM dbo.Log WHERE ThingId = @id;
END;

--== catch [phase=contract]: it returns rows
CREATE TRIGGER dbo.tr ON dbo.Things AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    SELECT ThingId FROM inserted;
END;

--== near miss: set-based
CREATE TRIGGER dbo.tr ON dbo.Things AFTER INSERT, UPDATE AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM inserted) RETURN;
    INSERT INTO dbo.Log (ThingId) SELECT i.ThingId FROM inserted AS i LEFT JOIN deleted AS d ON d.ThingId = i.ThingId;
END;

--== near miss: a procedure may do all this
CREATE PROCEDURE dbo.spOne AS BEGIN DECLARE @id int; SELECT @id = MAX(ThingId) FROM dbo.Things; SELECT @id AS Id; END;

--== near miss: a count is no row
CREATE TRIGGER dbo.tr ON dbo.Things AFTER INSERT AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @n int;
    SELECT @n = COUNT(*) FROM inserted;
    IF @n > 100 THROW 50000, N'too many', 1;
END;
