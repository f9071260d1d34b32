# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SET options of a session."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass
class Settings:
    """A procedure, trigger or dynamic string may change them; at its end the caller's values are restored."""

    xact_abort: bool = False
    nocount: bool = False
    implicit: bool = False
    noexec: bool = False
    parse_only: bool = False
    quoted_identifier: bool = True
    ansi_nulls: bool = True
    row_limit: int = 0
    lock_timeout: int = -1  # milliseconds; -1 waits without end
    identity_insert: int = 0  # object_id of the table; 0 is none

    def copy(self) -> Settings:
        return replace(self)
