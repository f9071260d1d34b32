-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- stale-waiver: a waiver that waives nothing.
-- It would hide a later mistake.
-- Instead: delete it.

--== catch: nothing to waive
-- lint: allow drop-table it is empty
SELECT 1 AS One;

--== catch: another rule
-- lint: allow drop-column it is empty
DROP TABLE dbo.Things;

--== catch: nothing behind it
SELECT 1 AS One;
-- lint: allow drop-table it is empty

--== near miss: in use
-- lint: allow drop-table it is empty
IF OBJECT_ID(N'dbo.Things') IS NOT NULL
    DROP TABLE dbo.Things;

--== near miss: in use, for a column's line
ALTER TABLE dbo.Things ADD
    Size int NULL,
    -- lint: allow add-required version 1 does not insert here
    Code nvarchar(20) NOT NULL;
