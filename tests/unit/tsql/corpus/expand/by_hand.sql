-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Written by hand, for an expand phase.
-- a guarded column
WAITFOR DELAY '00:00:00.100';
GO
IF COL_LENGTH(N'dbo.Things', N'Colour') IS NULL
    ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;
GO
IF NOT EXISTS (SELECT 1 FROM sys.columns WHERE object_id = OBJECT_ID(N'dbo.Things') AND name = N'Weight')
BEGIN
    ALTER TABLE dbo.Things ADD
        Weight decimal(9, 3) NULL,
        Height decimal(9, 3) NULL CONSTRAINT DF_Things_Height DEFAULT (0);
    PRINT N'Weight and Height added';
END
ELSE
    PRINT N'Weight was there';
GO
IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'dbo' AND TABLE_NAME = 'Audit')
CREATE TABLE dbo.Audit
(
    AuditId bigint IDENTITY(1,1) NOT NULL CONSTRAINT PK_Audit PRIMARY KEY CLUSTERED WITH (FILLFACTOR = 95),
    At datetime2(3) NOT NULL CONSTRAINT DF_Audit_At DEFAULT SYSUTCDATETIME(),
    Who sysname NOT NULL CONSTRAINT DF_Audit_Who DEFAULT ORIGINAL_LOGIN(),
    What nvarchar(4000) NOT NULL,
    Old xml NULL,
    New xml NULL,
    INDEX IX_Audit_At NONCLUSTERED (At DESC)
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY];
GO
CREATE TABLE dbo.ThingTags
(
    ThingId int NOT NULL,
    Tag nvarchar(50) NOT NULL,
    CONSTRAINT PK_ThingTags PRIMARY KEY (ThingId, Tag),
    CONSTRAINT FK_ThingTags_Things FOREIGN KEY (ThingId) REFERENCES dbo.Things (ThingId) ON DELETE CASCADE ON UPDATE NO ACTION
);
GO
CREATE PROCEDURE dbo.spFindAllThings_2
    @Colour nvarchar(30) = NULL,
    @Page int = 1,
    @PageSize AS int = 50,
    @Total int OUTPUT
