-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- sequence-reseed: a sequence or identity is restarted.
-- Keys collide.
-- Instead: a new sequence.

--== catch: a sequence
ALTER SEQUENCE dbo.Numbers RESTART WITH 1;

--== catch: an identity
DBCC CHECKIDENT ('dbo.Things', RESEED, 1);

--== catch: an identity, perhaps
DBCC CHECKIDENT (N'dbo.Things') WITH NO_INFOMSGS;

--== catch: as Entity Framework Core writes it
ALTER SEQUENCE [dbo].[OrderNumbers] INCREMENT BY 2 NO MINVALUE NO MAXVALUE NO CYCLE;

--== near miss: read only
DBCC CHECKIDENT ('dbo.Things', NORESEED);

--== near miss: a new one
CREATE SEQUENCE dbo.Numbers_2 AS int START WITH 1 INCREMENT BY 1 NO CYCLE;
