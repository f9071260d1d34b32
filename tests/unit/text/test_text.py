# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside: what is left out, what stays, and how long it may be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.filter.one_line import FilterModule
from ansible_collections.zero_downtime.dotnet.plugins.module_utils import _text

RECAP = "PLAY RECAP " + "*" * 20
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSAFE = [
    *map(chr, {*range(0x20), *range(0x7F, 0xA0)} - {9, 10}),
    *BIDI,
    "\u2028",
    "\u2029",
    "\ud800",
    "\udcff",
    "\ufeff",
]
KEPT = [
    "plain text",
    "Größe, 日本語, עברית, العربية",
    "👩‍💻 👍🏽 ❤️ 🇩🇪",
    "{{ lookup('pipe', 'id') }} {% raw %} !unsafe {# x #}",
]


@pytest.mark.parametrize("character", UNSAFE, ids=lambda character: f"U+{ord(character):04X}")
def test_what_must_not_be_printed_is_replaced(character: str) -> None:
    # \r and the like are blanks on one line. A latin letter would be the end of a terminal sequence.
    text = f"a{character}Ω"
    assert _text.one_line(text) in {"a?Ω", "a Ω"}
    assert _text.clean(text) == "a?Ω"
    assert _text.unsafe_character(text) == f"U+{ord(character):04X}"


@pytest.mark.parametrize("text", KEPT)
def test_everything_else_stays(text: str) -> None:
    assert _text.one_line(text) == _text.clean(text) == _text.message(text) == text
    assert _text.unsafe_character(text) is None


@pytest.mark.parametrize(
    "sequence", ["\x1b[31;1m", "\x1b[2J", "\x9b5n", "\x1b]0;a title\x07", "\x1b]8;;http://x\x1b\\", "\x1b[?25l"]
)
def test_terminal_sequences_are_left_out(sequence: str) -> None:
    assert _text.clean(f"a{sequence}b") == "ab"


def test_a_sequence_without_an_end_is_shown_without_its_beginning() -> None:
    assert _text.clean("a\x1b[") == "a?["
    assert _text.clean("a\x1b]0;" + "x" * 500) == "a?]0;" + "x" * 500


def test_lines_stay_lines_where_they_may() -> None:
    assert _text.clean("a\r\nb\n\tc\rd") == "a\nb\n\tc?d"
    assert _text.one_line("a\r\n  b\tc") == "a b c"


def test_a_message_cannot_begin_a_line_of_ansibles() -> None:
    shown = _text.message(f"failed\n\n{RECAP}\nweb01 : ok=9\r\n{RECAP}")
    assert not [line for line in shown.splitlines()[1:] if not line.startswith("  ")], shown
    assert _text.message(f"\n{RECAP}").startswith(RECAP)  # the first line is behind Ansible's own words


@pytest.mark.parametrize("longest", [3, 20, 200])
def test_limits(longest: int) -> None:
    assert len(_text.one_line("x" * 100_000, longest)) == longest
    assert _text.one_line("x" * longest, longest) == "x" * longest


def test_a_message_is_limited() -> None:
    assert len(_text.message("x" * 100_000)) == _text.LONGEST_MESSAGE


def test_an_excerpt_says_that_nothing_is_there() -> None:
    assert _text.excerpt("  ") == "empty"
    assert _text.one_line("  ") == ""


def test_the_first_lines_are_those_that_are_not_blank() -> None:
    assert _text.first_lines("\n\r\n a \n\nb\n") == "a / b"
    assert _text.first_lines("\n".join("abcdefg")) == "a / b / c / d / e ..."
    assert _text.first_lines("") == "empty"
    assert len(_text.first_lines("x" * 10_000)) == 400


def test_a_result_is_clean_in_depth() -> None:
    result: dict[str, Any] = {
        "msg": f"a\n{RECAP}",
        "lines": ["a\x1b[1m", {"k\x00": "v\u202e"}],
        "text": "a\nb",
        "n": 1,
        "warnings": [f"w\n{RECAP}"],
        "none": None,
    }
    assert _text.clean_result(result) == {
        "msg": f"a\n  {RECAP}",
        "lines": ["a", {"k?": "v?"}],
        "text": "a\nb",
        "n": 1,
        "warnings": [f"w\n  {RECAP}"],
        "none": None,
    }


def test_the_filter_is_the_same_function() -> None:
    one_line = FilterModule().filters()["one_line"]
    assert one_line("a\n\x1b[31mb\x00") == "a b?"
    assert one_line("x" * 300) == "x" * 197 + "..."
    with pytest.raises(AnsibleFilterError, match="one_line: a text was expected, list was found"):
        one_line(["a"])
