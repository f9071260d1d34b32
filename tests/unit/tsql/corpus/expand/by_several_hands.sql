-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Scripts of teams that number their files and write what they like.
SET NOCOUNT ON;
SET XACT_ABORT ON;
GO
/* 0210 addresses get a country of their own */
IF OBJECT_ID('dbo.Country') IS NULL
    CREATE TABLE dbo.Country (CountryCode CHAR(2) NOT NULL PRIMARY KEY, EnglishName NVARCHAR(100) NOT NULL, InUnion BIT NOT NULL DEFAULT (0));
GO
INSERT INTO dbo.Country (CountryCode, EnglishName, InUnion)
VALUES ('AT', N'Austria', 1), ('BE', N'Belgium', 1), ('CH', N'Switzerland', 0), ('DE', N'Germany', 1), ('US', N'United States', 0);
GO
ALTER TABLE dbo.Address ADD CountryCode CHAR(2) NULL;
GO
ALTER TABLE dbo.Address WITH NOCHECK ADD CONSTRAINT FK_Address_Country FOREIGN KEY (CountryCode) REFERENCES dbo.Country (CountryCode);
GO
ALTER TABLE dbo.Address WITH NOCHECK ADD CONSTRAINT CK_Address_CountryCode CHECK (CountryCode LIKE '[A-Z][A-Z]');
GO
/* 0211 opening hours */
CREATE TABLE dbo.OpeningHours
(
    StoreId   INT     NOT NULL,
    Weekday   TINYINT NOT NULL,
    OpensAt   TIME(0) NOT NULL,
    ClosesAt  TIME(0) NOT NULL,
    CONSTRAINT PK_OpeningHours PRIMARY KEY (StoreId, Weekday, OpensAt),
    CONSTRAINT CK_OpeningHours_Order CHECK (ClosesAt > OpensAt),
    CONSTRAINT FK_OpeningHours_Store FOREIGN KEY (StoreId) REFERENCES dbo.Store (StoreId)
);
GO
;WITH days AS
(
    SELECT 1 AS Weekday
    UNION ALL
    SELECT Weekday + 1 FROM days WHERE Weekday < 5
)
INSERT INTO dbo.OpeningHours (StoreId, Weekday, OpensAt, ClosesAt)
SELECT 1, d.Weekday, '08:00', '18:00' FROM days AS d
OPTION (MAXRECURSION 10);
GO
CREATE PROCEDURE dbo.GetOpeningHours @StoreId INT, @On DATE = NULL
AS
BEGIN
    SET NOCOUNT ON;
    SET DATEFIRST 1;
    SELECT OpensAt, ClosesAt
    FROM dbo.OpeningHours
    WHERE StoreId = @StoreId AND Weekday = DATEPART(WEEKDAY, ISNULL(@On, GETDATE()))
    ORDER BY OpensAt;
END
GO
/* 0212 history of prices, as a temporal table of its own */
CREATE TABLE dbo.PriceList
(
    ProductId INT NOT NULL PRIMARY KEY CLUSTERED,
    Price DECIMAL(9, 2) NOT NULL,
    ValidFrom DATETIME2 GENERATED ALWAYS AS ROW START HIDDEN NOT NULL,
    ValidTo DATETIME2 GENERATED ALWAYS AS ROW END HIDDEN NOT NULL,
    PERIOD FOR SYSTEM_TIME (ValidFrom, ValidTo)
)
WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.PriceListHistory));
GO
CREATE VIEW dbo.PriceChanges AS
SELECT p.ProductId, p.Price, p.ValidFrom, p.ValidTo,
       LEAD(p.Price) OVER (PARTITION BY p.ProductId ORDER BY p.ValidFrom) AS NextPrice
