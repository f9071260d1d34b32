-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The least that the database modules of zero_downtime.dotnet need. Run it once, as an administrator, with sqlcmd:
--
--     sqlcmd -S sql01.example.com -d Shop -v DeployUser="deploy" LedgerUser="deploy_ledger" -i permissions.sql
--
-- Both users must exist in the database already. DeployUser runs the migration scripts (dotnet_db_user). LedgerUser writes the ledger:
-- the lease, and what each node runs (dotnet_ledger_user). Give the same name twice for one login that does both; then a migration script
-- can write the ledger too. Running it again changes nothing. Not yet run on SQL Server itself.
-- The numbers are those of the table "What is sent, and what it needs" in docs/migrations.md.

-- 0: the locks of a deployment belong to this role: who is not a member can neither take nor hold them.
IF DATABASE_PRINCIPAL_ID(N'zero_downtime_deploy') IS NULL
    CREATE ROLE [zero_downtime_deploy] AUTHORIZATION [dbo];
GO
ALTER ROLE [zero_downtime_deploy] ADD MEMBER [$(DeployUser)];
ALTER ROLE [zero_downtime_deploy] ADD MEMBER [$(LedgerUser)];
GO

-- 1: journal and ledger live in a schema of their own, whose owner nobody can log in as. So no view, procedure or trigger in another
-- schema reaches them through its owner (ownership chaining), and no user of this file may alter or drop them.
IF DATABASE_PRINCIPAL_ID(N'zero_downtime_owner') IS NULL
    CREATE USER [zero_downtime_owner] WITHOUT LOGIN;
GO
IF SCHEMA_ID(N'deploy') IS NULL
    EXEC (N'CREATE SCHEMA [deploy] AUTHORIZATION [zero_downtime_owner];');
GO
IF NOT EXISTS (
    SELECT 1 FROM sys.schemas WHERE name = N'deploy' AND principal_id = DATABASE_PRINCIPAL_ID(N'zero_downtime_owner')
)
    ALTER AUTHORIZATION ON SCHEMA::[deploy] TO [zero_downtime_owner];
GO

-- 2: the tables, as the modules would create them for a login that is db_owner.
IF OBJECT_ID(N'deploy.zero_downtime_format', N'U') IS NULL
    CREATE TABLE deploy.zero_downtime_format (
        component NVARCHAR(64) NOT NULL CONSTRAINT pk_zero_downtime_format PRIMARY KEY,
        version INT NOT NULL,
        created_at DATETIME2(3) NOT NULL CONSTRAINT df_zero_downtime_format_created_at DEFAULT (SYSUTCDATETIME()));
IF OBJECT_ID(N'deploy.migration_journal', N'U') IS NULL
    CREATE TABLE deploy.migration_journal (
        id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_migration_journal PRIMARY KEY,
        app NVARCHAR(64) NOT NULL,
        phase NVARCHAR(16) NOT NULL,
        script NVARCHAR(255) NOT NULL,
        checksum CHAR(64) NOT NULL,
        state NVARCHAR(16) NOT NULL,
        release NVARCHAR(100) NULL,
        run_id NVARCHAR(100) NULL,
        batches INT NOT NULL,
        rows_affected BIGINT NOT NULL,
        rounds BIGINT NOT NULL,
        duration_ms BIGINT NOT NULL,
        retries INT NOT NULL,
        written_at DATETIME2(3) NOT NULL CONSTRAINT df_migration_journal_written_at DEFAULT (SYSUTCDATETIME()),
        login_name NVARCHAR(128) NOT NULL CONSTRAINT df_migration_journal_login_name DEFAULT (ORIGINAL_LOGIN()),
        client NVARCHAR(200) NOT NULL,
        detail NVARCHAR(2000) NULL);
IF OBJECT_ID(N'deploy.migration_progress', N'U') IS NULL
    CREATE TABLE deploy.migration_progress (
        entry_id BIGINT NOT NULL CONSTRAINT pk_migration_progress PRIMARY KEY,
        rows_affected BIGINT NOT NULL,
        rounds BIGINT NOT NULL,
        duration_ms BIGINT NOT NULL,
        retries INT NOT NULL,
        written_at DATETIME2(3) NOT NULL);
IF OBJECT_ID(N'deploy.migration_release', N'U') IS NULL
    CREATE TABLE deploy.migration_release (
        id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_migration_release PRIMARY KEY,
        app NVARCHAR(64) NOT NULL,
        release NVARCHAR(100) NOT NULL,
        first_seen_at DATETIME2(3) NOT NULL,
        CONSTRAINT uq_migration_release UNIQUE (app, release));
IF OBJECT_ID(N'deploy.migration_lock', N'U') IS NULL
    CREATE TABLE deploy.migration_lock (
        name NVARCHAR(100) NOT NULL CONSTRAINT pk_migration_lock PRIMARY KEY,
        token BIGINT NOT NULL,
        holder NVARCHAR(400) NOT NULL,
        taken_at DATETIME2(3) NOT NULL,
        released_at DATETIME2(3) NULL);
IF OBJECT_ID(N'deploy.deployment_lease', N'U') IS NULL
    CREATE TABLE deploy.deployment_lease (
        app NVARCHAR(64) NOT NULL CONSTRAINT pk_deployment_lease PRIMARY KEY,
        fencing_token BIGINT NOT NULL,
        held BIT NOT NULL,
        owner NVARCHAR(200) NOT NULL,
        run_id NVARCHAR(100) NOT NULL,
        acquired_at DATETIME2(3) NOT NULL,
        renewed_at DATETIME2(3) NOT NULL,
        expires_at DATETIME2(3) NOT NULL,
        version NVARCHAR(100) NULL);
