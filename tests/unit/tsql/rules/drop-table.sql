-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-table: a table is dropped.
-- The running version reads it, and no backout brings the rows back.
-- Instead: drop it in contract, when no supported release uses it any more.

--== catch: the plain form
DROP TABLE dbo.Things;

--== catch: guarded, and with two names
IF OBJECT_ID(N'dbo.Things', N'U') IS NOT NULL
    DROP TABLE dbo.Things, dbo.Others;

--== catch: IF EXISTS, comments between the words, no semicolon before it
SELECT 1 AS One DROP /* old */ TABLE -- and gone
IF EXISTS [dbo].[Things]

--== catch: inside a string that is executed
EXEC sys.sp_executesql N'DROP TABLE dbo.Things';

--== catch: inside strings inside strings, in pieces
EXEC('EXEC(''DROP'' + '' TABLE dbo.Things'')');

--== catch: a table that the script makes only if it is missing
IF OBJECT_ID(N'dbo.Things') IS NULL
    CREATE TABLE dbo.Things (Id int NOT NULL);
DROP TABLE dbo.Things;

--== catch: a CREATE that may fail in silence proves nothing
BEGIN TRY
    CREATE TABLE dbo.Things (Id int NOT NULL);
END TRY
BEGIN CATCH
    PRINT N'there already';
END CATCH;
DROP TABLE dbo.Things;

--== catch: a CREATE that is jumped over proves nothing
GOTO Later;
CREATE TABLE dbo.Things (Id int NOT NULL);
Later:
DROP TABLE dbo.Things;

--== catch: the schema of the CREATE is another one, perhaps
CREATE TABLE Things (Id int NOT NULL);
GO
DROP TABLE sales.Things;

--== near miss: a temporary table
CREATE TABLE #Things (Id int NOT NULL);
DROP TABLE #Things;

--== near miss: a table that this release makes
CREATE TABLE dbo.Staging (Id int NOT NULL);
GO
DROP TABLE dbo.Staging;

--== near miss [phase=contract]: in contract it is allowed
DROP TABLE dbo.Things;

--== near miss: only words
PRINT 'DROP TABLE dbo.Things'; -- DROP TABLE dbo.Things
/* DROP TABLE dbo.Things */

--== catch: a name that only looks like a variable's
DROP TABLE [@Things];
