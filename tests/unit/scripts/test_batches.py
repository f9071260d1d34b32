# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where batches end: hand-made cases, mistakes of other tools among them, and properties that hold for any text."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.batches import split_batches
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.lexer import ScriptError
from hypothesis import given, settings
from hypothesis import strategies as st

CASES: list[tuple[str, list[str | tuple[str, int]]]] = [
    # plain
    ("SELECT 1", ["SELECT 1"]),
    ("SELECT 1\nGO", ["SELECT 1"]),
    ("SELECT 1\nGO\n", ["SELECT 1"]),
    ("SELECT 1\nGO\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\ngo\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\nGo\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\n  GO\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\n\tGO\t\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\r\nGO\r\nSELECT 2\r\n", ["SELECT 1", "SELECT 2"]),
    ("GO\nGO\nGO", []),
    ("", []),
    ("  \n\t\n", []),
    ("GO\nSELECT 1", ["SELECT 1"]),
    ("SELECT 1\nGO\n\n\nGO\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    # counts and comments behind GO
    ("SELECT 1\nGO 5", [("SELECT 1", 5)]),
    ("SELECT 1\nGO 5\nSELECT 2", [("SELECT 1", 5), "SELECT 2"]),
    ("SELECT 1\nGO 5 -- five times\nSELECT 2", [("SELECT 1", 5), "SELECT 2"]),
    ("SELECT 1\nGO -- comment\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\nGO--comment\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\nGO   12  \nSELECT 2", [("SELECT 1", 12), "SELECT 2"]),
    # words that only look like GO
    ("SELECT 1 AS go FROM t", ["SELECT 1 AS go FROM t"]),
    ("SELECT 1 AS\ngo, 2 AS b", ["SELECT 1 AS\ngo, 2 AS b"]),
    ("SELECT a.\ngo.b", ["SELECT a.\ngo.b"]),
    ("SELECT 1\nGOTO here", ["SELECT 1\nGOTO here"]),
    ("SELECT 1\nGO_ON", ["SELECT 1\nGO_ON"]),
    ("SELECT 1\nGO5", ["SELECT 1\nGO5"]),
    ("SELECT 1\nALGO\nSELECT 2", ["SELECT 1\nALGO\nSELECT 2"]),
    ("SELECT 1\n@GO\n", ["SELECT 1\n@GO"]),
    ("SELECT 1\n#GO\n", ["SELECT 1\n#GO"]),
    ("SELECT 1\nGO SELECT 2", ["SELECT 1\nGO SELECT 2"]),
    ("SELECT 1 GO\nSELECT 2", ["SELECT 1 GO\nSELECT 2"]),
    ("SELECT 1; GO\nSELECT 2", ["SELECT 1; GO\nSELECT 2"]),
    ("SELECT 1\n/* x */ GO\nSELECT 2", ["SELECT 1\n/* x */ GO\nSELECT 2"]),
    ("SELECT 1\nGO 5 6\nSELECT 2", ["SELECT 1\nGO 5 6\nSELECT 2"]),
    ("SELECT 1\nGO 1.5\nSELECT 2", ["SELECT 1\nGO 1.5\nSELECT 2"]),
    ("SELECT 1\nGO -1\nSELECT 2", ["SELECT 1\nGO -1\nSELECT 2"]),
    # strings
    ("SELECT '\nGO\n'", ["SELECT '\nGO\n'"]),
    ("SELECT N'\nGO\n'\nGO\nSELECT 2", ["SELECT N'\nGO\n'", "SELECT 2"]),
    ("SELECT 'it''s\nGO\n'", ["SELECT 'it''s\nGO\n'"]),
    ("SELECT '/*'\nGO\nSELECT '*/'", ["SELECT '/*'", "SELECT '*/'"]),
    ("SELECT '--'\nGO\nSELECT 2", ["SELECT '--'", "SELECT 2"]),
    ("SELECT ''''\nGO\nSELECT 2", ["SELECT ''''", "SELECT 2"]),
    ("SELECT '['\nGO\nSELECT ']'", ["SELECT '['", "SELECT ']'"]),
    ("PRINT '\"'\nGO\nPRINT '\"'", ["PRINT '\"'", "PRINT '\"'"]),
    ("EXEC('SELECT 1\nGO\nSELECT 2')", ["EXEC('SELECT 1\nGO\nSELECT 2')"]),
    # names
    ("SELECT [\nGO\n]", ["SELECT [\nGO\n]"]),
    ("SELECT [a]]\nGO\n]", ["SELECT [a]]\nGO\n]"]),
    ('SELECT "\nGO\n"', ['SELECT "\nGO\n"']),
    ('SELECT "a""\nGO\n"', ['SELECT "a""\nGO\n"']),
    ("SELECT [it's]\nGO\nSELECT 'x'", ["SELECT [it's]", "SELECT 'x'"]),
    ("SELECT [--]\nGO\nSELECT 2", ["SELECT [--]", "SELECT 2"]),
    # comments
    ("/*\nGO\n*/ SELECT 1", ["/*\nGO\n*/ SELECT 1"]),
    ("/* /* nested */\nGO\n*/ SELECT 1", ["/* /* nested */\nGO\n*/ SELECT 1"]),
    ("/* /* /* */ */\nGO\n*/ SELECT 1\nGO\nSELECT 2", ["/* /* /* */ */\nGO\n*/ SELECT 1", "SELECT 2"]),
    ("-- GO\nSELECT 1", ["-- GO\nSELECT 1"]),
    ("--\nGO\nSELECT 1", ["--", "SELECT 1"]),
    ("-- it's\nGO\nSELECT 1", ["-- it's", "SELECT 1"]),
    ("-- /*\nGO\nSELECT 1 -- */", ["-- /*", "SELECT 1 -- */"]),
    ("/* -- */\nGO\nSELECT 1", ["/* -- */", "SELECT 1"]),
    ("/* ' */\nGO\nSELECT 1", ["/* ' */", "SELECT 1"]),
    ("SELECT 1 /* [ */\nGO\nSELECT 2", ["SELECT 1 /* [ */", "SELECT 2"]),
    ("SELECT 1 - -1\nGO\nSELECT 2", ["SELECT 1 - -1", "SELECT 2"]),
    ("SELECT 4 / 2\nGO\nSELECT 2", ["SELECT 4 / 2", "SELECT 2"]),
    ("SELECT 2 */* x */ 3\nGO\nSELECT 2", ["SELECT 2 */* x */ 3", "SELECT 2"]),
    # what scripts of other tools look like
    ("SET QUOTED_IDENTIFIER ON;\r\nGO\r\n\r\nCREATE PROCEDURE p AS SELECT 1;\r\nGO\r\n",
     ["SET QUOTED_IDENTIFIER ON;", "CREATE PROCEDURE p AS SELECT 1;"]),
    ("BEGIN TRANSACTION;\nGO\n\nCOMMIT;\nGO\n\n", ["BEGIN TRANSACTION;", "COMMIT;"]),
    (
        "PRINT N'Creating [dbo].[GO]...';\nGO\nCREATE TABLE [dbo].[GO] ([GO] INT);\nGO",
        ["PRINT N'Creating [dbo].[GO]...';", "CREATE TABLE [dbo].[GO] ([GO] INT);"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=range(len(CASES)))
def test_batches_end_where_sqlcmd_ends_them(text: str, wanted: list[str | tuple[str, int]]) -> None:
    found = [(batch.text.strip(), batch.repeat) for batch in split_batches(text)]
    assert found == [each if isinstance(each, tuple) else (each, 1) for each in wanted]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("text", ["SELECT 'x", "SELECT [x", 'SELECT "x', "/* x", "/* /* x */", "SELECT 'a''"])
def test_what_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ScriptError, match="not closed"):
        split_batches(text + "\nGO\nSELECT 2")


@pytest.mark.parametrize(("text", "line"), [("SELECT 1", 1), ("\n\nSELECT 1", 1), ("SELECT 1\nGO\n\nSELECT 2", 3)])
def test_a_batch_knows_its_line(text: str, line: int) -> None:
    assert split_batches(text)[-1].line == line


INNER = st.text(alphabet="aG O\nogo5;-/*é", max_size=30)
HARMLESS = st.sampled_from(["SELECT 1", "x AS go", "GOTO a", "@GO", "GO5", "ALGO", "a.b", "1 - -1", "GO;"])


def _string(text: str) -> str:
    return "N'" + text.replace("'", "''") + "'"


def _bracket(text: str) -> str:
    return "[" + text.replace("]", "]]") + "]"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _comment(text: str) -> str:
    return "/*" + text.replace("/", "").replace("*", "") + "*/"


def _nested(text: str) -> str:
    return "/* /*" + text.replace("/", "").replace("*", "") + "*/ GO\nGO\n*/"


WRAPPED = st.one_of(
    INNER.map(_string), INNER.map(_bracket), INNER.map(_quoted), INNER.map(_comment), INNER.map(_nested)
)
STATEMENT = st.lists(st.one_of(WRAPPED, HARMLESS), min_size=1, max_size=5).map(lambda parts: "x " + " ".join(parts))
SEPARATOR = st.tuples(
    st.sampled_from(["GO", "go", "Go", "  GO", "\tgO"]),
    st.integers(min_value=1, max_value=99).map(lambda n: f" {n}") | st.just(""),
    st.sampled_from(["", " ", " -- GO", "--x"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(STATEMENT, SEPARATOR), min_size=1, max_size=6))
def test_what_was_put_together_comes_apart_again(parts: list[tuple[str, tuple[str, str, str]]]) -> None:
    text = "".join(f"{statement}\n{go}{count}{tail}\n" for statement, (go, count, tail) in parts)
    found = [(batch.text.rstrip("\n"), batch.repeat) for batch in split_batches(text)]
    assert found == [(statement.rstrip("\n"), int(count or 1)) for statement, (_go, count, _tail) in parts]


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="'[]\"/*-\n gGoO5x;\r\té", max_size=60))
def test_any_text_is_split_or_refused_and_nothing_is_lost(text: str) -> None:
    try:
        batches = split_batches(text)
    except ScriptError:
        return
    at = 0
    for batch in batches:
        assert batch.repeat >= 0
        assert text[batch.offset : batch.offset + len(batch.text)] == batch.text
        assert batch.offset >= at
        between = text[at : batch.offset]
        at = batch.offset + len(batch.text)
        # What lies between two batches is nothing but GO lines and empty batches.
        for line in between.splitlines():
            bare = line.partition("--")[0].strip().lower()
            assert bare == "" or bare.partition(" ")[0].strip() == "go" or bare.startswith("go\t")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="'[]\"/*-\n gGoO5x;", max_size=40))
def test_a_batch_splits_no_further(text: str) -> None:
    try:
        batches = split_batches(text)
    except ScriptError:
        return
    for batch in batches:
        again = split_batches(batch.text)
        assert [each.text for each in again] == [batch.text]
