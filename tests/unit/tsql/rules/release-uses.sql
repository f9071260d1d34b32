-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- release-uses: something is removed or changed that a supported release uses.
-- That release fails as soon as the script has run.
-- Instead: wait until no supported release uses it.

--== catch [uses]: a procedure that release 1.0.0 uses, in contract
DROP PROCEDURE dbo.spFindAllThings;

--== catch [uses]: a column of a table that it uses
ALTER TABLE dbo.Things DROP COLUMN Colour;

--== catch [uses]: renamed
EXEC sp_rename 'dbo.Owners.Name', 'FullName', 'COLUMN';

--== near miss [uses]: what it does not use
DROP PROCEDURE dbo.spForgotten;

--== near miss [uses]: another column than the one it uses
ALTER TABLE dbo.Owners DROP COLUMN Fax;
