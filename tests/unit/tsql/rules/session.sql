-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- session: a session setting defeats the guards.
-- Time-outs, roll-back on errors or execution itself no longer hold.
-- Instead: leave it out.

--== catch: a lock is waited for without end
SET LOCK_TIMEOUT -1;

--== catch: errors do not roll back
SET NOCOUNT ON; SET XACT_ABORT OFF;

--== catch: nothing runs
SET NOEXEC ON;

--== catch [phase=contract]: transactions begin by themselves
SET IMPLICIT_TRANSACTIONS ON;

--== catch: somebody else
EXECUTE AS USER = 'admin';

--== near miss: what SSMS writes
SET ANSI_NULLS, QUOTED_IDENTIFIER ON;
SET NOCOUNT ON
SET XACT_ABORT ON

--== near miss: a variable
DECLARE @lock_timeout int; SET @lock_timeout = 5;

--== catch: new columns become NOT NULL
SET ANSI_NULL_DFLT_ON OFF;
