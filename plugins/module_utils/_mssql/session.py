# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a session, the same for every driver and login. Private to this collection."""

from __future__ import annotations

_PINNED = (
    # The language first: it brings a date format and a first weekday of its own.
    "SET LANGUAGE us_english",
    "SET DATEFORMAT mdy",
    "SET DATEFIRST 7",
    "SET XACT_ABORT ON",
    "SET DEADLOCK_PRIORITY LOW",
    "SET QUOTED_IDENTIFIER ON",
    "SET ANSI_NULLS ON",
    "SET ANSI_PADDING ON",
    "SET ANSI_WARNINGS ON",
    "SET ARITHABORT ON",
    "SET CONCAT_NULL_YIELDS_NULL ON",
    "SET NUMERIC_ROUNDABORT OFF",
    "SET IMPLICIT_TRANSACTIONS OFF",
    "SET NOCOUNT OFF",
    "SET ROWCOUNT 0",
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
)


def pins(lock_timeout_ms: int) -> str:
    """The batch that pins a session: it yields to the application, and any error rolls the transaction back."""
    return "; ".join((*_PINNED, f"SET LOCK_TIMEOUT {int(lock_timeout_ms)}")) + ";"
