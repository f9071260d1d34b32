# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script's batches, and what of sqlcmd's own language stands in it.

Private to the collection. The migration engine runs exactly the batches that the linter has read.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from .lexer import OP, STRING, WORD, Lines, ScriptError, scan

__all__ = ["Batch", "ScriptError", "SqlcmdUse", "decode_script", "find_sqlcmd", "split_batches"]


@dataclass(frozen=True)
class Batch:
    """What is sent to the server in one go."""

    text: str
    repeat: int
    """How often to send it: the count behind GO."""
    line: int
    """The line of the file, from 1, in which ``text`` begins."""
    offset: int = 0
    """Where in the file's text it begins."""


@dataclass(frozen=True)
class SqlcmdUse:
    """A sqlcmd variable or directive: sqlcmd would replace or obey it, a driver sends it to the server as it is."""

    kind: str
    """``variable`` or ``directive``."""
    text: str
    """``$(Name)``, or ``:setvar``."""
    line: int
    column: int
    in_string: bool = False


def split_batches(text: str) -> list[Batch]:
    """Cut a script at its GO lines; batches of white space alone are left out.

    Raises ScriptError, with line and column, for a string, a name or a comment that is not closed.
    """
    found = scan(text)
    lines = Lines(text)
    batches: list[Batch] = []
    start = 0
    for separator in found.separators:
        # the GO line itself, with its indentation, belongs to neither batch
        end = text.rfind("\n", start, separator.start) + 1 or start
        _add(batches, text, start, end, separator.repeat, lines)
        start = separator.end
    _add(batches, text, start, len(text), 1, lines)
    return batches


def _add(batches: list[Batch], text: str, start: int, end: int, repeat: int, lines: Lines) -> None:
    piece = text[start:end]
    if piece.strip(" \t\r\n\v\f\ufeff"):
        batches.append(Batch(piece, repeat, lines.position(start)[0], start))


_VARIABLE = re.compile(r"\$\([A-Za-z_][\w\-]{0,127}\)")
_DIRECTIVES = frozenset(
    ("r", "setvar", "connect", "on", "out", "error", "perftrace", "list", "listvar")
    + ("reset", "help", "ed", "quit", "exit", "serverlist", "xml")
)

DIRECTIVE = re.compile(r"!!|:(?:" + "|".join(sorted(_DIRECTIVES)) + r")(?![\w$#@])", re.I)


def find_sqlcmd(text: str) -> list[SqlcmdUse]:
    """All sqlcmd variables outside comments, and all sqlcmd directives at line starts, in the order of the text."""
    found = scan(text)
    lines = Lines(text)
    uses: list[tuple[int, SqlcmdUse]] = []
    if "$(" in text:
        spans = [(comment.start, comment.end) for comment in found.comments]
        strings = [(token.start, token.end) for token in found.tokens if token.kind == STRING]
        in_comment, in_string = _Inside(spans), _Inside(strings)
        for hit in _VARIABLE.finditer(text):
            if not in_comment.holds(hit.start()):
                line, column = lines.position(hit.start())
                uses.append(
                    (hit.start(), SqlcmdUse("variable", hit.group(), line, column, in_string.holds(hit.start())))
                )
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


class _Inside:
    """Whether ascending offsets lie in ascending spans; both are walked once."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._at = 0

    def holds(self, offset: int) -> bool:
        while self._at < len(self._spans) and self._spans[self._at][1] <= offset:
            self._at += 1
        return self._at < len(self._spans) and self._spans[self._at][0] <= offset


def decode_script(data: bytes) -> str:
    """A script's text: UTF-8, with or without a byte order mark, or UTF-16 with one (SSMS writes that).

    The byte order mark is not part of the text. Raises ScriptError for anything else.
    """
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise ScriptError(
            f"the file is not {encoding.upper()} at byte {error.start}; save it as UTF-8, or as UTF-16 with a byte "
            "order mark",
            line,
            column,
        ) from None
