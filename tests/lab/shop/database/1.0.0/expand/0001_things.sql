-- Things, and the sessions of those who look at them (kept here so that a recycled worker forgets nobody).
CREATE TABLE dbo.Things (
    ThingId int IDENTITY(1, 1) NOT NULL,
    RequestId nvarchar(64) NOT NULL,
    Name nvarchar(200) NOT NULL,
    CreatedAt datetime2(3) NOT NULL CONSTRAINT DF_Things_CreatedAt DEFAULT SYSUTCDATETIME(),
    CONSTRAINT PK_Things PRIMARY KEY (ThingId)
);
GO
CREATE TABLE dbo.Sessions (
    SessionId nvarchar(64) NOT NULL,
    Hits int NOT NULL,
    CONSTRAINT PK_Sessions PRIMARY KEY (SessionId)
);
GO
CREATE PROCEDURE dbo.spFindAllThings
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP (20) ThingId, RequestId, Name
    FROM dbo.Things
    ORDER BY ThingId DESC;
END
GO
CREATE PROCEDURE dbo.spAddThing
    @RequestId nvarchar(64),
    @Name nvarchar(200)
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Things (RequestId, Name) VALUES (@RequestId, @Name);
END
GO
CREATE PROCEDURE dbo.spTouchSession
    @SessionId nvarchar(64)
AS
BEGIN
    SET NOCOUNT ON;
    UPDATE dbo.Sessions SET Hits = Hits + 1 WHERE SessionId = @SessionId;
    IF @@ROWCOUNT = 0
        INSERT INTO dbo.Sessions (SessionId, Hits) VALUES (@SessionId, 1);
    SELECT Hits FROM dbo.Sessions WHERE SessionId = @SessionId;
END
GO
