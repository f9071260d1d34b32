# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text as values that know where they stand. Private to this collection.

PyYAML parses; what a plain scalar means is decided here by the core schema of YAML 1.2, as editors do: ``yes`` and
``2026-11-20`` are texts. Refused are what a release needs nowhere and what hides something: anchors and aliases, tags,
duplicate keys, keys that are not texts, more than one document, deep nesting, large files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

from .errors import InvalidFile, MissingLibrary, Problem

try:
    import yaml

    HAS_YAML = True
except ImportError:
    HAS_YAML = False

MOST_BYTES = 256 * 1024
_DEEPEST = 12
_MOST_KEYS = 500
# 18 digits are less than 2**63. More stay a text: no key of a release is such a number.
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Scalar = Union[None, bool, int, float, str]


@dataclass(frozen=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Node:
    """A value, and where it begins. In a list and a mapping the values are nodes again."""

    value: Scalar | list[Node] | dict[str, Node]
    place: Place
    key_place: Place | None = None
    """Where its key begins, for a value in a mapping."""
    source: str = ""
    """A scalar as it was written: 1.10 is the number 1.1."""


def plain(node: Node) -> Any:
    """The value without places."""
    if isinstance(node.value, dict):
        return {key: plain(one) for key, one in node.value.items()}
    if isinstance(node.value, list):
        return [plain(one) for one in node.value]
    return node.value


def parse(data: bytes, file: str) -> Node:
    """The one document of a file. Raises InvalidFile and MissingLibrary; `file` is how messages name it."""
    if not HAS_YAML:
        raise MissingLibrary(f"{file} cannot be read: the Python package PyYAML is missing. Install it with pip.")
    if len(data) > MOST_BYTES:
        raise InvalidFile(file, [Problem(1, 1, f"the file has {len(data)} bytes, expected are at most {MOST_BYTES}.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile(file, [Problem(line, 1, f"byte {data[error.start]:#04x} is not UTF-8.")]) from None
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except _Refused as error:
        raise InvalidFile(file, [error.problem]) from None
    except (ValueError, OverflowError, RecursionError):
        # "\\UFFFFFFFF" is an escape that PyYAML takes and no character has; a version of %YAML may have any length.
        raise InvalidFile(file, [Problem(1, 1, "not valid YAML: it has an escape or a number that is none.")]) from None
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        found = ", ".join(part for part in (error.context, error.problem) if part)
        raise InvalidFile(file, [Problem(place.line, place.column, f"not valid YAML: {found}.")]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        column = error.position - (before.rfind("\n") + 1) + 1
        problem = Problem(
            before.count("\n") + 1, column, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML."
        )
        raise InvalidFile(file, [problem]) from None


class _Refused(Exception):
    def __init__(self, place: Place, message: str) -> None:
        self.problem = Problem(place.line, place.column, message)
        super().__init__(message)


class _Composer:
    """Parser events to nodes."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._depth = 0

    def document(self) -> Node:
        next(self._events)  # the stream's start
        event = next(self._events)
        if not isinstance(event, yaml.DocumentStartEvent):
            raise _Refused(Place(1, 1), "the file is empty, expected is a mapping.")
        node = self._node(next(self._events))
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Refused(_place(event.start_mark), "a second document begins, expected is one.")
        return node

    def _node(self, event: Any, key_place: Place | None = None) -> Node:
        place = _place(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Refused(
                place, f"{event.anchor} is an anchor or alias, which are not supported: write the value out."
            )
        if isinstance(event, yaml.ScalarEvent):
            return Node(_scalar(event, place), place, key_place, event.value)
        if event.tag is not None:
            raise _Refused(place, f"{event.tag} is a tag, which are not supported: write the plain value.")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused(place, f"nested more than {_DEEPEST} deep.")
        if isinstance(event, yaml.SequenceStartEvent):
            node = Node(self._list(), place, key_place)
        else:
            node = Node(self._mapping(), place, key_place)
        self._depth -= 1
        return node

    def _list(self) -> list[Node]:
        found = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event))
        return found

    def _mapping(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event)
            if len(found) >= _MOST_KEYS:
                raise _Refused(key.place, f"a mapping has more than {_MOST_KEYS} keys.")
            if not isinstance(key.value, str):
                raise _Refused(key.place, f"{_shown(key)} is a key, expected is a text.")
            former = found.get(key.value)
            if former is not None and former.key_place is not None:
                raise _Refused(key.place, f"the key {key.value} is here twice, first in line {former.key_place.line}.")
            found[key.value] = self._node(next(self._events), key.place)
        return found


def _scalar(event: Any, place: Place) -> Scalar:
    text: str = event.value
    if event.tag is not None:
        raise _Refused(place, f"{event.tag} is a tag, which are not supported: write the plain value.")
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return text if len(text) > 18 else float(text)
    return text


def _shown(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return node.source or "null"


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