WITH EXECUTE AS OWNER
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    SELECT @Total = COUNT(*) FROM dbo.Things WHERE @Colour IS NULL OR Colour = @Colour;
    SELECT t.ThingId, t.Name, t.Colour,
           ROW_NUMBER() OVER (PARTITION BY t.Colour ORDER BY t.Name) AS Nr,
           SUM(t.Weight) OVER (ORDER BY t.ThingId ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS Running,
           IIF(t.Weight > 5, N'heavy', N'light') AS Class,
           CASE t.Colour WHEN N'red' THEN 1 WHEN N'blue' THEN 2 ELSE 3 END AS ColourNr
    FROM dbo.Things AS t
    LEFT OUTER JOIN dbo.ThingTags AS g ON g.ThingId = t.ThingId AND g.Tag = N'new'
    CROSS APPLY (SELECT TOP (1) a.At FROM dbo.Audit AS a WHERE a.What = t.Name ORDER BY a.At DESC) AS last
    WHERE (@Colour IS NULL OR t.Colour = @Colour)
    ORDER BY t.Name
    OFFSET (@Page - 1) * @PageSize ROWS FETCH NEXT @PageSize ROWS ONLY
    OPTION (RECOMPILE);
    RETURN 0;
END
GO
CREATE VIEW dbo.vThingsByColour
AS
SELECT Colour, COUNT(*) AS Number, STRING_AGG(Name, N', ') WITHIN GROUP (ORDER BY Name) AS Names
FROM dbo.Things
GROUP BY Colour
HAVING COUNT(*) > 1;
GO
CREATE FUNCTION dbo.fnThingsOf(@Colour nvarchar(30))
RETURNS TABLE
AS
RETURN
(
    WITH chosen AS (SELECT ThingId, Name FROM dbo.Things WHERE Colour = @Colour)
    SELECT c.ThingId, c.Name FROM chosen AS c
);
GO
CREATE FUNCTION dbo.fnPrice(@net decimal(18, 2), @rate decimal(5, 2) = 19)
RETURNS decimal(18, 2)
WITH RETURNS NULL ON NULL INPUT
AS
BEGIN
    DECLARE @gross decimal(18, 2);
    SET @gross = @net * (1 + @rate / 100.0);
    IF @gross > 1000
        SET @gross = ROUND(@gross, 0);
    RETURN @gross;
END;
GO
CREATE FUNCTION dbo.fnSplit(@text nvarchar(max))
RETURNS @parts TABLE (Nr int IDENTITY(1, 1) NOT NULL PRIMARY KEY, Part nvarchar(400) NOT NULL)
AS
BEGIN
    INSERT INTO @parts (Part) SELECT LTRIM(RTRIM(value)) FROM STRING_SPLIT(@text, N',') WHERE value <> N'';
    RETURN;
END
GO
CREATE TYPE dbo.ThingList AS TABLE (ThingId int NOT NULL, Name nvarchar(200) NULL, PRIMARY KEY (ThingId));
GO
CREATE TYPE dbo.ColourName FROM nvarchar(30) NOT NULL;
GO
CREATE SYNONYM dbo.Stuff FOR dbo.Things;
GO
CREATE SEQUENCE dbo.InvoiceNumbers AS bigint START WITH 100000 INCREMENT BY 1 MINVALUE 100000 NO MAXVALUE NO CYCLE CACHE 50;
GO
CREATE ROLE reporting AUTHORIZATION dbo;
ALTER ROLE reporting ADD MEMBER shop;
GRANT SELECT ON SCHEMA::dbo TO reporting;
GRANT EXECUTE ON OBJECT::dbo.spFindAllThings_2 TO shop;
GRANT VIEW DEFINITION TO reporting;
GRANT SELECT (ThingId, Name), UPDATE (Name) ON dbo.Things TO reporting AS dbo;
GO
INSERT INTO dbo.Kinds (KindId, Name) VALUES (10, N'Wooden'), (11, N'Made of glass');
INSERT dbo.Kinds SELECT 12, N'Paper' WHERE NOT EXISTS (SELECT 1 FROM dbo.Kinds WHERE KindId = 12);
INSERT INTO dbo.Kinds (KindId, Name) SELECT v.KindId, v.Name FROM (VALUES (13, N'Tin'), (14, N'Iron')) AS v (KindId, Name)
WHERE NOT EXISTS (SELECT * FROM dbo.Kinds AS k WHERE k.KindId = v.KindId);
GO
MERGE INTO dbo.Settings WITH (HOLDLOCK) AS target
USING (VALUES (N'theme', N'dark'), (N'limit', N'50')) AS source (Name, Value)
ON target.Name = source.Name
WHEN NOT MATCHED BY TARGET THEN
    INSERT (Name, Value) VALUES (source.Name, source.Value)
OUTPUT $action, inserted.Name;
GO
SET IDENTITY_INSERT dbo.Kinds ON;
INSERT INTO dbo.Kinds (KindId, Name) VALUES (99, N'Other');
SET IDENTITY_INSERT dbo.Kinds OFF;
GO
CREATE NONCLUSTERED INDEX IX_Things_Colour ON dbo.Things (Colour ASC) INCLUDE (Name)
WITH (ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF)), MAXDOP = 2, DATA_COMPRESSION = ROW);
GO
CREATE STATISTICS ST_Things_Colour ON dbo.Things (Colour, Weight) WITH SAMPLE 20 PERCENT;
UPDATE STATISTICS dbo.Things (ST_Things_Colour) WITH FULLSCAN;
UPDATE STATISTICS dbo.Things;
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'What colour it has', @level0type = N'SCHEMA', @level0name = N'dbo',
    @level1type = N'TABLE', @level1name = N'Things', @level2type = N'COLUMN', @level2name = N'Colour';
EXEC sp_refreshview N'dbo.vThingsByColour';
EXECUTE sp_refreshsqlmodule N'dbo.fnThingsOf';
EXEC sp_recompile N'dbo.Things';
GO
DECLARE @now datetime2 = SYSUTCDATETIME(), @count int;
DECLARE @todo TABLE (ThingId int NOT NULL PRIMARY KEY, Done bit NOT NULL DEFAULT 0);
INSERT INTO @todo (ThingId) SELECT TOP (100) ThingId FROM dbo.Things ORDER BY ThingId;
SET @count = @@ROWCOUNT;
WHILE EXISTS (SELECT 1 FROM @todo WHERE Done = 0)
BEGIN
    DECLARE @id int = (SELECT MIN(ThingId) FROM @todo WHERE Done = 0);
    IF @id % 10 = 0
        RAISERROR (N'%d of %d', 0, 1, @id, @count) WITH NOWAIT;
    UPDATE @todo SET Done = 1 WHERE ThingId = @id;
    IF @id > 1000 BREAK;
    CONTINUE;
