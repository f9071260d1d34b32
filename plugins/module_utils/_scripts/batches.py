# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script's batches: what is sent to the server in one go, cut at GO lines. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from .._tsql.lexer import Lines, scan


@dataclass(frozen=True)
class Batch:
    """What is sent to the server in one go."""

    text: str
    repeat: int
    """How often to send it: the count behind GO."""
    line: int
    """The line of the file, from 1, in which `text` begins."""
    offset: int = 0
    """Where in the file's text it begins."""


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
