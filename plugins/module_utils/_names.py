# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a database stores: when two of them are the same, and how long they are for SQL Server.

Most collations do not tell letter case and trailing blanks apart, and file systems confuse Unicode forms; an
application lock compares bytes. So names are compared and locked by their identity, never as they are spelled.
Private to this collection: it may change at any time.
"""

from __future__ import annotations

import unicodedata


def identity(name: str) -> str:
    """Equal for names that differ in letter case, Unicode form or trailing blanks only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).rstrip(" ")


def same(one: str | None, other: str | None) -> bool:
    """Whether two names are the same name; an unknown one is the same as none."""
    return one is not None and other is not None and identity(one) == identity(other)


def utf16_length(text: str) -> int:
    """How many characters SQL Server counts: NVARCHAR(n) holds n UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def name_problem(option: str, value: str | None, longest: int) -> str | None:
    """Why a name cannot be stored, as one sentence; None for one that can, or that is not given.

    Two names that look the same must be the same: a line end or a character without width would make another one.
    """
    if value is None:
        return None
    if not 0 < utf16_length(value) <= longest:
        return f"{option} has {utf16_length(value)} characters, 1 to {longest} are expected."
    unseen = next((char for char in value if unicodedata.category(char)[0] in "CZ" and char != " "), None)
    if unseen is not None or value != value.strip(" "):
        found = "a blank at its begin or end" if unseen is None else f"the character U+{ord(unseen):04X}"
        return f"{option} has {found}, which cannot be seen: write the name without it."
    return None


def cut(text: str, longest: int) -> str:
    """The beginning of a text, at most `longest` UTF-16 code units, no character torn."""
    while utf16_length(text) > longest:
        text = text[: len(text) - max(1, (utf16_length(text) - longest) // 2)]
    return text
