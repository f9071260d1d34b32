-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The least that the database modules of zero_downtime.dotnet need. Run it once, as an administrator, with sqlcmd:
--
--     sqlcmd -S sql01.example.com -d Shop -v DeployUser="deploy" -i permissions.sql
--
-- The user must exist in the database already. Running it again changes nothing. Not yet run on SQL Server itself.
-- The numbers are those of the table "What is sent, and what it needs" in docs/migrations.md.

-- The locks of a deployment belong to this role: who is not a member can neither take nor hold them.
IF DATABASE_PRINCIPAL_ID(N'zero_downtime_deploy') IS NULL
    CREATE ROLE [zero_downtime_deploy] AUTHORIZATION [dbo];
GO
ALTER ROLE [zero_downtime_deploy] ADD MEMBER [$(DeployUser)];
GO

-- 1, 2: journal and ledger live in a schema of their own, in which the user may make and use tables.
IF SCHEMA_ID(N'deploy') IS NULL
    EXEC (N'CREATE SCHEMA [deploy];');
GO
GRANT ALTER, REFERENCES, SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[deploy] TO [$(DeployUser)];
GRANT CREATE TABLE TO [$(DeployUser)];
GO

-- 3: what the scripts themselves do. Grant what they need and no more; this is for tables, procedures and views in dbo.
GRANT ALTER, REFERENCES ON SCHEMA::[dbo] TO [$(DeployUser)];
GRANT CREATE PROCEDURE, CREATE VIEW, CREATE FUNCTION, CREATE TYPE TO [$(DeployUser)];
GO
-- 4: backfill scripts read and change rows.
GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[dbo] TO [$(DeployUser)];
GO

-- 5: only where the option veto_programs is used, or a consumer is registered with its program_name: the sessions of others
-- are seen with a permission of the server. Without it the contract and undo phases are refused there.
-- USE [master];
-- GRANT VIEW SERVER STATE TO [deploy];   -- SQL Server 2022 and newer: VIEW SERVER PERFORMANCE STATE is enough
