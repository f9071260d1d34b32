-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- rebuild-table: a table is rebuilt: its copy is created, filled and renamed.
-- SQL Server has no column order to change without a rebuild; the table is locked while it is copied.
-- Instead: leave the order, and select columns by name.

--== catch: the copy takes the table's place
CREATE TABLE dbo.tmp_ms_xx_Things (Id int NOT NULL, Name nvarchar(50) NULL);
INSERT INTO dbo.tmp_ms_xx_Things (Id, Name) SELECT Id, Name FROM dbo.Things;
DROP TABLE dbo.Things;
EXECUTE sp_rename N'[dbo].[tmp_ms_xx_Things]', N'Things';

--== catch: SSMS's table designer
CREATE TABLE dbo.Tmp_Things (Id int NOT NULL) ON [PRIMARY]
GO
IF EXISTS(SELECT * FROM dbo.Things)
     EXEC('INSERT INTO dbo.Tmp_Things (Id)
        SELECT Id FROM dbo.Things WITH (HOLDLOCK TABLOCKX)')
GO
DROP TABLE dbo.Things
GO
EXECUTE sp_rename N'dbo.Tmp_Things', N'Things', 'OBJECT'
GO

--== catch: SELECT INTO, and the new table first out of the way
SELECT * INTO dbo.Copy FROM dbo.Things;
GO
DROP TABLE dbo.Things;
GO
EXEC sp_rename 'dbo.Copy', 'Things';

--== near miss: a new table gets a name that nothing had
CREATE TABLE dbo.Tmp (Id int NOT NULL);
GO
EXEC sp_rename 'dbo.Tmp', 'Fresh';

--== near miss: a copy beside the table
SELECT Id, Name INTO dbo.Copy FROM dbo.Things;
