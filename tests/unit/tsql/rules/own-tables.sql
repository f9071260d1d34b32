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
