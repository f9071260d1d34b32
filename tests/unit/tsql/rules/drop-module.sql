-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- drop-module: a procedure, view, function, type, synonym, sequence or trigger is dropped.
-- The running version calls it.
-- Instead: drop it in contract.

--== catch: a procedure
DROP PROCEDURE dbo.spFindAllThings;

--== catch: PROC, IF EXISTS, two names
DROP PROC IF EXISTS dbo.spFindAllThings, dbo.spFindOneThing;

--== catch: view, function, synonym and sequence
DROP VIEW dbo.vThings
DROP FUNCTION dbo.fnThing
DROP SYNONYM dbo.Stuff
DROP SEQUENCE dbo.ThingNumbers

--== catch: a trigger
DROP TRIGGER dbo.trThings;

--== catch: a type
DROP TYPE dbo.Code;

--== catch: in SSMS's idiom
IF EXISTS (SELECT * FROM sys.objects WHERE object_id = OBJECT_ID(N'[dbo].[spFindAllThings]') AND type in (N'P', N'PC'))
DROP PROCEDURE [dbo].[spFindAllThings]
GO

--== near miss: made in this release
CREATE PROCEDURE dbo.spOnce AS SELECT 1 AS One;
GO
DROP PROCEDURE dbo.spOnce;

--== near miss [phase=contract]: in contract it is allowed
DROP PROCEDURE dbo.spFindAllThings;

--== near miss: a temporary procedure
DROP PROCEDURE #once;
