-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- As teams write up scripts for grate: one file a change, each guarded, reference data merged into tables of their own.
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'catalog')
BEGIN
    EXEC (N'CREATE SCHEMA catalog AUTHORIZATION dbo');
END
GO
IF OBJECT_ID(N'catalog.Colour', N'U') IS NULL
BEGIN
    CREATE TABLE catalog.Colour
    (
        ColourId tinyint NOT NULL CONSTRAINT PK_Colour PRIMARY KEY CLUSTERED,
        Name varchar(30) NOT NULL CONSTRAINT UQ_Colour_Name UNIQUE,
        Hex char(7) NOT NULL CONSTRAINT CK_Colour_Hex CHECK (Hex LIKE '#[0-9A-F][0-9A-F][0-9A-F][0-9A-F][0-9A-F][0-9A-F]'),
        SortOrder smallint NOT NULL CONSTRAINT DF_Colour_SortOrder DEFAULT (0)
    );
END
GO
MERGE INTO catalog.Colour AS target
USING (VALUES
    (1, 'red', '#FF0000', 10),
    (2, 'green', '#00FF00', 20),
    (3, 'blue', '#0000FF', 30)
) AS source (ColourId, Name, Hex, SortOrder)
ON target.ColourId = source.ColourId
WHEN MATCHED AND (target.Name <> source.Name OR target.Hex <> source.Hex) THEN
    UPDATE SET Name = source.Name, Hex = source.Hex, SortOrder = source.SortOrder
WHEN NOT MATCHED BY TARGET THEN
    INSERT (ColourId, Name, Hex, SortOrder) VALUES (source.ColourId, source.Name, source.Hex, source.SortOrder);
GO
IF COL_LENGTH(N'dbo.Product', N'ColourId') IS NULL
    ALTER TABLE dbo.Product ADD ColourId tinyint NULL;
GO
IF COL_LENGTH(N'dbo.Product', N'Weight') IS NULL AND COL_LENGTH(N'dbo.Product', N'WeightUnit') IS NULL
BEGIN
    ALTER TABLE dbo.Product ADD Weight decimal(9, 3) NULL, WeightUnit char(2) NULL;
    PRINT N'dbo.Product: Weight, WeightUnit';
END
GO
IF NOT EXISTS (SELECT 1 FROM sys.types WHERE is_table_type = 1 AND name = N'ProductIdList')
    CREATE TYPE catalog.ProductIdList AS TABLE (ProductId int NOT NULL PRIMARY KEY);
GO
IF NOT EXISTS (SELECT 1 FROM sys.sequences WHERE name = N'ShipmentNumber')
    CREATE SEQUENCE dbo.ShipmentNumber AS bigint START WITH 100000 INCREMENT BY 1 CACHE 50;
GO
CREATE TABLE dbo.Shipment
(
    ShipmentId bigint NOT NULL CONSTRAINT DF_Shipment_Id DEFAULT (NEXT VALUE FOR dbo.ShipmentNumber),
    OrderId int NOT NULL,
    Carrier varchar(20) NOT NULL,
    Tracking varchar(64) NULL,
    ShippedAt datetime2(0) NULL,
    Weight decimal(9, 3) NOT NULL CONSTRAINT DF_Shipment_Weight DEFAULT (0),
    CONSTRAINT PK_Shipment PRIMARY KEY NONCLUSTERED (ShipmentId),
    INDEX IX_Shipment_Order CLUSTERED (OrderId, ShipmentId),
    INDEX IX_Shipment_Open (Carrier) WHERE ShippedAt IS NULL
);
GO
CREATE VIEW dbo.vShipment_1
AS
SELECT s.ShipmentId, s.OrderId, s.Carrier, s.Tracking, s.ShippedAt,
       CASE WHEN s.ShippedAt IS NULL THEN N'open' ELSE N'sent' END AS State