FROM dbo.PriceList FOR SYSTEM_TIME ALL AS p;
GO
/* 0213 queue between services */
CREATE TABLE dbo.WorkItem
(
    WorkItemId BIGINT IDENTITY(1, 1) NOT NULL CONSTRAINT PK_WorkItem PRIMARY KEY,
    Queue VARCHAR(50) NOT NULL,
    Body VARBINARY(MAX) NOT NULL,
    NotBefore DATETIME2(0) NOT NULL CONSTRAINT DF_WorkItem_NotBefore DEFAULT (SYSUTCDATETIME()),
    LockedUntil DATETIME2(0) NULL
);
CREATE INDEX IX_WorkItem_Queue ON dbo.WorkItem (Queue, NotBefore) WITH (ALLOW_PAGE_LOCKS = OFF);
GO
CREATE PROCEDURE dbo.WorkItem_Take @Queue VARCHAR(50), @Seconds INT = 30
AS
BEGIN
    SET NOCOUNT ON;
    UPDATE TOP (1) w
    SET LockedUntil = DATEADD(SECOND, @Seconds, SYSUTCDATETIME())
    OUTPUT inserted.WorkItemId, inserted.Body
    FROM dbo.WorkItem AS w WITH (READPAST, ROWLOCK, UPDLOCK)
    WHERE w.Queue = @Queue AND w.NotBefore <= SYSUTCDATETIME() AND (w.LockedUntil IS NULL OR w.LockedUntil < SYSUTCDATETIME());
END
GO
CREATE PROCEDURE dbo.WorkItem_Done @WorkItemId BIGINT AS DELETE FROM dbo.WorkItem WHERE WorkItemId = @WorkItemId;
GO
/* 0214 a report's cursor, kept as it was */
CREATE PROCEDURE dbo.RebuildTotals
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @store INT, @total MONEY;
    DECLARE stores CURSOR LOCAL FAST_FORWARD FOR SELECT StoreId FROM dbo.Store ORDER BY StoreId;
    OPEN stores;
    FETCH NEXT FROM stores INTO @store;
    WHILE @@FETCH_STATUS = 0
    BEGIN
        SELECT @total = SUM(Total) FROM dbo.Orders WHERE StoreId = @store;
        PRINT CONCAT(@store, N': ', @total);
        FETCH NEXT FROM stores INTO @store;
    END
    CLOSE stores;
    DEALLOCATE stores;
END
GO
/* 0215 roles of the new service */
IF DATABASE_PRINCIPAL_ID(N'basket_service') IS NULL CREATE ROLE basket_service;
GO
GRANT SELECT ON dbo.Country TO basket_service;
GRANT SELECT, INSERT, DELETE ON dbo.WorkItem TO basket_service;
GRANT EXECUTE ON dbo.WorkItem_Take TO basket_service;
GRANT EXECUTE ON dbo.WorkItem_Done TO basket_service;
GO
/* 0216 small corrections of reference data, by key */
UPDATE dbo.Country SET EnglishName = N'United States of America' WHERE CountryCode = 'US';
DELETE FROM dbo.Country WHERE CountryCode = 'XX';
GO
/* 0217 partition scheme for a new, large table */
CREATE PARTITION FUNCTION pfMonth (DATE) AS RANGE RIGHT FOR VALUES ('2026-01-01', '2026-02-01', '2026-03-01');
CREATE PARTITION SCHEME psMonth AS PARTITION pfMonth ALL TO ([PRIMARY]);
CREATE TABLE dbo.Click (ClickedOn DATE NOT NULL, SessionId BIGINT NOT NULL, Url NVARCHAR(400) NOT NULL, INDEX CCI_Click CLUSTERED COLUMNSTORE) ON psMonth (ClickedOn);
GO
/* 0218 a check before the next release */
IF EXISTS (SELECT 1 FROM dbo.Address WHERE LEN(PostalCode) > 20)
    THROW 51002, N'A postal code has more than 20 characters.', 1;
GO
SELECT TOP (10) CountryCode, COUNT(*) AS N FROM dbo.Address GROUP BY CountryCode HAVING COUNT(*) > 1 ORDER BY N DESC;
SELECT CountryCode FROM dbo.Country EXCEPT SELECT CountryCode FROM dbo.Address;
GO