END;
GO
CREATE TABLE #work (Id int NOT NULL, Name nvarchar(100) COLLATE DATABASE_DEFAULT NULL, Total AS (Id * 2));
CREATE CLUSTERED INDEX IX_work ON #work (Id);
INSERT INTO #work (Id, Name) SELECT ThingId, Name FROM dbo.Things WHERE Colour IS NULL;
UPDATE w SET w.Name = UPPER(w.Name) FROM #work AS w;
DELETE FROM #work WHERE Id < 0;
ALTER TABLE #work ADD Extra int NOT NULL DEFAULT 0;
TRUNCATE TABLE #work;
SELECT * FROM #work;
DROP TABLE IF EXISTS #work;
GO
SELECT ThingId, Name INTO dbo.ThingsSnapshot FROM dbo.Things WHERE Colour IS NOT NULL;
CREATE UNIQUE CLUSTERED INDEX CX_ThingsSnapshot ON dbo.ThingsSnapshot (ThingId);
GO
BEGIN TRY
    INSERT INTO dbo.Log2 (Message) VALUES (N'begin');
    IF (SELECT COUNT(*) FROM dbo.Things) < 0
        THROW 50001, N'impossible', 1;
END TRY
BEGIN CATCH
    DECLARE @message nvarchar(2048) = ERROR_MESSAGE();
    PRINT CONCAT(N'failed: ', @message);
    THROW;
END CATCH;
GO
DECLARE things CURSOR LOCAL STATIC READ_ONLY FORWARD_ONLY FOR
    SELECT ThingId, Name FROM dbo.Things WHERE Colour = N'red' ORDER BY ThingId;
DECLARE @thing int, @name nvarchar(200);
OPEN things;
FETCH NEXT FROM things INTO @thing, @name;
WHILE @@FETCH_STATUS = 0
BEGIN
    INSERT INTO dbo.ThingTags (ThingId, Tag) VALUES (@thing, N'red');
    FETCH NEXT FROM things INTO @thing, @name;
END
CLOSE things;
DEALLOCATE things;
GO
;WITH ranked AS
(
    SELECT ThingId, Colour, RANK() OVER (PARTITION BY Colour ORDER BY Weight DESC) AS Place FROM dbo.Things
),
best AS (SELECT ThingId FROM ranked WHERE Place = 1)
INSERT INTO dbo.ThingTags (ThingId, Tag)
SELECT b.ThingId, N'best' FROM best AS b
EXCEPT
SELECT ThingId, Tag FROM dbo.ThingTags;
GO
SELECT p.[red], p.[blue]
FROM (SELECT Colour, Weight FROM dbo.Things) AS s
PIVOT (SUM(Weight) FOR Colour IN ([red], [blue])) AS p;
SELECT ThingId, Property, Size
FROM dbo.Boxes UNPIVOT (Size FOR Property IN (Width, Height, Depth)) AS u;
SELECT Colour, Kind, SUM(Weight) AS Total FROM dbo.Things GROUP BY GROUPING SETS ((Colour, Kind), (Colour), ());
SELECT Colour, SUM(Weight) AS Total FROM dbo.Things GROUP BY Colour WITH ROLLUP;
SELECT TOP (3) WITH TIES Name FROM dbo.Things ORDER BY Weight DESC;
SELECT Name FROM dbo.Things FOR JSON PATH, ROOT('things'), INCLUDE_NULL_VALUES;
SELECT Name AS [@name], Colour AS [colour/text()] FROM dbo.Things FOR XML PATH('thing'), ROOT('things'), TYPE;
SELECT j.Id, j.Name FROM OPENJSON(N'[{"id": 1, "name": "a"}]') WITH (Id int '$.id', Name nvarchar(50) '$.name') AS j;
SELECT T.c.value('@id', 'int') AS Id FROM (SELECT CAST(N'<a id="1"/>' AS xml) AS x) AS d CROSS APPLY d.x.nodes('/a') AS T(c);
SELECT s.Name FROM dbo.Staff FOR SYSTEM_TIME AS OF '2026-01-01' AS s;
SELECT N'it''s', 0x0A1B, -1.5e-3, $12.50, .5, 1., 'a' + N'b', @@VERSION, @@ROWCOUNT, 5 % 2, ~1, 3 ^ 2, 1 | 2, 4 & 1;
SELECT GETDATE() AT TIME ZONE 'UTC' AS Now, {fn CURDATE()} AS Today, {d '2026-01-01'} AS Day;
SELECT CASE WHEN EXISTS (SELECT * FROM dbo.Things WHERE Weight BETWEEN 1 AND 2) THEN 1 ELSE 0 END AS Found;
SELECT NEXT VALUE FOR dbo.InvoiceNumbers AS Nr;
SELECT a.Name FROM dbo.A AS a INNER HASH JOIN dbo.B AS b ON a.Id = b.Id LEFT MERGE JOIN dbo.C AS c ON c.Id = b.Id OPTION (MAXDOP 1, USE HINT ('FORCE_ORDER'));
(SELECT 1 AS a) UNION (SELECT 2);
SELECT [from], [select], "order" FROM dbo.[Group By] WHERE [update] = 1 AND [drop] IS NULL;
SELECT x.Disable, x.Enable, x.Throw FROM dbo.Switches AS x;
GO
DECLARE @json nvarchar(max) = N'{"a": [1, 2, 3]}', @xml xml = N'<r/>', @n int, @m int;
SET @xml.modify('insert <a/> into (/r)[1]');
SELECT @n = JSON_VALUE(@json, '$.a[0]'), @m = 5;
SELECT @n += 1;
SET @n *= 2;
IF @n IS NULL OR NOT (@m > 3 AND @n IN (1, 2, 3))
    RETURN;