FROM dbo.Shipment AS s;
GO
CREATE PROCEDURE dbo.spShipmentAdd_1
    @OrderId int,
    @Carrier varchar(20),
    @Tracking varchar(64) = NULL,
    @ShipmentId bigint = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    IF NOT EXISTS (SELECT 1 FROM dbo.Orders WHERE OrderId = @OrderId)
        THROW 51000, N'There is no such order.', 1;
    BEGIN TRY
        BEGIN TRANSACTION;
        DECLARE @added TABLE (ShipmentId bigint NOT NULL);
        INSERT dbo.Shipment (OrderId, Carrier, Tracking)
        OUTPUT inserted.ShipmentId INTO @added (ShipmentId)
        VALUES (@OrderId, @Carrier, @Tracking);
        SELECT @ShipmentId = ShipmentId FROM @added;
        COMMIT TRANSACTION;
    END TRY
    BEGIN CATCH
        IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
        THROW;
    END CATCH
END
GO
CREATE PROCEDURE dbo.spShipmentFind_1 @Ids catalog.ProductIdList READONLY, @From date = NULL, @To date = NULL
AS
BEGIN
    SET NOCOUNT ON;
    WITH recent AS
    (
        SELECT s.ShipmentId, s.OrderId, s.Carrier, ROW_NUMBER() OVER (PARTITION BY s.OrderId ORDER BY s.ShipmentId DESC) AS Nr
        FROM dbo.Shipment AS s
        WHERE (@From IS NULL OR s.ShippedAt >= @From) AND (@To IS NULL OR s.ShippedAt < DATEADD(DAY, 1, @To))
    )
    SELECT r.ShipmentId, r.OrderId, r.Carrier FROM recent AS r WHERE r.Nr = 1 ORDER BY r.ShipmentId;
END
GO
CREATE FUNCTION dbo.fnWeightInGrams (@Weight decimal(9, 3), @Unit char(2))
RETURNS decimal(12, 3)
WITH SCHEMABINDING
AS
BEGIN
    RETURN CASE @Unit WHEN 'kg' THEN @Weight * 1000 WHEN 'lb' THEN @Weight * 453.592 ELSE @Weight END;
END
GO
CREATE FUNCTION dbo.fnShipmentsOf (@OrderId int)
RETURNS TABLE
AS
RETURN (SELECT ShipmentId, Carrier, Tracking FROM dbo.Shipment WHERE OrderId = @OrderId);
GO
GRANT EXECUTE ON dbo.spShipmentAdd_1 TO shop_app;
GRANT EXECUTE ON dbo.spShipmentFind_1 TO shop_app;
GRANT SELECT ON dbo.vShipment_1 TO shop_app, shop_report;
GRANT SELECT, INSERT, UPDATE ON dbo.Shipment TO shop_app;
GO
IF NOT EXISTS (SELECT 1 FROM dbo.Setting WHERE Name = N'shipping.enabled')
    INSERT INTO dbo.Setting (Name, Value) VALUES (N'shipping.enabled', N'false');
IF NOT EXISTS (SELECT 1 FROM dbo.Setting WHERE Name = N'shipping.carrier')
    INSERT INTO dbo.Setting (Name, Value) VALUES (N'shipping.carrier', N'post');
GO
INSERT INTO dbo.Permission (Code, Description)
SELECT v.Code, v.Description
FROM (VALUES (N'shipment.read', N'Sees shipments'), (N'shipment.write', N'Changes shipments')) AS v (Code, Description)
WHERE NOT EXISTS (SELECT 1 FROM dbo.Permission AS p WHERE p.Code = v.Code);
GO
CREATE SYNONYM dbo.Parcels FOR dbo.Shipment;
GO
DECLARE @count int = (SELECT COUNT(*) FROM catalog.Colour);
IF @count < 3
BEGIN
    DECLARE @message nvarchar(200) = CONCAT(N'catalog.Colour has ', @count, N' rows, 3 expected');
    RAISERROR (@message, 16, 1);
END
ELSE
    PRINT CONCAT(N'catalog.Colour has ', @count, N' rows');
GO
