# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of sqlcmd's own language stands in a script: `$(variables)` are replaced, directives are refused.

Private to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._tsql.lexer import OP, STRING, WORD, Lines, scan
from .errors import ScriptError

_VARIABLE = re.compile(r"\$\([A-Za-z_][\w\-]{0,127}\)")
_WORDS = "r setvar connect on out error perftrace list listvar reset help ed quit exit serverlist xml"
_DIRECTIVES = frozenset(_WORDS.split(" "))
DIRECTIVE = re.compile(r"!!|:(?:" + "|".join(sorted(_DIRECTIVES)) + r")(?![\w$#@])", re.I)
# Without these there is nothing of sqlcmd's, and the text need not be scanned once more.
_HINT = re.compile(r"\$\(|^[^\S\n]*(?::|!!)", re.MULTILINE)


@dataclass(frozen=True)
class SqlcmdUse:
    """A sqlcmd variable or directive: sqlcmd would replace or obey it, a driver sends it to the server as it is."""

    kind: str
    """`variable` or `directive`."""
    text: str
    """`$(Name)`, or `:setvar`."""
    line: int
    column: int
    in_string: bool = False


def find_sqlcmd(text: str) -> list[SqlcmdUse]:
    """All sqlcmd variables outside comments, and all sqlcmd directives at line starts, in the order of the text."""
    if not _HINT.search(text):
        return []
    found = scan(text)
    lines = Lines(text)
    uses: list[tuple[int, SqlcmdUse]] = []
    if "$(" in text:
        spans = [(comment.start, comment.end) for comment in found.comments]
        strings = [(token.start, token.end) for token in found.tokens if token.kind == STRING]
        in_comment, in_string = Inside(spans), Inside(strings)
        for hit in _VARIABLE.finditer(text):
            if not in_comment.holds(hit.start()):
                line, column = lines.position(hit.start())
                use = SqlcmdUse("variable", hit.group(), line, column, in_string.holds(hit.start()))
                uses.append((hit.start(), use))
    by_start = {token.start: token for token in found.tokens} if found.directives else {}
    for mark in found.directives:
        following = by_start.get(mark.end)
        name = ""
        if mark.text == ":" and following is not None and following.kind == WORD:
            name = following.text.lower() if following.text.lower() in _DIRECTIVES else ""
        elif mark.text == "!" and following is not None and following.kind == OP and following.text == "!":
            name = "!!"
        if name:
            line, column = lines.position(mark.start)
            uses.append((mark.start, SqlcmdUse("directive", name if name == "!!" else f":{name}", line, column)))
    return [use for _start, use in sorted(uses, key=lambda pair: pair[0])]


def substitute(text: str, variables: Mapping[str, str]) -> tuple[str, list[ScriptError]]:
    """The text with `$(Name)` replaced, names compared as sqlcmd does; and what has no value or is a directive."""
    known = {name.lower(): value for name, value in variables.items()}
    lines = Lines(text)
    parts: list[str] = []
    problems: list[ScriptError] = []
    at = 0
    for use in find_sqlcmd(text):
        if use.kind == "directive":
            message = (
                f"{use.text} is a directive of sqlcmd, which no driver understands: write what it stands for, "
                "and give variables in the task"
            )
            problems.append(ScriptError(message, use.line, use.column))
            continue
        name = use.text[2:-1]
        value = known.get(name.lower())
        if value is None:
            given = ", ".join(sorted(variables)) or "none"
            message = f"the variable {use.text} has no value, given are: {given}; add it to the task's variables"
            problems.append(ScriptError(message, use.line, use.column))
            continue
        if any(end in value for end in "\n\r\0"):
            message = f"the value of the variable {name} holds a line end or NUL character: remove it"
            problems.append(ScriptError(message, use.line, use.column))
            continue
        offset = lines.offset(use.line) + use.column - 1
        parts += [text[at:offset], value]
        at = offset + len(use.text)
    return "".join(parts) + text[at:], problems


class Inside:
    """Whether ascending offsets lie in ascending spans; both are walked once."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._at = 0

    def holds(self, offset: int) -> bool:
        while self._at < len(self._spans) and self._spans[self._at][1] <= offset:
            self._at += 1
        return self._at < len(self._spans) and self._spans[self._at][0] <= offset
