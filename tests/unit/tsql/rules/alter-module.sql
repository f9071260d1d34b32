-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- alter-module: a procedure, view, function or trigger is changed in place.
-- The running version runs the new code.
-- Instead: a new name: _2, or a hash.

--== catch: a procedure
ALTER PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;

--== catch: a view, a function and a trigger
ALTER VIEW dbo.vThings AS SELECT ThingId FROM dbo.Things;
GO
ALTER FUNCTION dbo.fnOne() RETURNS int AS BEGIN RETURN 1; END;
GO
ALTER TRIGGER dbo.trThings ON dbo.Things AFTER INSERT AS SET NOCOUNT ON;

--== catch: CREATE OR ALTER, when the name may exist
CREATE OR ALTER PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;

--== catch: a stub is made where it is missing, then changed
IF OBJECT_ID(N'dbo.spFindAllThings') IS NULL
    EXEC(N'CREATE PROCEDURE dbo.spFindAllThings AS SELECT 1 AS One;');
GO
ALTER PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;

--== catch [live]: CREATE OR ALTER of what exists
CREATE OR ALTER PROC dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;

--== near miss: a new name
CREATE PROCEDURE dbo.spFindAllThings_2 AS SELECT ThingId, Colour FROM dbo.Things;

--== near miss [live]: CREATE OR ALTER of what does not exist
CREATE OR ALTER PROCEDURE dbo.spFindAllThings_2 AS SELECT ThingId, Colour FROM dbo.Things;

--== near miss: changed in the release that makes it
CREATE PROCEDURE dbo.spFindAllThings_2 AS SELECT ThingId FROM dbo.Things;
GO
CREATE OR ALTER PROCEDURE dbo.spFindAllThings_2 AS SELECT ThingId, Colour FROM dbo.Things;

--== near miss [phase=contract]: in contract
ALTER PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things;
