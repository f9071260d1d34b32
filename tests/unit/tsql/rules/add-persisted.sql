-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- add-persisted: a persisted computed column is added.
-- Every row is written under a schema lock.
-- Instead: a computed column that is not persisted, or a column kept by a trigger.

--== catch: the plain form
ALTER TABLE dbo.Things ADD Total AS (Price * Amount) PERSISTED;

--== catch: not null
ALTER TABLE dbo.Things ADD Total AS Price * Amount PERSISTED NOT NULL;

--== catch: later
ALTER TABLE dbo.Things ALTER COLUMN Total ADD PERSISTED;

--== near miss: computed when it is read
ALTER TABLE dbo.Things ADD Total AS (Price * Amount);

--== near miss: in a new table
CREATE TABLE dbo.N (A int NOT NULL, B AS (A * 2) PERSISTED);
