-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- data-meaning: existing rows are edited.
-- The running version meets values that it does not know.
-- Instead: add rows first; edit in contract.

--== catch: a lookup row is edited
UPDATE dbo.Kinds SET Name = N'Large' WHERE KindId = 3;

--== catch: one is deleted
DELETE FROM dbo.Kinds WHERE KindId = 3;

--== catch: a MERGE that updates
MERGE INTO dbo.Kinds AS t USING (VALUES (1, N'a'), (2, N'b')) AS s (Id, Name) ON t.Id = s.Id
WHEN MATCHED THEN UPDATE SET Name = s.Name
WHEN NOT MATCHED THEN INSERT (Id, Name) VALUES (s.Id, s.Name);

--== near miss: rows are added
INSERT INTO dbo.Kinds (KindId, Name) VALUES (4, N'Huge');

--== near miss: a MERGE that adds only
MERGE INTO dbo.Kinds AS t USING (VALUES (1, N'a'), (2, N'b')) AS s (Id, Name) ON t.Id = s.Id
WHEN NOT MATCHED THEN INSERT (Id, Name) VALUES (s.Id, s.Name);

--== near miss [phase=contract]: in contract
UPDATE dbo.Kinds SET Name = N'Large' WHERE KindId = 3;
