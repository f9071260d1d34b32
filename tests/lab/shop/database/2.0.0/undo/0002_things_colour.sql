DROP PROCEDURE dbo.spAddThing_2;
GO
DROP PROCEDURE dbo.spFindAllThings_2;
GO
ALTER TABLE dbo.Things DROP COLUMN Colour;
GO
