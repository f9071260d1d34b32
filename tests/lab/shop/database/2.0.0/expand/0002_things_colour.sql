-- Version 2 shows a colour. Version 1 knows nothing of it and goes on writing rows without one: the column is nullable.
ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
GO
CREATE PROCEDURE dbo.spFindAllThings_2
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP (20) ThingId, RequestId, Name, ISNULL(Colour, N'unpainted') AS Colour
    FROM dbo.Things
    ORDER BY ThingId DESC;
END
GO
CREATE PROCEDURE dbo.spAddThing_2
    @RequestId nvarchar(64),
    @Name nvarchar(200),
    @Colour nvarchar(30)
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Things (RequestId, Name, Colour) VALUES (@RequestId, @Name, @Colour);
END
GO
