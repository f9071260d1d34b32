# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines arrive as they were meant; what cannot be said safely is refused."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import RefusedValue
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.quoting import (
    cmd_word,
    join_arguments,
    object_name,
    quote_argument,
)
from hypothesis import given
from hypothesis import strategies as st


def windows_argv(line: str) -> list[str]:
    """CommandLineToArgvW, as its documentation tells it, for the part behind the program's name."""
    found: list[str] = []
    current = ""
    started = quoted = False
    at = 0
    while at < len(line):
        if line[at] in " \t" and not quoted:
            if started:
                found.append(current)
            current, started = "", False
            at += 1
            continue
        started = True
        backslashes = 0
        while at < len(line) and line[at] == "\\":
            backslashes += 1
            at += 1
        if at < len(line) and line[at] == '"':
            current += "\\" * (backslashes // 2)
            if backslashes % 2:
                current += '"'
            else:
                quoted = not quoted
            at += 1
        else:
            current += "\\" * backslashes
            if at < len(line) and (quoted or line[at] not in " \t"):
                current += line[at]
                at += 1
    return [*found, current] if started else found


printable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=30)
nasty = st.text(st.sampled_from('\\" ab/:'), max_size=12)


@given(st.lists(st.one_of(printable, nasty), max_size=5))
def test_every_argument_comes_back_as_it_was(arguments: list[str]) -> None:
    assert windows_argv(join_arguments(arguments)) == arguments


def test_the_parser_of_this_test_takes_an_unquoted_line_apart() -> None:
    assert windows_argv("name=AppA /text:state") == ["name=AppA", "/text:state"]
    assert windows_argv(join_arguments(["name=AppA /text:state"])) == ["name=AppA /text:state"]


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ("C:\\dir\\", "C:\\dir\\"),
        ("C:\\my dir\\", '"C:\\my dir\\\\"'),
        ('say "hi"', '"say \\"hi\\""'),
    ],
)
def test_quoting_by_example(value: str, quoted: str) -> None:
    assert quote_argument(value) == quoted


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x7f", "\x85", "\ud800", "\ufffe"])
def test_control_characters_are_refused(character: str) -> None:
    with pytest.raises(RefusedValue, match="control character U\\+"):
        quote_argument(f"a{character}b")


@pytest.mark.parametrize("name", ["O'Brien", "pool]", "po[ol", 'po"ol'])
def test_a_name_that_appcmd_does_not_support_is_refused(name: str) -> None:
    with pytest.raises(RefusedValue, match="appcmd does not support"):
        object_name(name, "name of the pool")


def test_an_empty_name_is_refused_and_a_good_one_is_not() -> None:
    with pytest.raises(RefusedValue, match="is empty"):
        object_name(" ", "name of the pool")
    assert object_name("My Pool (blue)", "name of the pool") == "My Pool (blue)"


@pytest.mark.parametrize("character", list('%!^&|<>"'))
def test_what_cmd_would_interpret_is_refused(character: str) -> None:
    with pytest.raises(RefusedValue, match=r"cmd\.exe would interpret"):
        cmd_word(f"C:\\a{character}b")


def test_a_plain_path_for_cmd_is_quoted() -> None:
    assert cmd_word(r"C:\my releases (x86)") == r'"C:\my releases (x86)"'