GO
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET DATEFORMAT ymd;
SET DATEFIRST 1;
SET LANGUAGE us_english;
SET STATISTICS TIME, IO OFF;
SET ROWCOUNT 0;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET DEADLOCK_PRIORITY LOW;
GO
CREATE PARTITION FUNCTION pfMonth (date) AS RANGE RIGHT FOR VALUES ('20260101', '20260201');
CREATE PARTITION SCHEME psMonth AS PARTITION pfMonth ALL TO ([PRIMARY]);
CREATE TABLE dbo.Visits (At date NOT NULL, Ip varchar(45) NOT NULL) ON psMonth (At);
CREATE CLUSTERED COLUMNSTORE INDEX CC_Visits ON dbo.Visits;
GO
CREATE XML SCHEMA COLLECTION dbo.ThingSchema AS N'<xsd:schema xmlns:xsd="urn:x"/>';
ALTER INDEX ALL ON dbo.Things REORGANIZE WITH (LOB_COMPACTION = ON);
ALTER TABLE dbo.Things SET (LOCK_ESCALATION = AUTO);
ALTER TABLE dbo.Things ENABLE TRIGGER ALL;
DBCC CHECKIDENT (N'dbo.Things', NORESEED);
GO
CREATE TABLE dbo.Staff
(
    Id int NOT NULL CONSTRAINT PK_Staff PRIMARY KEY,
    Name nvarchar(100) MASKED WITH (FUNCTION = 'partial(1,"xxx",0)') NULL,
    ValidFrom datetime2 GENERATED ALWAYS AS ROW START NOT NULL,
    ValidTo datetime2 GENERATED ALWAYS AS ROW END NOT NULL,
    PERIOD FOR SYSTEM_TIME (ValidFrom, ValidTo)
) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.StaffHistory, DATA_CONSISTENCY_CHECK = ON));
GO
CREATE TABLE dbo.Person (Id int NOT NULL, Name nvarchar(100) NULL) AS NODE;
CREATE TABLE dbo.Likes AS EDGE;
GO
again:
IF @@TRANCOUNT > 5
BEGIN
    PRINT N'once more';
    GOTO again;
END
GO
EXEC sp_executesql N'SELECT Name FROM dbo.Things WHERE ThingId = @id AND Colour = @colour', N'@id int, @colour nvarchar(30)', @id = 5, @colour = N'red';
EXEC ('SELECT 1 AS One');
DECLARE @rc int;
EXEC @rc = sp_getapplock @Resource = N'shop', @LockMode = 'Exclusive', @LockTimeout = 0;
IF @rc < 0 THROW 50000, N'somebody else is at it', 1;
EXEC sp_releaseapplock @Resource = N'shop';
EXEC sys.sp_set_session_context @key = N'user', @value = 5;
GO
