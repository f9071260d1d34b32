# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside: what it must not carry into a terminal, a log, a report or the ledger.

A response, an error of SQL Server, the output of a program and the name of a file may hold anything: characters that
move the cursor, that reorder a line for its reader, or that end it, so that a text passes for a line of Ansible's own.
They are shown as '?', terminal sequences are left out, and everything else stays, emoji included.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import re
from typing import Any

LONGEST = 200
"""Characters of an excerpt, unless another limit is given."""
LONGEST_MESSAGE = 8000
"""Characters of a task's message or warning."""
MOST_LINES = 5
REPLACEMENT = "?"

# CSI and OSC sequences (ECMA-48), as colours and window titles are. One without an end is left to _UNSAFE.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,256}(?:\x07|\x1b\\|\x9c)"
)
# C0 but tab and line feed, DEL, C1, line and paragraph separator, bidirectional controls, surrogates, noncharacters.
_UNSAFE = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
    "\\ud800-\\udfff\\ufeff\\ufffe\\uffff]"
)
_LINE_ENDS = re.compile(r"\r+\n|\n")
_SHOWN_AS_MESSAGE = frozenset({"msg", "reason", "warnings", "deprecations"})


def unsafe_character(text: str) -> str | None:
    """The first character of a name that no name may have, as U+XXXX; None where there is none."""
    found = re.search(r"[\t\n]", text) or _UNSAFE.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def clean(text: str) -> str:
    """The text with its lines (line feeds) and tabs, and nothing else that is not to be printed."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(REPLACEMENT, _TERMINAL.sub("", _LINE_ENDS.sub("\n", text)))


def one_line(text: str, longest: int = LONGEST) -> str:
    """The beginning of the text on one line, of at most so many characters."""
    # Far more than can be shown is cut first: a text may have megabytes.
    line = clean(" ".join(text[: longest * 20].split()))
    return line if len(line) <= longest else line[: max(longest - 3, 0)] + "..."


def excerpt(text: str, longest: int = LONGEST) -> str:
    """The same, and the word "empty" where nothing is left: part of a sentence."""
    return one_line(text, longest) or "empty"


def first_lines(text: str, longest: int = 2 * LONGEST) -> str:
    """The first lines that are not blank, at most MOST_LINES, separated by ' / '."""
    lines = [line.strip() for line in text[: longest * 20].splitlines() if line.strip()]
    more = " ..." if len(lines) > MOST_LINES else ""
    return excerpt(" / ".join(lines[:MOST_LINES]), longest) + more


def message(text: str) -> str:
    """A message for a person, of at most LONGEST_MESSAGE characters.

    Its further lines are indented: none begins where a line of Ansible's own begins.
    """
    cut = text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 3] + "..."
    return re.sub(r"\n[ \t]*", "\n  ", clean(cut).strip("\n"))


def clean_result(value: Any, key: str = "") -> Any:
    """A task's result, clean in depth, its keys too. What Ansible prints as a message is `message`."""
    if isinstance(value, str):
        return message(value) if key in _SHOWN_AS_MESSAGE else clean(value)
    if isinstance(value, dict):
        return {clean_result(name): clean_result(item, str(name)) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_result(item, key) for item in value]
    return value
