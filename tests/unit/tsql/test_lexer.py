# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens, batches, sqlcmd: cut as the server and sqlcmd cut them, in linear time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.batches import split_batches
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.sqlcmd import find_sqlcmd
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import decode
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.lexer import (
    BAD,
    ScriptError,
    scan,
    string_readings,
    string_value,
)


def batches(text: str) -> list[tuple[str, int, int]]:
    return [(batch.text, batch.repeat, batch.line) for batch in split_batches(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1 GO\nSELECT 2", [("SELECT 1 GO\nSELECT 2", 1, 1)]),
        ("SELECT 1 AS go FROM t", [("SELECT 1 AS go FROM t", 1, 1)]),
        ("PRINT '\nGO\n'", [("PRINT '\nGO\n'", 1, 1)]),
        ("/*\nGO\n*/ SELECT 1", [("/*\nGO\n*/ SELECT 1", 1, 1)]),
        ("/* /* \nGO\n*/ \nGO\n*/ SELECT 1", [("/* /* \nGO\n*/ \nGO\n*/ SELECT 1", 1, 1)]),
        ("SELECT [a\nGO\n] FROM t", [("SELECT [a\nGO\n] FROM t", 1, 1)]),
        ('SELECT "a\nGO\n" FROM t', [('SELECT "a\nGO\n" FROM t', 1, 1)]),
        ("-- GO\nSELECT 1", [("-- GO\nSELECT 1", 1, 1)]),
        ("SELECT 1\nGO 3\nSELECT 2", [("SELECT 1\n", 3, 1), ("SELECT 2", 1, 3)]),
        ("SELECT 1\r\n go -- x\r\nSELECT 2", [("SELECT 1\r\n", 1, 1), ("SELECT 2", 1, 3)]),
        ("SELECT 1\nGO--x\nSELECT 2", [("SELECT 1\n", 1, 1), ("SELECT 2", 1, 3)]),
        ("SELECT 1\n\u00a0GO\nSELECT 2", [("SELECT 1\n", 1, 1), ("SELECT 2", 1, 3)]),
        ("a\nGO\n\n b\n  GO 2", [("a\n", 1, 1), ("\n b\n", 2, 3)]),
        ("GO\nGO\n\nGO", []),
        ("", []),
        ("SELECT 1\nGOTO x", [("SELECT 1\nGOTO x", 1, 1)]),
        ("GO;\nx", [("GO;\nx", 1, 1)]),
        ("GO x\ny", [("GO x\ny", 1, 1)]),
        ("/* a */ GO\ny", [("/* a */ GO\ny", 1, 1)]),
        ("x\n*/ GO".replace("*/ ", ""), [("x\n", 1, 1)]),
        ("SELECT 'a'\nGO", [("SELECT 'a'\n", 1, 1)]),
        ("x\nGO 99999999999999999999\ny", [("x\nGO 99999999999999999999\ny", 1, 1)]),
        ("x\nGO 0\ny", [("x\n", 0, 1), ("y", 1, 3)]),
        ("-- only a comment\n", [("-- only a comment\n", 1, 1)]),
    ],
)
def test_batches(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert batches(text) == expected


def test_a_batch_tells_where_it_begins() -> None:
    text = "SELECT 1\nGO\nSELECT 2\nGO 5\nSELECT 3"
    for batch in split_batches(text):
        assert text[batch.offset :].startswith(batch.text)
        assert text.count("\n", 0, batch.offset) + 1 == batch.line


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("SELECT 1\nPRINT 'x\n", 2, 7, "string"),
        ("a\n/* b /* c */", 2, 1, "comment"),
        ("SELECT\n  [a]]", 2, 3, "bracketed"),
        ('SELECT "a""', 1, 8, "quoted"),
        ("SELECT N'", 1, 8, "string"),
    ],
)
def test_what_is_not_closed(text: str, line: int, column: int, word: str) -> None:
    with pytest.raises(ScriptError) as caught:
        split_batches(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert word in caught.value.message
    assert f"line {line}, column {column}" in str(caught.value)


def test_values() -> None:
    tokens = scan("N'it''s' [a]]b] \"c\"\"d\" 'x\\\ny'").tokens
    assert [string_value(token) for token in tokens] == ["it's", "a]b", 'c"d', "x\\\ny"]
    assert string_readings(tokens[3]) == ["x\\\ny", "xy"]


@pytest.mark.parametrize(
    "text", ["SELECT 1 ? 2", "SELECT `a`", "SELECT 1 \\ 2", "SELECT 1ex", "SELECT \x00", "a\nGO x"]
)
def test_characters_that_have_no_place(text: str) -> None:
    assert any(token.kind == BAD for token in scan(text).tokens)


def test_sqlcmd() -> None:
    text = (
        ":setvar X 1\nUSE $(X)\nSELECT '$(b)' -- $(c)\n  :r a.sql\n!! dir\n:ok\nSELECT ':r b', [\n:r c]\n/*\n:r d\n*/"
    )
    found = [(use.kind, use.text, use.line, use.column, use.in_string) for use in find_sqlcmd(text)]
    assert found == [
        ("directive", ":setvar", 1, 1, False),
        ("variable", "$(X)", 2, 5, False),
        ("variable", "$(b)", 3, 9, True),
        ("directive", ":r", 4, 3, False),
        ("directive", "!!", 5, 1, False),
    ]


def test_encodings() -> None:
    text = "PRINT N'größer'\n"
    for data in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        b"\xfe\xff" + text.encode("utf-16-be"),
    ):
        assert decode(data) == text
    with pytest.raises(ScriptError, match="UTF-8"):
        decode(b"PRINT 1\nPRINT '\xe4'")
    with pytest.raises(ScriptError) as caught:
        decode(b"PRINT 1\nPRINT '\xe4'")
    assert (caught.value.line, caught.value.column) == (2, 8)


HOSTILE: dict[str, Callable[[int], str]] = {
    "quotes": lambda n: "'" + "''" * n,
    "brackets": lambda n: "[" + "]]" * n,
    "parentheses": lambda n: "(" * n,
    "go": lambda n: "GO " * n,
    "go and space": lambda n: "GO" + " " * n + "x",
    "go lines": lambda n: "GO\n" * n,
    "comment starts": lambda n: "/*" * n,
    "glued numbers": lambda n: "1e" * n,
    "space": lambda n: " " * n + "\x00",
    "names": lambda n: "a." * n,
    "dollars": lambda n: "$(" * n,
}


def doublings(work: Callable[[str], object], text_of: Callable[[int], str]) -> list[float]:
    """How much more processor time each of four doublings of a text takes, smallest first.

    Linear work takes twice as much, quadratic work four times. The best of several runs counts, so that a busy machine
    changes little; where a text outgrows a cache one ratio is larger than it should be, never all of them.
    """

    def seconds(text: str) -> float:
        start = time.process_time()
        with contextlib.suppress(ScriptError):
            work(text)
        return time.process_time() - start

    texts = [text_of(2_000 * 2**power) for power in range(5)]
    best = [max(min(seconds(text) for _run in range(3)), 0.0005) for text in texts]
    return sorted(larger / smaller for smaller, larger in pairwise(best))


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_take_linear_time(kind: str) -> None:
    ratios = doublings(find_sqlcmd, HOSTILE[kind])
    assert ratios[1] < 3, ratios


def test_quadratic_time_would_be_noticed() -> None:
    ratios = doublings(lambda text: [len(list(text)) for _unused in range(len(text) // 20)], lambda n: "a" * n)
    assert ratios[1] > 3, ratios
