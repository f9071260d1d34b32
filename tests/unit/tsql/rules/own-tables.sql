-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- own-tables: the migration journal or the ledger is changed.
-- It would say what did not happen: scripts run twice or never, and a contract runs too early.
-- Instead: the modules mssql_migration (action: repair, baseline, adopt) and deployment.

--== catch: a row of the journal
DELETE FROM deploy.migration_journal WHERE script = N'0003_x.sql';

--== catch: through an alias
UPDATE j SET j.state = N'applied' FROM deploy.migration_journal AS j WHERE j.script = N'0003_x.sql';

--== catch [phase=contract]: in contract too
TRUNCATE TABLE [deploy].[node];

--== catch: the schema
DROP SCHEMA deploy;

--== catch: a rename
EXEC sp_rename N'deploy.migration_journal', N'old_journal';

--== catch: an object of one's own in that schema
CREATE TABLE deploy.Notes (Id int NOT NULL CONSTRAINT PK_Notes PRIMARY KEY);

--== near miss: reading
SELECT COUNT(*) FROM deploy.migration_journal;

--== near miss: another schema
CREATE TABLE dbo.deploy (Id int NOT NULL CONSTRAINT PK_deploy PRIMARY KEY);

--== catch: a rename with brackets in the name
EXEC sp_rename N'[deploy].[migration_journal]', N'old_journal';

--== catch: with the name of the database
UPDATE Shop.deploy.deployment_node SET version = N'9';

--== catch: dynamic SQL
EXEC (N'DELETE deploy.deployment_event');

--== catch: dynamic SQL with parameters
EXEC sp_executesql N'UPDATE deploy.deployment_node SET version = N''9''';

--== catch: a table is taken out of the schema
ALTER SCHEMA dbo TRANSFER deploy.migration_journal;

--== catch: the owner of the schema
ALTER AUTHORIZATION ON SCHEMA::deploy TO dbo;

--== catch: the owner of a table
ALTER AUTHORIZATION ON OBJECT::deploy.migration_journal TO dbo;

--== catch: a right on the schema
GRANT DELETE ON SCHEMA::[deploy] TO shop;

--== catch: a right on a table
GRANT UPDATE ON deploy.deployment_node TO shop;

--== catch: another name for a table
CREATE SYNONYM dbo.Nodes FOR deploy.deployment_node;

--== catch: a view, which can be written through
CREATE VIEW dbo.Nodes AS SELECT node, version FROM deploy.deployment_node;

--== catch: a procedure
CREATE PROCEDURE dbo.spForget AS DELETE deploy.deployment_event;

--== catch: a trigger on a table of the ledger
CREATE TRIGGER deploy.trNode ON deploy.deployment_node AFTER UPDATE AS SET NOCOUNT ON;

--== near miss: a right on another schema
GRANT SELECT ON SCHEMA::dbo TO deploy;

--== near miss: a view of another schema
CREATE VIEW dbo.Deploys AS SELECT Id FROM dbo.deploy;
