-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- alter-implicit-null: ALTER COLUMN says neither NULL nor NOT NULL.
-- The column silently becomes nullable.
-- Instead: write NULL or NOT NULL.

--== catch: the plain form
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200);

--== catch [phase=contract]: in every phase
ALTER TABLE dbo.Things ALTER COLUMN Size bigint;

--== catch: with a collation
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) COLLATE Latin1_General_CI_AS

--== near miss: NULL
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NULL;

--== near miss: NOT NULL, online
ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NOT NULL WITH (ONLINE = ON);
