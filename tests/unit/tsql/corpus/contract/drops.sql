-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What goes when no supported release needs it any more.
IF OBJECT_ID(N'dbo.spShipmentAdd', N'P') IS NOT NULL
    DROP PROCEDURE dbo.spShipmentAdd;
GO
DROP VIEW IF EXISTS dbo.vShipment;
GO
DROP FUNCTION IF EXISTS dbo.fnWeight;
GO
IF COL_LENGTH(N'dbo.Product', N'OldColour') IS NOT NULL
    ALTER TABLE dbo.Product DROP COLUMN OldColour;
GO
ALTER TABLE dbo.Product DROP CONSTRAINT IF EXISTS CK_Product_OldColour;
GO
DROP INDEX IF EXISTS IX_Product_OldColour ON dbo.Product;
GO
DROP TABLE IF EXISTS dbo.ProductImport;
GO
DROP TRIGGER IF EXISTS dbo.tr_Product_Fill;
GO
DROP SYNONYM IF EXISTS dbo.Parcels_Old;
GO
DROP SEQUENCE IF EXISTS dbo.OldNumbers;
GO
DROP TYPE IF EXISTS dbo.OldIds;
GO
