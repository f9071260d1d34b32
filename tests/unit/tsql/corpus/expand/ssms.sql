-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- In the forms that SQL Server Management Studio's "Script as" and its table designer write, but for USE and what changes old objects.
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
SET ANSI_PADDING ON
GO
/****** Object:  Table [dbo].[Suppliers]    Script Date: 1/15/2026 9:12:44 AM ******/
CREATE TABLE [dbo].[Suppliers](
	[SupplierID] [int] IDENTITY(1,1) NOT FOR REPLICATION NOT NULL,
	[CompanyName] [nvarchar](40) NOT NULL,
	[ContactName] [nvarchar](30) NULL,
	[Region] [varchar](15) COLLATE SQL_Latin1_General_CP1_CI_AS NULL,
	[HomePage] [ntext] NULL,
	[Price] [numeric](10, 4) NOT NULL,
	[rowguid] [uniqueidentifier] ROWGUIDCOL  NOT NULL,
 CONSTRAINT [PK_Suppliers] PRIMARY KEY CLUSTERED 
(
	[SupplierID] ASC
)WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON, OPTIMIZE_FOR_SEQUENTIAL_KEY = OFF) ON [PRIMARY],
 CONSTRAINT [UQ_Suppliers] UNIQUE NONCLUSTERED 
(
	[CompanyName] ASC,
	[Region] DESC
)WITH (PAD_INDEX = OFF) ON [PRIMARY]
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
GO
ALTER TABLE [dbo].[Suppliers] ADD  CONSTRAINT [DF_Suppliers_Price]  DEFAULT ((0)) FOR [Price]
GO
ALTER TABLE [dbo].[Suppliers] ADD  CONSTRAINT [DF_Suppliers_rowguid]  DEFAULT (newid()) FOR [rowguid]
GO
ALTER TABLE [dbo].[Suppliers]  WITH CHECK ADD  CONSTRAINT [FK_Suppliers_Regions] FOREIGN KEY([Region])
REFERENCES [dbo].[Regions] ([Region])
ON UPDATE CASCADE
ON DELETE CASCADE
GO
ALTER TABLE [dbo].[Suppliers] CHECK CONSTRAINT [FK_Suppliers_Regions]
GO
ALTER TABLE [dbo].[Suppliers]  WITH NOCHECK ADD  CONSTRAINT [CK_Price] CHECK  (([Price]>=(0) AND [Price]<(1000)))
GO
ALTER TABLE [dbo].[Suppliers] CHECK CONSTRAINT [CK_Price]
GO
CREATE NONCLUSTERED INDEX [IX_Suppliers_Contact] ON [dbo].[Suppliers]
(
	[ContactName] ASC
)
INCLUDE([Region],[Price]) WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, SORT_IN_TEMPDB = OFF, DROP_EXISTING = OFF, ONLINE = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON) ON [PRIMARY]
GO
/****** Object:  StoredProcedure [dbo].[usp_GetSuppliers] ******/
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
-- =============================================
-- Author:		<Author,,Name>
-- Create date: <Create Date,,>
-- Description:	<Description,,>
-- =============================================
CREATE PROCEDURE [dbo].[usp_GetSuppliers] 
	-- Add the parameters for the stored procedure here
	@p1 int = 0, 
	@p2 int = 0
AS
BEGIN
	-- SET NOCOUNT ON added to prevent extra result sets from
	-- interfering with SELECT statements.
	SET NOCOUNT ON;

    -- Insert statements for procedure here
	SELECT @p1, @p2
END
GO
IF NOT EXISTS (SELECT * FROM sys.objects WHERE object_id = OBJECT_ID(N'[dbo].[usp_Stub]') AND type in (N'P', N'PC'))
BEGIN
EXEC dbo.sp_executesql @statement = N'CREATE PROCEDURE [dbo].[usp_Stub] AS SELECT 1 AS One' 
END
GO
IF NOT EXISTS (SELECT * FROM sys.fn_listextendedproperty(N'MS_Description' , N'SCHEMA',N'dbo', N'TABLE',N'Suppliers', NULL,NULL))
	EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'Who delivers' , @level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'TABLE',@level1name=N'Suppliers'
ELSE
BEGIN
	EXEC sys.sp_updateextendedproperty @name=N'MS_Description', @value=N'Who delivers' , @level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'TABLE',@level1name=N'Suppliers'
END
GO
SET IDENTITY_INSERT [dbo].[Suppliers] ON 
GO
INSERT [dbo].[Suppliers] ([SupplierID], [CompanyName], [ContactName], [Region], [HomePage], [Price], [rowguid]) VALUES (1, N'Exotic', NULL, N'x', NULL, CAST(1.5000 AS Numeric(10, 4)), N'6f9619ff-8b86-d011-b42d-00c04fc964ff')
GO
INSERT [dbo].[Suppliers] ([SupplierID], [CompanyName], [Price], [rowguid]) VALUES (2, N'O''Leary', CAST(N'2026-01-01T00:00:00.000' AS DateTime), 0x)
GO
SET IDENTITY_INSERT [dbo].[Suppliers] OFF
GO
ALTER TABLE dbo.Suppliers ADD
	Fax nvarchar(24) NULL,
	Phone nvarchar(24) NULL
GO
ALTER TABLE dbo.Suppliers SET (LOCK_ESCALATION = TABLE)
GO
select Has_Perms_By_Name(N'dbo.Suppliers', 'Object', 'ALTER') as ALT_Per, Has_Perms_By_Name(N'dbo.Suppliers', 'Object', 'VIEW DEFINITION') as View_def_Per
GO
CREATE USER [shop] FOR LOGIN [shop] WITH DEFAULT_SCHEMA=[dbo]
GO
ALTER ROLE [db_datareader] ADD MEMBER [shop]
GO
GRANT EXECUTE ON [dbo].[usp_GetSuppliers] TO [shop] AS [dbo]
GO
SELECT TOP (1000) [SupplierID]
      ,[CompanyName]
  FROM [dbo].[Suppliers]
GO
CREATE FUNCTION [dbo].[ufn_Area] (@w int, @h int)
RETURNS int
AS
BEGIN
	-- Declare the return variable here
	DECLARE @Result int

	-- Add the T-SQL statements to compute the return value here
	SELECT @Result = @w * @h

	-- Return the result of the function
	RETURN @Result

END
GO
CREATE VIEW [dbo].[v_Suppliers]
AS
SELECT     dbo.Suppliers.SupplierID, dbo.Suppliers.CompanyName, dbo.Regions.Name
FROM         dbo.Suppliers INNER JOIN
                      dbo.Regions ON dbo.Suppliers.Region = dbo.Regions.Region
WHERE     (dbo.Suppliers.Price > 0)
WITH CHECK OPTION
GO
EXEC sys.sp_addextendedproperty @name=N'MS_DiagramPaneCount', @value=1 , @level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'VIEW',@level1name=N'v_Suppliers'
GO
