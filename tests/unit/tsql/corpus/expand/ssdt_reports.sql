-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- In the form of what SSDT publishes for new objects: PRINT before each, no sqlcmd directives.
PRINT N'Creating Schema [report]...';
GO
CREATE SCHEMA [report]
    AUTHORIZATION [dbo];
GO
PRINT N'Creating Table [report].[Run]...';
GO
CREATE TABLE [report].[Run] (
    [RunId]      INT              IDENTITY (1, 1) NOT NULL,
    [ReportName] NVARCHAR (128)   NOT NULL,
    [Parameters] XML              NULL,
    [StartedUtc] DATETIME2 (3)    NOT NULL,
    [EndedUtc]   DATETIME2 (3)    NULL,
    [RequestId]  UNIQUEIDENTIFIER NOT NULL,
    [Status]     TINYINT          NOT NULL,
    CONSTRAINT [PK_Run] PRIMARY KEY CLUSTERED ([RunId] ASC)
);
GO
PRINT N'Creating Index [report].[Run].[IX_Run_Status]...';
GO
CREATE NONCLUSTERED INDEX [IX_Run_Status]
    ON [report].[Run]([Status] ASC, [StartedUtc] DESC)
    INCLUDE([ReportName]);
GO
PRINT N'Creating Default Constraint [report].[DF_Run_StartedUtc]...';
GO
ALTER TABLE [report].[Run]
    ADD CONSTRAINT [DF_Run_StartedUtc] DEFAULT (sysutcdatetime()) FOR [StartedUtc];
GO
PRINT N'Creating Default Constraint [report].[DF_Run_RequestId]...';
GO
ALTER TABLE [report].[Run]
    ADD CONSTRAINT [DF_Run_RequestId] DEFAULT (newsequentialid()) FOR [RequestId];
GO
PRINT N'Creating Table [report].[RunRow]...';
GO
CREATE TABLE [report].[RunRow] (
    [RunId]   INT            NOT NULL,
    [RowNo]   INT            NOT NULL,
    [Key]     NVARCHAR (200) NOT NULL,
    [Amount]  MONEY          NULL,
    [Comment] NVARCHAR (MAX) NULL,
    CONSTRAINT [PK_RunRow] PRIMARY KEY CLUSTERED ([RunId] ASC, [RowNo] ASC) WITH (DATA_COMPRESSION = PAGE)
);
GO
PRINT N'Creating Foreign Key [report].[FK_RunRow_Run]...';
GO
ALTER TABLE [report].[RunRow] WITH NOCHECK
    ADD CONSTRAINT [FK_RunRow_Run] FOREIGN KEY ([RunId]) REFERENCES [report].[Run] ([RunId]) ON DELETE CASCADE;
GO
PRINT N'Creating Check Constraint [report].[CK_Run_Status]...';
GO
ALTER TABLE [report].[Run] WITH NOCHECK
    ADD CONSTRAINT [CK_Run_Status] CHECK ([Status]>=(0) AND [Status]<=(3));
GO
PRINT N'Creating View [report].[LastRun]...';
GO
CREATE VIEW [report].[LastRun]
AS
SELECT r.[RunId], r.[ReportName], r.[StartedUtc], r.[EndedUtc]
FROM [report].[Run] AS r
WHERE r.[RunId] = (SELECT MAX(o.[RunId]) FROM [report].[Run] AS o WHERE o.[ReportName] = r.[ReportName]);
GO
PRINT N'Creating Function [report].[DurationMs]...';
GO
CREATE FUNCTION [report].[DurationMs]
(
    @from DATETIME2 (3),
    @to   DATETIME2 (3)
)
RETURNS INT
AS
BEGIN
    RETURN DATEDIFF(MILLISECOND, @from, ISNULL(@to, SYSUTCDATETIME()));
END
GO
PRINT N'Creating Procedure [report].[StartRun]...';
GO
CREATE PROCEDURE [report].[StartRun]
    @ReportName NVARCHAR (128),
    @Parameters XML = NULL,
    @RunId INT OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO [report].[Run] ([ReportName], [Parameters], [Status])
    VALUES (@ReportName, @Parameters, 1);
    SET @RunId = SCOPE_IDENTITY();
END
GO
PRINT N'Creating Procedure [report].[EndRun]...';
GO
CREATE PROCEDURE [report].[EndRun] @RunId INT, @Failed BIT = 0
AS
BEGIN
    SET NOCOUNT ON;
    UPDATE [report].[Run]
    SET    [EndedUtc] = SYSUTCDATETIME(),
           [Status]   = IIF(@Failed = 1, 3, 2)
    WHERE  [RunId] = @RunId;
    IF @@ROWCOUNT = 0
        RAISERROR (N'There is no run %d.', 16, 1, @RunId);
END
GO
PRINT N'Creating Procedure [report].[Sales]...';
GO
CREATE PROCEDURE [report].[Sales] @Year SMALLINT, @Region NVARCHAR (15) = NULL
AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @from DATE = DATEFROMPARTS(@Year, 1, 1), @to DATE = DATEFROMPARTS(@Year + 1, 1, 1);
    CREATE TABLE #sales ([Month] INT NOT NULL, [Amount] MONEY NOT NULL, PRIMARY KEY ([Month]));
    INSERT #sales ([Month], [Amount])
    SELECT MONTH(o.[OrderDate]), SUM(o.[Total])
    FROM [dbo].[Orders] AS o
    INNER JOIN [dbo].[Customers] AS c ON c.[CustomerId] = o.[CustomerId]
    WHERE o.[OrderDate] >= @from AND o.[OrderDate] < @to AND (@Region IS NULL OR c.[Region] = @Region)
    GROUP BY MONTH(o.[OrderDate]);
    SELECT s.[Month], s.[Amount], LAG(s.[Amount]) OVER (ORDER BY s.[Month]) AS [Before],
           FORMAT(s.[Amount], N'N2') AS [Text], STRING_AGG(N'x', N'') WITHIN GROUP (ORDER BY s.[Month]) OVER () AS [Marks]
    FROM #sales AS s
    ORDER BY s.[Month];
    DROP TABLE #sales;
END
GO
PRINT N'Creating Procedure [report].[Pivot]...';
GO
CREATE PROCEDURE [report].[Pivot]
AS
SELECT p.[Region], p.[1] AS [Jan], p.[2] AS [Feb], p.[3] AS [Mar]
FROM (SELECT c.[Region], MONTH(o.[OrderDate]) AS [M], o.[Total] FROM [dbo].[Orders] AS o JOIN [dbo].[Customers] AS c ON c.[CustomerId] = o.[CustomerId]) AS s
PIVOT (SUM([Total]) FOR [M] IN ([1], [2], [3])) AS p;
GO
PRINT N'Creating Permission Permission...';
GO
GRANT EXECUTE
    ON SCHEMA::[report] TO [report_reader];
GO
PRINT N'Creating Extended Property [report].[Run].[MS_Description]...';
GO
EXECUTE sp_addextendedproperty @name = N'MS_Description', @value = N'One execution of a report.', @level0type = N'SCHEMA', @level0name = N'report', @level1type = N'TABLE', @level1name = N'Run';
GO
PRINT N'Update complete.';
GO