IF OBJECT_ID(N'deploy.deployment_run', N'U') IS NULL
    CREATE TABLE deploy.deployment_run (
        app NVARCHAR(64) NOT NULL,
        run_id NVARCHAR(100) NOT NULL,
        version NVARCHAR(100) NULL,
        owner NVARCHAR(200) NOT NULL,
        started_at DATETIME2(3) NOT NULL,
        ended_at DATETIME2(3) NULL,
        result NVARCHAR(32) NULL,
        CONSTRAINT pk_deployment_run PRIMARY KEY (app, run_id));
IF OBJECT_ID(N'deploy.deployment_node', N'U') IS NULL
    CREATE TABLE deploy.deployment_node (
        app NVARCHAR(64) NOT NULL,
        node NVARCHAR(255) NOT NULL,
        version NVARCHAR(100) NULL,
        previous_version NVARCHAR(100) NULL,
        outcome NVARCHAR(32) NOT NULL,
        run_id NVARCHAR(100) NOT NULL,
        detail NVARCHAR(2000) NULL,
        changed_at DATETIME2(3) NOT NULL,
        CONSTRAINT pk_deployment_node PRIMARY KEY (app, node));
IF OBJECT_ID(N'deploy.deployment_consumer', N'U') IS NULL
    CREATE TABLE deploy.deployment_consumer (
        app NVARCHAR(64) NOT NULL,
        name NVARCHAR(128) NOT NULL,
        version NVARCHAR(100) NULL,
        program_name NVARCHAR(128) NULL,
        changed_at DATETIME2(3) NOT NULL,
        CONSTRAINT pk_deployment_consumer PRIMARY KEY (app, name));
IF OBJECT_ID(N'deploy.deployment_event', N'U') IS NULL
    CREATE TABLE deploy.deployment_event (
        id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_deployment_event PRIMARY KEY,
        app NVARCHAR(64) NOT NULL,
        occurred_at DATETIME2(3) NOT NULL,
        kind NVARCHAR(32) NOT NULL,
        run_id NVARCHAR(100) NULL,
        fencing_token BIGINT NULL,
        owner NVARCHAR(200) NULL,
        node NVARCHAR(255) NULL,
        outcome NVARCHAR(32) NULL,
        version NVARCHAR(100) NULL,
        previous_version NVARCHAR(100) NULL,
        detail NVARCHAR(2000) NULL,
        login_name NVARCHAR(128) NOT NULL);
IF NOT EXISTS (SELECT 1 FROM deploy.zero_downtime_format WHERE component = N'migration journal')
    INSERT INTO deploy.zero_downtime_format (component, version) VALUES (N'migration journal', 1);
IF NOT EXISTS (SELECT 1 FROM deploy.zero_downtime_format WHERE component = N'deployment ledger')
    INSERT INTO deploy.zero_downtime_format (component, version) VALUES (N'deployment ledger', 1);
GO
-- History (deployment_event, migration_journal, migration_release) is added to, never changed or removed. The rest is the current state.
REVOKE ALTER, REFERENCES, INSERT, UPDATE, DELETE ON SCHEMA::[deploy] FROM [$(DeployUser)];
REVOKE ALTER, REFERENCES, INSERT, UPDATE, DELETE ON SCHEMA::[deploy] FROM [$(LedgerUser)];
GRANT SELECT ON SCHEMA::[deploy] TO [$(DeployUser)];
GRANT SELECT ON SCHEMA::[deploy] TO [$(LedgerUser)];
GO
GRANT INSERT ON deploy.migration_journal TO [$(DeployUser)];
GRANT INSERT ON deploy.migration_release TO [$(DeployUser)];
GRANT INSERT, UPDATE ON deploy.migration_progress TO [$(DeployUser)];
GRANT INSERT, UPDATE ON deploy.migration_lock TO [$(DeployUser)];
GO
GRANT INSERT ON deploy.deployment_event TO [$(LedgerUser)];
GRANT INSERT, UPDATE ON deploy.deployment_lease TO [$(LedgerUser)];
GRANT INSERT, UPDATE ON deploy.deployment_run TO [$(LedgerUser)];
GRANT INSERT, UPDATE ON deploy.deployment_node TO [$(LedgerUser)];
GRANT INSERT, UPDATE, DELETE ON deploy.deployment_consumer TO [$(LedgerUser)];
GO

-- 3: what the scripts themselves do. Grant what they need and no more; this is for tables, procedures and views in dbo.
-- Who may create a view or a procedure in dbo reads and changes with it what is in any other schema of dbo's, whatever is denied to
-- the user (ownership chaining), so give schemas that the application has no business with another owner. What this lists:
GRANT ALTER, REFERENCES ON SCHEMA::[dbo] TO [$(DeployUser)];
GRANT CREATE TABLE, CREATE PROCEDURE, CREATE VIEW, CREATE FUNCTION, CREATE TYPE TO [$(DeployUser)];
GO
SELECT name AS schema_that_modules_in_dbo_reach FROM sys.schemas
WHERE principal_id = DATABASE_PRINCIPAL_ID(N'dbo') AND name NOT IN (N'dbo', N'sys', N'INFORMATION_SCHEMA', N'guest');
GO
-- 4: backfill scripts read and change rows.
GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[dbo] TO [$(DeployUser)];
GO

-- 5: only where the option veto_programs is used, or a consumer is registered with its program_name: the sessions of others
-- are seen with a permission of the server. Without it the contract and undo phases are refused there.
-- USE [master];
-- GRANT VIEW SERVER STATE TO [deploy];   -- SQL Server 2022 and newer: VIEW SERVER PERFORMANCE STATE is enough
