-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- partition: partitions change.
-- Data moves, or is gone, under a schema lock.
-- Instead: contract.

--== catch: split
ALTER PARTITION FUNCTION pfDate() SPLIT RANGE ('20270101');

--== catch: merged
ALTER PARTITION FUNCTION pfDate() MERGE RANGE ('20200101');

--== catch: the scheme
ALTER PARTITION SCHEME psDate NEXT USED [PRIMARY];

--== catch: emptied
TRUNCATE TABLE dbo.Things WITH (PARTITIONS (1));

--== near miss: a new function
CREATE PARTITION FUNCTION pfNew (date) AS RANGE RIGHT FOR VALUES ('20260101', '20270101');

--== near miss: a new scheme
CREATE PARTITION SCHEME psNew AS PARTITION pfNew ALL TO ([PRIMARY]);
