-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-schema: a schema is dropped.
-- The running version names the schema in its SQL.
-- Instead: drop it in contract.

--== catch: the plain form
DROP SCHEMA sales;

--== catch: guarded
DROP SCHEMA IF EXISTS [sales];

--== catch: executed
IF SCHEMA_ID(N'sales') IS NOT NULL EXEC(N'DROP SCHEMA [sales];');

--== near miss: made in this release
CREATE SCHEMA staging;
GO
DROP SCHEMA staging;

--== near miss [phase=contract]: in contract it is allowed
DROP SCHEMA sales;
