-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What `dotnet ef migrations script` writes for operations that only add.
IF OBJECT_ID(N'[__EFMigrationsHistory]') IS NULL
BEGIN
    CREATE TABLE [__EFMigrationsHistory] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EFMigrationsHistory] PRIMARY KEY ([MigrationId])
    );
END;
GO

BEGIN TRANSACTION;
IF SCHEMA_ID(N'sales') IS NULL EXEC(N'CREATE SCHEMA [sales];');
GO

CREATE SEQUENCE [sales].[OrderNumbers] AS int START WITH 1000 INCREMENT BY 5 NO CYCLE;
GO

CREATE SEQUENCE [EntityFrameworkHiLoSequence] START WITH 1 INCREMENT BY 10 NO MINVALUE NO MAXVALUE NO CYCLE;
GO

CREATE TABLE [Customers] (
    [CustomerId] int NOT NULL IDENTITY,
    [Name] nvarchar(max) NOT NULL,
    [Email] nvarchar(450) NULL,
    [Balance] decimal(18,2) NOT NULL DEFAULT 0.0,
    [Joined] datetime2 NOT NULL DEFAULT (getutcdate()),
    [IsActive] bit NOT NULL DEFAULT CAST(1 AS bit),
    [Rating] float NULL,
    [Key] uniqueidentifier NOT NULL DEFAULT (NEWSEQUENTIALID()),
    [Picture] varbinary(max) NULL,
    [RowVersion] rowversion NULL,
    [FullName] AS [Name] + ' ' + [Email],
    [Length] AS LEN([Name]) PERSISTED,
    [Birthday] date NULL,
    [Opens] time(3) NULL,
    [Stamp] datetimeoffset NOT NULL DEFAULT '2020-01-01T00:00:00.0000000+00:00',
    [Code] nchar(5) COLLATE Latin1_General_CI_AS NULL,
    [Sparse] int SPARSE NULL,
    [Tiny] tinyint NOT NULL DEFAULT CAST(0 AS tinyint),
    [Xml] xml NULL,
    [Parent] hierarchyid NULL,
    [Place] geography NULL,
    CONSTRAINT [PK_Customers] PRIMARY KEY ([CustomerId]),
    CONSTRAINT [AK_Customers_Key] UNIQUE ([Key]),
    CONSTRAINT [CK_Customers_Balance] CHECK ([Balance] >= 0)
);
DECLARE @defaultSchema AS sysname;
SET @defaultSchema = SCHEMA_NAME();
DECLARE @description AS sql_variant;
SET @description = N'Those who buy';
EXEC sp_addextendedproperty 'MS_Description', @description, 'SCHEMA', @defaultSchema, 'TABLE', N'Customers';
SET @description = N'How to reach them';
EXEC sp_addextendedproperty 'MS_Description', @description, 'SCHEMA', @defaultSchema, 'TABLE', N'Customers', 'COLUMN', N'Email';
GO

CREATE TABLE [sales].[Orders] (
    [OrderId] int NOT NULL DEFAULT (NEXT VALUE FOR [sales].[OrderNumbers]),
    [CustomerId] int NOT NULL,
    [Total] decimal(18,2) NULL,
    CONSTRAINT [PK_Orders] PRIMARY KEY NONCLUSTERED ([OrderId]),
    CONSTRAINT [FK_Orders_Customers_CustomerId] FOREIGN KEY ([CustomerId]) REFERENCES [Customers] ([CustomerId]) ON DELETE CASCADE
);
GO

CREATE TABLE [OrderTag] (
    [OrdersOrderId] int NOT NULL,
    [TagsTagId] nvarchar(450) NOT NULL,
    CONSTRAINT [PK_OrderTag] PRIMARY KEY ([OrdersOrderId], [TagsTagId]),
    CONSTRAINT [FK_OrderTag_Orders_OrdersOrderId] FOREIGN KEY ([OrdersOrderId]) REFERENCES [sales].[Orders] ([OrderId]) ON DELETE NO ACTION
);
GO

CREATE INDEX [IX_Orders_CustomerId] ON [sales].[Orders] ([CustomerId]);
GO

CREATE UNIQUE INDEX [IX_Customers_Email] ON [Customers] ([Email]) WHERE [Email] IS NOT NULL;
GO

CREATE CLUSTERED INDEX [IX_Orders_Total] ON [sales].[Orders] ([Total] DESC);
GO

CREATE INDEX [IX_Customers_Rating] ON [Customers] ([Rating]) INCLUDE ([Email], [Joined]) WITH (FILLFACTOR = 80, ONLINE = ON, SORT_IN_TEMPDB = ON, DATA_COMPRESSION = PAGE);
GO

IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'CustomerId', N'Name') AND [object_id] = OBJECT_ID(N'[Customers]'))
    SET IDENTITY_INSERT [Customers] ON;
INSERT INTO [Customers] ([CustomerId], [Name])
VALUES (1, N'Ann'),
(2, N'Bob'),
(3, N'O''Hara');
IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'CustomerId', N'Name') AND [object_id] = OBJECT_ID(N'[Customers]'))
    SET IDENTITY_INSERT [Customers] OFF;
GO

ALTER TABLE [Customers] ADD [Nickname] nvarchar(50) NULL;
GO

ALTER TABLE [Customers] ADD [Flags] int NULL DEFAULT 3;
GO

ALTER TABLE [Customers] ADD [Shout] AS UPPER([Name]);
GO

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20260101000000_First', N'9.0.0');
COMMIT;
GO

BEGIN TRANSACTION;
ALTER TABLE [Invoices] ADD [PaidAt] datetime2 NULL;

ALTER TABLE [Invoices] ADD [Note] nvarchar(max) NULL;

EXEC(N'CREATE VIEW [PaidInvoices] AS SELECT [InvoiceId] FROM [Invoices] WHERE [PaidAt] IS NOT NULL');

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20260201000000_Second', N'9.0.0');

COMMIT;
GO
