-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- unknown: a statement that no rule recognises.
-- Nothing proves it harmless.
-- Instead: write it in a known form, or allow it with a reason.

--== catch: nothing begins so
FROBNICATE THE TABLE;
SELECT 1; FROBNICATE dbo.Things;

--== catch: Service Broker
SELECT 1 AS One; RECEIVE TOP (1) * FROM dbo.Queue;

--== catch: a word where none belongs
SELECT (1 DROP TABLE dbo.Things);

--== catch: something behind the end
TRUNCATE TABLE #work NOW;

--== catch: a character that T-SQL does not know
SELECT 1 § 2;

--== catch: GO with company
SELECT 1 AS One
GO; SELECT 2 AS Two

--== catch: a string that never ends
PRINT 'never

--== catch: a key, opened with its password
OPEN SYMMETRIC KEY CardKey DECRYPTION BY PASSWORD = 'x';

--== catch: all keys, closed
CLOSE ALL SYMMETRIC KEYS;

--== catch: the database's master key
OPEN MASTER KEY DECRYPTION BY PASSWORD = 'x';

--== near miss: a cursor, even one named master
DECLARE master CURSOR FOR SELECT name FROM sys.tables;
OPEN master;
CLOSE master;
DEALLOCATE master;

--== near miss: an empty script


--== near miss: an ordinary one
PRINT N'done';

--== near miss: result sets of a string
EXEC (N'SELECT 1 AS One') WITH RESULT SETS ((One int NOT NULL));

--== near miss: labels behind statements that could have a name there
EXEC sp_help
again:
IF @@TRANCOUNT < 0 RETURN
PRINT N'a'
done:
SELECT 1 AS One
last:
