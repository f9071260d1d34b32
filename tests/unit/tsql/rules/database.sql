-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- database: the database or server is changed as a whole.
-- It reaches beyond the application's schema.
-- Instead: the collection's own modules, or an administrator.

--== catch: a setting of the database
ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = 160;

--== catch: backup and restore
BACKUP DATABASE Shop TO DISK = N'/backup/shop.bak' WITH COPY_ONLY, COMPRESSION;
RESTORE DATABASE Shop FROM DISK = N'/backup/shop.bak' WITH REPLACE;

--== catch: as Entity Framework Core writes it
IF SERVERPROPERTY('EngineEdition') <> 5
BEGIN
    ALTER DATABASE [Shop] SET READ_COMMITTED_SNAPSHOT ON;
END;

--== catch: the server's configuration
EXEC sp_configure 'show advanced options', 1;
RECONFIGURE WITH OVERRIDE;

--== catch: a trigger on the database
CREATE TRIGGER trDdl ON DATABASE FOR DROP_TABLE AS ROLLBACK;

--== near miss: questions about the database
SELECT DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS U;

--== near miss: its time stamps
SELECT name, create_date FROM sys.databases WHERE name = DB_NAME();
