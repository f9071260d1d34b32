# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of releases: what they declare, their versions; where versions cannot be compared, what was deployed.

Private to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .._names import identity, same

_VERSION = re.compile(r"v?(?P<numbers>\d{1,18}(?:\.\d{1,18})*)(?:-(?P<before>[^+]+))?(?:\+(?P<build>.+))?\Z", re.ASCII)

Key = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...], tuple[tuple[int, int, str], ...]]


def version_key(version: str) -> Key | None:
    """What versions are compared by: numbers, then a pre-release (`2.0-rc1` before `2.0`), then a build (semver.org).

    None for a version that does not begin with numbers.
    """
    match = _VERSION.match(identity(version))
    if match is None:
        return None
    numbers = [int(part) for part in match.group("numbers").split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    before = match.group("before")
    return tuple(numbers), 0 if before else 1, _identifiers(before), _identifiers(match.group("build"))


def _identifiers(text: str | None) -> tuple[tuple[int, int, str], ...]:
    parts = text.split(".") if text else []
    return tuple((0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts)


class ReleaseOrder:
    """Which of two releases is older."""

    def __init__(self, deployed: Sequence[str] = ()) -> None:
        """`deployed`: versions that were deployed, in the order of their first deployment."""
        self._places: dict[str, int] = {}
        for version in deployed:
            self._places.setdefault(identity(version), len(self._places))

    def older(self, one: str, other: str) -> bool | None:
        """Whether `one` is older than `other`; None when nothing says so."""
        if same(one, other):
            return False
        keys = version_key(one), version_key(other)
        if keys[0] is not None and keys[1] is not None:
            return keys[0] < keys[1]
        places = self._places.get(identity(one)), self._places.get(identity(other))
        if places[0] is not None and places[1] is not None:
            return places[0] < places[1]
        return None

    def newest(self, versions: Iterable[str]) -> str | None:
        """The newest of some versions; of two that cannot be compared the later in the given order."""
        found: str | None = None
        for version in versions:
            if found is None or self.older(version, found) is not True:
                found = version
        return found
