-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- waiver: a waiver that cannot hold.
-- It names no rule, or gives no reason.
-- Instead: -- lint: allow <rule-id> <reason>.

--== catch: no reason
-- lint: allow drop-table
DROP TABLE dbo.Things;

--== catch: no such rule
-- lint: allow drop-tables it is empty
DROP TABLE dbo.Things;

--== catch: another word
-- lint: ignore drop-table it is empty
DROP TABLE dbo.Things;

--== near miss: whole
-- lint: allow drop-table it is empty since release 1.2
DROP TABLE dbo.Things;

--== near miss: another comment
-- contracts are in another file
SELECT 1 AS One;
