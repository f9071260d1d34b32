# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SET options of a session."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Language:
    """A row of sys.syslanguages: SET LANGUAGE also sets the order of dates and the first day of the week."""

    id: int
    name: str
    alias: str
    date_format: str
    date_first: int


_LANGUAGES = (
    Language(0, "us_english", "English", "mdy", 7),
    Language(1, "Deutsch", "German", "dmy", 1),
    Language(2, "Français", "French", "dmy", 1),
    Language(3, "日本語", "Japanese", "ymd", 7),
    Language(4, "Dansk", "Danish", "dmy", 1),
    Language(5, "Español", "Spanish", "dmy", 1),
    Language(6, "Italiano", "Italian", "dmy", 1),
    Language(7, "Nederlands", "Dutch", "dmy", 1),
    Language(8, "Norsk", "Norwegian", "dmy", 1),
    Language(9, "Português", "Portuguese", "dmy", 7),
    Language(10, "Suomi", "Finnish", "dmy", 1),
    Language(11, "Svenska", "Swedish", "ymd", 1),
    Language(14, "polski", "Polish", "dmy", 1),
    Language(23, "British", "British English", "dmy", 1),
    Language(27, "Português (Brasil)", "Brazilian", "dmy", 7),
)
LANGUAGES = {name.lower(): language for language in _LANGUAGES for name in (language.name, language.alias)}


@dataclass
class Settings:
    """A procedure, trigger or dynamic string may change them; at its end the caller's values are restored."""

    xact_abort: bool = False
    nocount: bool = False
    implicit: bool = False
    noexec: bool = False
    parse_only: bool = False
    quoted_identifier: bool = True
    arithabort: bool = False  # off for ODBC; under ANSI_WARNINGS it makes no difference
    cursor_close_on_commit: bool = False
    lock_timeout: int = -1  # milliseconds; -1 waits without end
    deadlock_priority: int = 0
    isolation: str = "READ COMMITTED"
    identity_insert: int = 0  # object_id of the table; 0 is none
    language: Language = LANGUAGES["us_english"]
    date_format: str = "mdy"
    date_first: int = 7

    def copy(self) -> Settings:
        return replace(self)

    @property
    def options(self) -> int:
        """@@OPTIONS: the bits of `user options`. The ANSI options are always on here."""
        always = 8 | 16 | 32 | 1024 | 4096  # ANSI_WARNINGS, _PADDING, _NULLS, _NULL_DFLT_ON, CONCAT_NULL_YIELDS_NULL
        bits = {
            2: self.implicit,
            4: self.cursor_close_on_commit,
            64: self.arithabort,
            256: self.quoted_identifier,
            512: self.nocount,
            16384: self.xact_abort,
        }
        return always + sum(bit for bit, on in bits.items() if on)
