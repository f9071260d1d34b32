# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splitting command lines as Windows programs do: CommandLineToArgvW and the C runtime."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r'(?P<slashes>\\+)(?P<quote>"?)|(?P<double>"")|(?P<single>")|(?P<blank>[ \t]+)|(?P<text>[^\\" \t]+)'
)


def split(line: str) -> list[str]:
    """The arguments of a whole command line; the first is the program, which knows no backslash escapes."""
    line = line.strip(" \t")
    if not line:
        return []
    if line.startswith('"'):
        end = line.find('"', 1)
        end = len(line) if end < 0 else end
        program, rest = line[1:end], line[end + 1 :]
    else:
        end = next((i for i, c in enumerate(line) if c in " \t"), len(line))
        program, rest = line[:end], line[end:]
    return [program, *split_arguments(rest)]


def split_arguments(text: str) -> list[str]:
    """The arguments behind the program's name.

    2n backslashes before a quote are n backslashes and the quote; 2n + 1 are n backslashes and a literal quote.
    """
    splitter = _Splitter()
    position = 0
    while match := _PIECE.match(text, position):
        position = splitter.take(match)
    return splitter.end()


class _Splitter:
    """The state between two pieces of a command line."""

    def __init__(self) -> None:
        self._arguments: list[str] = []
        self._current: str | None = None
        self._inside_quotes = False

    def take(self, piece: re.Match[str]) -> int:
        """Process a piece; returns the position of the next one."""
        kind = piece.lastgroup or ""
        if kind in ("slashes", "quote"):
            return self._backslashes(piece)
        if kind in ("double", "single"):
            return self._quote(piece)
        if kind == "blank" and not self._inside_quotes:
            self._end_argument()
        else:
            self._add(piece[0])
        return piece.end()

    def end(self) -> list[str]:
        self._end_argument()
        return self._arguments

    def _add(self, text: str) -> None:
        self._current = (self._current or "") + text

    def _end_argument(self) -> None:
        if self._current is not None:
            self._arguments.append(self._current)
        self._current = None

    def _backslashes(self, piece: re.Match[str]) -> int:
        count = len(piece["slashes"])
        if not piece["quote"]:
            self._add("\\" * count)
            return piece.end()
        self._add("\\" * (count // 2))
        if count % 2:
            self._add('"')
            return piece.end()
        return piece.end() - 1  # the quote is a piece of its own

    def _quote(self, piece: re.Match[str]) -> int:
        self._add('"' if self._inside_quotes and piece["double"] else "")
        if self._inside_quotes and piece["double"]:
            return piece.end()
        self._inside_quotes = not self._inside_quotes
        return piece.start() + 1
