-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- index-set-options: a filtered, XML, spatial or indexed-view index, or one on a computed column.
-- Writers with other SET options get error 1934.
-- Instead: check sys.sql_modules.uses_quoted_identifier, or let lint read the live schema.

--== catch: filtered
CREATE INDEX IX_Things_Colour ON dbo.Things (Colour) WHERE Colour IS NOT NULL WITH (ONLINE = ON);

--== catch: XML
CREATE PRIMARY XML INDEX PXML_Things ON dbo.Things (Data);

--== catch: on a computed column
ALTER TABLE dbo.Things ADD Total AS (Price * Amount);
GO
CREATE INDEX IX_Things_Total ON dbo.Things (Total) WITH (ONLINE = ON);

--== catch: an indexed view
CREATE VIEW dbo.vThings WITH SCHEMABINDING AS SELECT ThingId, Name FROM dbo.Things;
GO
CREATE UNIQUE CLUSTERED INDEX CX_vThings ON dbo.vThings (ThingId);

--== near miss: a plain one
CREATE INDEX IX_Things_Colour ON dbo.Things (Colour) WITH (ONLINE = ON);

--== near miss: a new table
CREATE TABLE dbo.N (Id int NULL);
GO
CREATE INDEX IX_N ON dbo.N (Id) WHERE Id IS NOT NULL;
