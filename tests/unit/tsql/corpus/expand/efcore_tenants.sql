-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What `dotnet ef migrations script` of EF Core 8 writes: new tables with owned types, JSON, keys of several columns, seed data.
BEGIN TRANSACTION;
GO

IF SCHEMA_ID(N'billing') IS NULL EXEC(N'CREATE SCHEMA [billing];');
GO

CREATE TABLE [billing].[Tenants] (
    [Id] uniqueidentifier NOT NULL,
    [Name] nvarchar(200) NOT NULL,
    [Slug] varchar(64) NOT NULL,
    [Plan] int NOT NULL DEFAULT 1,
    [Settings] nvarchar(max) NULL,
    [CreatedAt] datetimeoffset NOT NULL DEFAULT (sysdatetimeoffset()),
    [RowVersion] rowversion NOT NULL,
    [BillingAddress_Street] nvarchar(200) NULL,
    [BillingAddress_City] nvarchar(100) NULL,
    [BillingAddress_PostalCode] nvarchar(20) NULL,
    CONSTRAINT [PK_Tenants] PRIMARY KEY ([Id]),
    CONSTRAINT [AK_Tenants_Slug] UNIQUE ([Slug]),
    CONSTRAINT [CK_Tenants_Plan] CHECK ([Plan] BETWEEN 1 AND 5)
);
GO

CREATE TABLE [billing].[Invoices] (
    [TenantId] uniqueidentifier NOT NULL,
    [Number] bigint NOT NULL IDENTITY(1000, 1),
    [IssuedOn] date NOT NULL,
    [DueOn] date NULL,
    [Total] decimal(18,4) NOT NULL,
    [Currency] char(3) NOT NULL DEFAULT 'EUR',
    [Lines] nvarchar(max) NOT NULL,
    [IsPaid] AS (CASE WHEN [PaidAt] IS NULL THEN CONVERT(bit, 0) ELSE CONVERT(bit, 1) END),
    [PaidAt] datetime2 NULL,
    [Discriminator] nvarchar(21) NOT NULL,
    CONSTRAINT [PK_Invoices] PRIMARY KEY ([TenantId], [Number]),
    CONSTRAINT [FK_Invoices_Tenants_TenantId] FOREIGN KEY ([TenantId]) REFERENCES [billing].[Tenants] ([Id]) ON DELETE CASCADE
);
GO

CREATE TABLE [billing].[InvoiceTag] (
    [InvoicesTenantId] uniqueidentifier NOT NULL,
    [InvoicesNumber] bigint NOT NULL,
    [TagsId] int NOT NULL,
    CONSTRAINT [PK_InvoiceTag] PRIMARY KEY ([InvoicesTenantId], [InvoicesNumber], [TagsId]),
    CONSTRAINT [FK_InvoiceTag_Invoices] FOREIGN KEY ([InvoicesTenantId], [InvoicesNumber]) REFERENCES [billing].[Invoices] ([TenantId], [Number]) ON DELETE CASCADE
);
GO

ALTER TABLE [Orders] ADD [TenantId] uniqueidentifier NULL;
GO

ALTER TABLE [Orders] ADD [ExternalReference] nvarchar(64) NULL;
GO

ALTER TABLE [Orders] ADD [Metadata] nvarchar(max) NULL;
GO

ALTER TABLE [Customers] ADD [PreferredLanguage] char(2) NULL;
GO

IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'Id', N'Name', N'Slug') AND [object_id] = OBJECT_ID(N'[billing].[Tenants]'))
    SET IDENTITY_INSERT [billing].[Tenants] ON;
INSERT INTO [billing].[Tenants] ([Id], [Name], [Slug])
VALUES ('8d3a2c64-7d0e-4a60-9d1f-5a7e2d0f8a01', N'Default', 'default'),
('8d3a2c64-7d0e-4a60-9d1f-5a7e2d0f8a02', N'Internal', 'internal');
IF EXISTS (SELECT * FROM [sys].[identity_columns] WHERE [name] IN (N'Id', N'Name', N'Slug') AND [object_id] = OBJECT_ID(N'[billing].[Tenants]'))
    SET IDENTITY_INSERT [billing].[Tenants] OFF;
GO

CREATE INDEX [IX_Invoices_DueOn] ON [billing].[Invoices] ([DueOn]) INCLUDE ([Total], [Currency]);
GO

CREATE UNIQUE INDEX [IX_Invoices_TenantId_IssuedOn] ON [billing].[Invoices] ([TenantId], [IssuedOn] DESC);
GO

