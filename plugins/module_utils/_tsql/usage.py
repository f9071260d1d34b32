# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release-level view: what scripts take away, against what the supported releases use. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._release.manifest import Manifest
from .analysis import Unit
from .lexer import STRING, string_value
from .live import LiveSchema
from .statements import Name, name_from_text

_VERSION = re.compile(r"^(?P<base>.+?)_(?P<number>\d{1,4})$")
_KINDS = ("PROCEDURE", "VIEW", "FUNCTION", "TRIGGER", "TABLE", "TYPE", "SYNONYM", "SEQUENCE")


@dataclass(frozen=True)
class Taken:
    """Something that a statement takes away or changes: an object, or a column of it."""

    schema: str
    name: str
    column: str
    how: str
    text: str


def used_name(text: str) -> tuple[str, str, str]:
    """``dbo.spFind`` or ``dbo.Things.Colour`` as schema, name and column, in lower case."""
    parts = [part.strip('[]" ').lower() for part in text.split(".")]
    if len(parts) == 1:
        return "dbo", parts[0], ""
    if len(parts) == 2:
        return parts[0], parts[1], ""
    return parts[-3], parts[-2], parts[-1]


def taken(unit: Unit) -> list[Taken]:
    """What a statement takes from those who use the present schema."""
    statement = unit.statement
    if statement.module is not None and statement.module.statement is not statement:
        return []
    kind = statement.kind
    found: list[Taken] = []
    if kind.startswith("DROP ") and kind[5:] in _KINDS:
        found += [_taken(name, "", f"drops {name}") for name in statement.names]
    elif kind in ("ALTER PROCEDURE", "ALTER VIEW", "ALTER FUNCTION") and statement.name is not None:
        found.append(_taken(statement.name, "", f"changes {statement.name}"))
    elif kind == "ALTER SCHEMA" and len(statement.names) > 1:
        found.append(_taken(statement.names[1], "", f"moves {statement.names[1]}"))
    elif kind == "ALTER TABLE" and statement.name is not None:
        for action in statement.actions:
            if action.kind in ("DROP COLUMN", "DROP ITEM"):
                found.append(_taken(statement.name, action.name, f"drops column {action.name} of {statement.name}"))
            elif action.kind == "ALTER COLUMN" and action.column is not None and action.column.nullable is False:
                continue
    elif (
        kind == "EXEC" and statement.name is not None and statement.name.base.lower() == "sp_rename" and statement.args
    ):
        token = statement.args[0].token
        if token.kind == STRING:
            target = name_from_text(string_value(token), token)
            of_column = any(string_value(argument.token).upper() == "COLUMN" for argument in statement.args[2:])
            if of_column and len(target.parts) > 1:
                found.append(_taken(Name(target.parts[:-1], token), target.base, f"renames column {target}"))
            else:
                found.append(_taken(target, "", f"renames {target}"))
    return found


def _taken(name: Name, column: str, text: str) -> Taken:
    return Taken(name.key[0], name.key[1], column.lower(), text.split(" ", 1)[0], text)


def users(one: Taken, releases: Iterable[Manifest]) -> list[str]:
    """The releases that use what is taken. A use of a whole table is a use of each of its columns."""
    found = []
    for release in releases:
        for text in release.uses:
            schema, name, column = used_name(text)
            if (schema, name) == (one.schema, one.name) and (not column or not one.column or column == one.column):
                found.append(release.label)
                break
    return found


def versioned_objects(
    releases: Sequence[Manifest], created: Iterable[Name], live: LiveSchema | None
) -> list[dict[str, object]]:
    """Objects that come in versions (``spFind``, ``spFind_2``): who uses which, and what may be removed when.

    ``releases`` are those that are still supported, the oldest first, with the one at hand as the last.
    """
    names: dict[tuple[str, str], str] = {}
    users_of: dict[tuple[str, str], list[str]] = {}
    for release in releases:
        for text in release.uses:
            schema, name, _column = used_name(text)
            names.setdefault((schema, name), text if text.count(".") < 2 else text.rsplit(".", 1)[0])
            users_of.setdefault((schema, name), [])
            if release.label not in users_of[schema, name]:
                users_of[schema, name].append(release.label)
    for made in created:
        names.setdefault(made.key, f"{made.schema or 'dbo'}.{made.base}")
    if live is not None:
        for key, facts in live.modules.items():
            names.setdefault(key, f"{facts.schema}.{facts.name}")
    families: dict[tuple[str, str], list[tuple[int, tuple[str, str]]]] = {}
    for schema, name in names:
        match = _VERSION.match(name)
        number = int(match.group("number")) if match else 1
        families.setdefault((schema, match.group("base") if match else name), []).append((number, (schema, name)))
    listed: list[dict[str, object]] = []
    for (schema, base), members in sorted(families.items()):
        if len(members) < 2 and members[0][0] == 1:
            continue
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
