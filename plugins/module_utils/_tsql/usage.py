# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaking changes against what the supported releases use. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._release.manifest import Manifest
from .._scripts.phases import named
from .breaking import CHANGED, RETYPED, BreakingChange
from .live import LiveSchema
from .statements import HOLE, Name

_Key = tuple[str, str]
_VERSION = re.compile(r"^(?P<base>.+?)_(?P<number>\d{1,4})\Z")


def used_name(text: str) -> tuple[str, str, str]:
    """``dbo.spFind`` or ``dbo.Things.Colour`` as schema, name and column, in lower case."""
    parts = [part.strip('[]" ').lower() for part in text.split(".")]
    if len(parts) == 1:
        return "dbo", parts[0], ""
    if len(parts) == 2:
        return parts[0], parts[1], ""
    return parts[-3], parts[-2], parts[-1]


def users(change: BreakingChange, releases: Iterable[Manifest]) -> list[str]:
    """The releases that use what a statement removes or changes.

    A use of a whole table is a use of each of its columns. A name that only a variable knows may be any of them.
    """
    return [release.label for release in releases if any(_hits(change, text) for text in release.uses or ())]


def _hits(change: BreakingChange, used: str) -> bool:
    schema, name, column = used_name(used)
    return (
        _same(change.schema, schema)
        and _same(change.name, name)
        and (not column or not change.column or _same(change.column, column))
    )


def _same(changed: str, used: str) -> bool:
    return changed in (used, HOLE)


@dataclass(frozen=True)
class Usage:
    """What the releases use that a script has to leave alone."""

    supported: Sequence[Manifest]
    """The other releases that may still run, the oldest first."""
    own: Sequence[Manifest]
    """The release that the scripts belong to."""

    def users(self, change: BreakingChange, phase: str) -> list[str]:
        """The releases that a change in this phase would break."""
        own = self.own if _meets_its_own_release(change, phase) else ()
        return users(change, [*self.supported, *own])

    def silent(self) -> list[str]:
        """The supported releases that do not say what they use: they may use all that is older than the scripts."""
        return [release.label for release in self.supported if release.uses is None]


def _meets_its_own_release(change: BreakingChange, phase: str) -> bool:
    """Whether a change breaks the release itself.

    An undo script removes what the release brought. What expand changes in place is ready before the release starts,
    and a column's final type is what its code was written for.
    """
    if named(phase).undoes or change.how == RETYPED:
        return False
    return not (change.how == CHANGED and named(phase).defines)


def versioned_objects(
    releases: Sequence[Manifest], created: Iterable[Name], live: LiveSchema | None
) -> list[dict[str, object]]:
    """Objects that come in versions (``spFind``, ``spFind_2``): who uses which, and what may be removed when.

    ``releases`` are those that are still supported, the oldest first, with the one at hand as the last.
    """
    names: dict[_Key, str] = {}
    users_of: dict[_Key, list[str]] = {}
    for release in releases:
        for text in release.uses or ():
            schema, name, _column = used_name(text)
            names.setdefault((schema, name), text if text.count(".") < 2 else text.rsplit(".", 1)[0])
            labels = users_of.setdefault((schema, name), [])
            if release.label not in labels:
                labels.append(release.label)
    for made in created:
        names.setdefault(made.key, f"{made.schema or 'dbo'}.{made.base}")
    for key, facts in (live.modules if live is not None else {}).items():
        names.setdefault(key, f"{facts.schema}.{facts.name}")
    listed: list[dict[str, object]] = []
    for (schema, base), members in sorted(_families(names).items()):
        newest = max(number for number, _key in members)
        for number, key in sorted(members):
            used_by = users_of.get(key, [])
            listed.append(
                {
                    "name": names[key],
                    "base": f"{schema}.{base}",
                    "number": number,
                    "used_by": used_by,
                    "removable": not used_by and number < newest,
                    "removable_after": used_by[-1] if used_by and number < newest else "",
                }
            )
    return listed


def _families(names: Iterable[_Key]) -> dict[_Key, list[tuple[int, _Key]]]:
    """By schema and name without a number: the versions of each object that comes in versions."""
    families: dict[_Key, list[tuple[int, _Key]]] = {}
    for schema, name in names:
        match = _VERSION.match(name)
        base, number = (match.group("base"), int(match.group("number"))) if match else (name, 1)
        families.setdefault((schema, base), []).append((number, (schema, name)))
    return {key: members for key, members in families.items() if len(members) > 1 or members[0][0] != 1}
