-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- synonym-retarget: a synonym gets another target.
-- It changes in place what the running version reads.
-- Instead: a new name.

--== catch: the plain form
DROP SYNONYM dbo.Stuff;
CREATE SYNONYM dbo.Stuff FOR dbo.Things_2;

--== catch: guarded
DROP SYNONYM IF EXISTS dbo.Stuff
GO
CREATE SYNONYM dbo.Stuff FOR dbo.Things_2

--== catch: executed
IF OBJECT_ID(N'dbo.Stuff', N'SN') IS NOT NULL EXEC('DROP SYNONYM dbo.Stuff');
EXEC('CREATE SYNONYM dbo.Stuff FOR dbo.Things_2');

--== near miss: a new one
CREATE SYNONYM dbo.Stuff_2 FOR dbo.Things_2;

--== near miss: dropped only
DROP SYNONYM dbo.Stuff;
