# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of the collection end where the text ends: `$` also matches before a line end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .conftest import ROOT

_FUNCTIONS = {"compile", "match", "search", "fullmatch"}


def patterns(source: str) -> Iterator[tuple[int, str]]:
    """The patterns of calls of `re` that end with a `$` for the end of the text, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FUNCTIONS):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        pattern, multiline = node.args[0], any("MULTILINE" in ast.unparse(extra) for extra in node.args[1:])
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str) and not multiline:
            unescaped = pattern.value.endswith("$") and not pattern.value.endswith("\\$")
            if unescaped:
                yield node.lineno, pattern.value


def test_the_search_is_not_blind() -> None:
    found = patterns('re.compile("a$")\nre.match(r"b\\$", x)\nre.compile("c$", re.MULTILINE)\nre.search("d$", x)')
    assert [line for line, _pattern in found] == [1, 4]


def test_no_pattern_takes_a_line_end_for_the_end() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {pattern}"
        for path in sorted((ROOT / "plugins").rglob("*.py"))
        for line, pattern in patterns(path.read_text(encoding="utf-8"))
    ]
    assert found == []
