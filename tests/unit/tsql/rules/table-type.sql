-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- table-type: a table type is dropped or recreated.
-- There is no ALTER TYPE; callers with the old shape fail.
-- Instead: a new type: Type_2.

--== catch [live]: a table type is dropped
DROP TYPE dbo.IdList;

--== catch: dropped and recreated
DROP TYPE IF EXISTS dbo.IdList;
GO
CREATE TYPE dbo.IdList AS TABLE (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL);

--== catch: guarded, in SSMS's idiom
IF EXISTS (SELECT * FROM sys.types WHERE name = N'IdList' AND is_table_type = 1) DROP TYPE [dbo].[IdList];
CREATE TYPE [dbo].[IdList] AS TABLE ([Id] [int] NOT NULL);

--== near miss: a new one beside it
CREATE TYPE dbo.IdList_2 AS TABLE (Id int NOT NULL, Name nvarchar(50) NULL);

--== near miss [live]: a type that is no table
DROP TYPE dbo.Code;
