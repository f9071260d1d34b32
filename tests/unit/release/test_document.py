# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as values with places; what hides something is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release import document
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.document import Place, parse, plain
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import InvalidFile, MissingLibrary


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", 1),
        ("a: -7", -7),
        ("a: 1.10", 1.1),
        ("a: 1.10.0", "1.10.0"),
        ("a: 1e3", 1000.0),
        ("a: true", True),
        ("a: yes", "yes"),
        ("a: off", "off"),
        ("a: 2026-11-20", "2026-11-20"),
        ("a: 1:30", "1:30"),
        ("a: 0x1F", "0x1F"),
        ("a: .inf", ".inf"),
        ("a: " + "1" * 64, "1" * 64),
        ("a: 1e999", "1e999"),
        ("a: ~", None),
        ("a:", None),
        ("a: '1'", "1"),
        ('a: "null"', "null"),
        ("a: |\n  true\n", "true\n"),
        ("a: [1, {b: x}]", [1, {"b": "x"}]),
        ("a: {}", {}),
        ("'a': x", "x"),
        ("{a: x}", "x"),
        ("\ufeffa: x", "x"),
        ("---\na: x\n...\n", "x"),
        ("a: x\r\n", "x"),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = plain(parse(text.encode(), "f"))["a"]
    assert (found, type(found)) == (value, type(value))


def test_places() -> None:
    node = parse("# comment\na:\n  bé: [x, y]\n".encode(), "f")
    assert isinstance(node.value, dict)
    inner = node.value["a"].value
    assert isinstance(inner, dict)
    items = inner["bé"]
    assert (items.key_place, items.place) == (Place(3, 3), Place(3, 7))
    assert isinstance(items.value, list)
    assert items.value[1].place == Place(3, 11)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", r"f:1:4: x is an anchor or alias"),
        ("a: *x\n", r"f:1:4: .*(alias|undefined)"),
        ("a: &a [x]\nb: &b [*a, *a]\n", r"f:1:4: a is an anchor"),
        ("a: 1\nb: 2\na: 3\n", r"f:3:1: the key a is here twice, first in line 1"),
        ("{a: 1, 'a': 2}", r"f:1:8: the key a is here twice"),
        ("1: x\n", r"f:1:1: 1 is a key, expected is a text"),
        ("true: x\n", r"f:1:1: true is a key"),
        ("? [a]\n: x\n", r"f:1:3: a list is a key"),
        ("? \n: x\n", r"f:1:2: null is a key"),
        ("a: x\n---\nb: y\n", r"f:2:1: a second document begins"),
        ("", r"f:1:1: the file is empty"),
        ("# only a comment\n", r"f:1:1: the file is empty"),
        ("a: !!str 1\n", r"f:1:4: .*tag"),
        ("a: !!python/object/apply:os.system [x]\n", r"f:1:4: .*tag"),
        ("!x {a: 1}\n", r"f:1:1: .*tag"),
        ("a: [b\n", r"f:2:1: not valid YAML: .*expected ',' or ']'"),
        ("a: b: c\n", r"f:1:5: not valid YAML: mapping values are not allowed"),
        ("a:\n\tb: 1\n", r"f:2:1: not valid YAML"),
        ("a: x\nb: \x07\n", r"f:2:4: the character U\+0007 is not allowed"),
        ("a: " + "[" * 20 + "]" * 20, r"f:1:\d+: nested more than 12 deep"),
        ("a: " + "[" * 20000, r"f:1:\d+: nested more than 12 deep"),
        ("a: '" + "x" * 300_000 + "'", r"f:1:1: the file has 300005 bytes"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        parse(text.encode(), "f")


def test_bytes_that_are_not_utf_8() -> None:
    with pytest.raises(InvalidFile, match=r"f:2:1: byte 0xfc is not UTF-8"):
        parse(b"a: x\nb: \xfc\n", "f")


def test_without_pyyaml_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "HAS_YAML", False)
    with pytest.raises(MissingLibrary, match="PyYAML is missing"):
        parse(b"a: x", "release.yml")
