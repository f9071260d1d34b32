-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-constraint: a constraint is dropped.
-- What the running version relies on is no longer enforced.
-- Instead: drop it in contract.

--== catch: a check
ALTER TABLE dbo.Things DROP CONSTRAINT CK_Things_Size;

--== catch: a foreign key, guarded
ALTER TABLE dbo.Things DROP CONSTRAINT IF EXISTS FK_Things_Owners;

--== catch: two, one after a comma
ALTER TABLE dbo.Things DROP CONSTRAINT CK_A, CK_B;

--== near miss [phase=contract]: in contract
ALTER TABLE dbo.Things DROP CONSTRAINT CK_Things_Size;

--== near miss: of a new table
CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT CK_N CHECK (Id > 0));
ALTER TABLE dbo.N DROP CONSTRAINT CK_N;

--== near miss: it is a DEFAULT, which is worse
ALTER TABLE dbo.Things DROP CONSTRAINT DF_Things_Size;

--== catch: a primary key and its index
ALTER TABLE dbo.Things DROP CONSTRAINT PK_Things;

--== catch: a unique key and its index
ALTER TABLE dbo.Things DROP CONSTRAINT UQ_Things_Name;

--== catch: the period of a temporal table
ALTER TABLE dbo.Things DROP PERIOD FOR SYSTEM_TIME;
