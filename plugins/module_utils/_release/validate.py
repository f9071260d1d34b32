# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values against a JSON schema, with line and column. Private to this collection.

Each keyword that the schema uses has one function. A keyword that is not known here is an error of the schema, so that
none is skipped. A test compares the results with those of the package jsonschema, which a managed host need not have.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

from .document import Node, plain
from .errors import Problem
from .schema import Schema

_LONGEST = 60
_ANNOTATIONS = frozenset({"$schema", "title", "description", "examples", "default", "patternErrorMessage"})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "object": (lambda value: isinstance(value, dict), "a mapping"),
    "array": (lambda value: isinstance(value, list), "a list"),
    "string": (lambda value: isinstance(value, str), "a text"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "integer": (lambda value: _is_number(value) and value == int(value), "a whole number"),
    "number": (_is_number, "a number"),
}


def problems(node: Node, schema: Schema, at: str = "") -> list[Problem]:
    """Everything about a value that the schema refuses, in no order. `at` is the key that leads to it."""
    kinds = _kinds(schema)
    if kinds and not any(_TYPES[kind][0](node.value) for kind in kinds):
        expected = " or ".join(_TYPES[kind][1] for kind in kinds)
        return [_problem(node, at, f"is {_shown(node)}, expected is {expected}{_advice(node, kinds)}.")]
    found: list[Problem] = []
    for keyword in schema.keys() - _ANNOTATIONS - {"type"}:
        found += _KEYWORDS[keyword](node, schema, at)
    return found


def _properties(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, dict):
        for key, described in schema["properties"].items():
            if key in node.value:
                yield from problems(node.value[key], described, _join(at, key))


def _additional(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if not isinstance(node.value, dict):
        return
    known = schema.get("properties", {})
    for key, value in node.value.items():
        if key in known:
            continue
        if schema["additionalProperties"] is False:
            place = value.key_place or value.place
            yield Problem(
                place.line, place.column, f"{_join(at, _cut(key))} is not a known key{_nearest(key, list(known))}."
            )
        else:
            yield from problems(value, schema["additionalProperties"], _join(at, key))


def _required(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, dict):
        for key in schema["required"]:
            if key not in node.value:
                yield Problem(node.place.line, node.place.column, f"{_join(at, key)} is missing.")


def _items(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, list):
        for index, item in enumerate(node.value):
            yield from problems(item, schema["items"], f"{at}[{index}]")


def _min_items(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, list) and len(node.value) < schema["minItems"]:
        yield _problem(node, at, f"has {len(node.value)} items, expected are {schema['minItems']} or more.")


def _enum(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    value = plain(node)
    if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in schema["enum"]):
        yield _problem(node, at, f"is {_shown(node)}, expected is {' or '.join(str(one) for one in schema['enum'])}.")


def _pattern(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, str) and not re.search(schema["pattern"], node.value):
        expected = schema.get("patternErrorMessage", f"a match of {schema['pattern']}")
        yield _problem(node, at, f"is {_shown(node)}, expected is {expected}.")


def _min_length(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if isinstance(node.value, str) and len(node.value) < schema["minLength"]:
        yield _problem(node, at, f"has {len(node.value)} characters, expected are {schema['minLength']} or more.")


def _minimum(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if _is_number(node.value) and node.value < schema["minimum"]:
        yield _problem(node, at, f"is {node.value}, expected is {schema['minimum']} or more.")


def _maximum(node: Node, schema: Schema, at: str) -> Iterator[Problem]:
    if _is_number(node.value) and node.value > schema["maximum"]:
        yield _problem(node, at, f"is {node.value}, expected is {schema['maximum']} or less.")


_KEYWORDS: dict[str, Callable[[Node, Schema, str], Iterator[Problem]]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "minItems": _min_items,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _min_length,
    "minimum": _minimum,
    "maximum": _maximum,
}


def _problem(node: Node, at: str, message: str) -> Problem:
    return Problem(node.place.line, node.place.column, f"{at or 'the file'} {message}")


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key.lower(), known, 1)
    if near:
        return f", did you mean {near[0]}"
    return f", expected is one of {', '.join(known)}" if known else ""


def _kinds(schema: Schema) -> list[str]:
    """The types that a schema allows; none where it allows all."""
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _advice(node: Node, kinds: list[str]) -> str:
    scalar = isinstance(node.value, (bool, int, float))
    return ": put it in quotes" if "string" in kinds and scalar else ""


def _shown(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return repr(_cut(value))
    if value is None:
        return "empty"
    return f"the number {node.source}" if _is_number(value) else node.source


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
