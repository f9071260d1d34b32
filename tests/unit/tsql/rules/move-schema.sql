-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- move-schema: an object moves to another schema.
-- It is a rename, and it drops the object's permissions.
-- Instead: make a new object.

--== catch: a table
ALTER SCHEMA sales TRANSFER dbo.Things;

--== catch: with its class
ALTER SCHEMA sales TRANSFER OBJECT::dbo.Things;

--== catch: as Entity Framework Core writes it
IF SCHEMA_ID(N'sales') IS NULL EXEC(N'CREATE SCHEMA [sales];');
ALTER SCHEMA [sales] TRANSFER [Blogs];

--== catch: the old way
EXEC sp_changeobjectowner 'dbo.Things', 'sales';

--== near miss: a new table
CREATE TABLE dbo.N (Id int NOT NULL);
GO
ALTER SCHEMA sales TRANSFER dbo.N;

--== near miss: a schema is made
CREATE SCHEMA sales AUTHORIZATION dbo;