CREATE INDEX [IX_InvoiceTag_TagsId] ON [billing].[InvoiceTag] ([TagsId]) WITH (FILLFACTOR = 90, DATA_COMPRESSION = PAGE);
GO

DECLARE @defaultSchema AS sysname;
SET @defaultSchema = SCHEMA_NAME();
DECLARE @description AS sql_variant;
SET @description = N'One customer of the platform';
EXEC sp_addextendedproperty 'MS_Description', @description, 'SCHEMA', N'billing', 'TABLE', N'Tenants';
SET @description = N'Name in addresses';
EXEC sp_addextendedproperty 'MS_Description', @description, 'SCHEMA', N'billing', 'TABLE', N'Tenants', 'COLUMN', N'Slug';
GO

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20260301101500_Tenants', N'8.0.3');
GO

COMMIT;
GO

BEGIN TRANSACTION;
GO

CREATE TABLE [AspNetRoles] (
    [Id] nvarchar(450) NOT NULL,
    [Name] nvarchar(256) NULL,
    [NormalizedName] nvarchar(256) NULL,
    [ConcurrencyStamp] nvarchar(max) NULL,
    CONSTRAINT [PK_AspNetRoles] PRIMARY KEY ([Id])
);
GO

CREATE TABLE [AspNetUsers] (
    [Id] nvarchar(450) NOT NULL,
    [UserName] nvarchar(256) NULL,
    [NormalizedUserName] nvarchar(256) NULL,
    [Email] nvarchar(256) NULL,
    [NormalizedEmail] nvarchar(256) NULL,
    [EmailConfirmed] bit NOT NULL,
    [PasswordHash] nvarchar(max) NULL,
    [LockoutEnd] datetimeoffset NULL,
    [LockoutEnabled] bit NOT NULL,
    [AccessFailedCount] int NOT NULL,
    CONSTRAINT [PK_AspNetUsers] PRIMARY KEY ([Id])
);
GO

CREATE TABLE [AspNetUserRoles] (
    [UserId] nvarchar(450) NOT NULL,
    [RoleId] nvarchar(450) NOT NULL,
    CONSTRAINT [PK_AspNetUserRoles] PRIMARY KEY ([UserId], [RoleId]),
    CONSTRAINT [FK_AspNetUserRoles_AspNetRoles_RoleId] FOREIGN KEY ([RoleId]) REFERENCES [AspNetRoles] ([Id]) ON DELETE CASCADE,
    CONSTRAINT [FK_AspNetUserRoles_AspNetUsers_UserId] FOREIGN KEY ([UserId]) REFERENCES [AspNetUsers] ([Id]) ON DELETE CASCADE
);
GO

CREATE TABLE [AspNetUserClaims] (
    [Id] int NOT NULL IDENTITY,
    [UserId] nvarchar(450) NOT NULL,
    [ClaimType] nvarchar(max) NULL,
    [ClaimValue] nvarchar(max) NULL,
    CONSTRAINT [PK_AspNetUserClaims] PRIMARY KEY ([Id]),
    CONSTRAINT [FK_AspNetUserClaims_AspNetUsers_UserId] FOREIGN KEY ([UserId]) REFERENCES [AspNetUsers] ([Id]) ON DELETE CASCADE
);
GO

CREATE UNIQUE INDEX [RoleNameIndex] ON [AspNetRoles] ([NormalizedName]) WHERE [NormalizedName] IS NOT NULL;
GO

CREATE INDEX [IX_AspNetUserRoles_RoleId] ON [AspNetUserRoles] ([RoleId]);
GO

CREATE INDEX [EmailIndex] ON [AspNetUsers] ([NormalizedEmail]);
GO

CREATE UNIQUE INDEX [UserNameIndex] ON [AspNetUsers] ([NormalizedUserName]) WHERE [NormalizedUserName] IS NOT NULL;
GO

CREATE TABLE [OutboxMessages] (
    [Id] bigint NOT NULL IDENTITY,
    [OccurredOn] datetime2(3) NOT NULL,
    [Type] nvarchar(255) NOT NULL,
    [Payload] nvarchar(max) NOT NULL,
    [ProcessedOn] datetime2(3) NULL,
    [Attempts] tinyint NOT NULL DEFAULT CAST(0 AS tinyint),
    CONSTRAINT [PK_OutboxMessages] PRIMARY KEY ([Id])
);
GO

CREATE INDEX [IX_OutboxMessages_ProcessedOn] ON [OutboxMessages] ([ProcessedOn], [OccurredOn]) WHERE [ProcessedOn] IS NULL;
GO

INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion])
VALUES (N'20260302083000_Identity', N'8.0.3');
GO

COMMIT;
GO
