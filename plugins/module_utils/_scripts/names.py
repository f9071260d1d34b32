# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of scripts: their order, and when two of them are the same.

Order: a name that begins with a number comes before one that does not. Numbers compare as numbers, part by part; parts
are separated by dots, hyphens or underscores (`2_x.sql` before `10_x.sql`, `1.2_x.sql` before `1.10_x.sql`, `V3__x.sql`
counts as 3, `2024-05-01-x.sql` as 2024, 5, 1). Other names are ordered by code point. Private to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .._names import identity, utf16_length
from .._text import unsafe_character
from .errors import ScriptError

_NUMBER = re.compile(r"[Vv]?([0-9]+(?:[._-][0-9]+(?![^\W_]))*)")
_LONGEST_NAME = 255

Order = tuple[int, tuple[int, ...], str]


def number(name: str) -> tuple[int, ...] | None:
    """The number that a name begins with, in parts."""
    match = _NUMBER.match(name)
    return tuple(int(part) for part in re.split("[._-]", match.group(1))) if match else None


def order(name: str) -> Order:
    """What scripts are sorted by."""
    found = number(name)
    return (0, found, name) if found is not None else (1, (), name)


def check_names(names: Sequence[str]) -> Iterator[tuple[str, ScriptError]]:
    """What is wrong with the names of one directory's scripts: the name, and the error."""
    seen: dict[object, str] = {}
    for name in names:
        character = unsafe_character(name)
        if character:
            yield name, ScriptError(f"a script's name may not hold the character {character}: rename it")
        if utf16_length(name) > _LONGEST_NAME:
            yield name, ScriptError(f"a script's name may have {_LONGEST_NAME} characters at most (UTF-16)")
        for key in (number(name), identity(name)):
            if key is None:
                continue
            if key in seen:
                yield (
                    name,
                    ScriptError(
                        f"{seen[key]} has the same number or name, so their order is not clear: "
                        "give each script its own number"
                    ),
                )
                break
            seen[key] = name
