# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of T-SQL."""

from __future__ import annotations

import re

from ..errors import SqlError

WORD, QUOTED, STRING, NSTRING, INTEGER, NUMBER, FLOAT, HEX, VARIABLE, GLOBAL, OPERATOR, END = range(12)

_LEX = re.compile(
    r"""(?P<space>(?:\s|--[^\n]*)+)
    |(?P<comment>/\*)
    |(?P<nstring>[Nn]'(?:[^']|'')*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<bracket>\[(?:[^\]]|\]\])*\])
    |(?P<dquote>"(?:[^"]|"")*")
    |(?P<hex>0[xX][0-9A-Fa-f]*)
    |(?P<float>(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+)
    |(?P<number>\d+\.\d*|\.\d+)
    |(?P<integer>\d+)
    |(?P<global>@@\w+)
    |(?P<variable>@[\w$\#@]+)
    |(?P<word>[^\W\d][\w$\#@]*|\#\#?[\w$\#@]+)
    |(?P<operator><=|>=|<>|!=|!<|!>|\+=|-=|\*=|/=|%=|&=|\|=|\^=|::|[-+*/%()=<>,.;&|^~:\{\}$])
    """,
    re.X,
)
_KINDS = {
    "nstring": NSTRING,
    "string": STRING,
    "bracket": QUOTED,
    "dquote": QUOTED,
    "hex": HEX,
    "float": FLOAT,
    "number": NUMBER,
    "integer": INTEGER,
    "global": GLOBAL,
    "variable": VARIABLE,
    "word": WORD,
    "operator": OPERATOR,
}
_COMPARED = frozenset({WORD, OPERATOR, GLOBAL, VARIABLE})
# How many characters open the quotation, and the one that is doubled inside.
_QUOTES = {"bracket": (1, "]"), "dquote": (1, '"'), "string": (1, "'"), "nstring": (2, "'")}
_COMMENT = re.compile(r"/\*|\*/")


class Token:
    """`up` is what the parser compares: the upper-cased word or the operator; empty for quoted names and literals."""

    __slots__ = ("end", "kind", "start", "text", "up")

    def __init__(self, kind: int, text: str, up: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.up = up
        self.start = start
        self.end = end


def line_of(source: str, pos: int) -> int:
    return source.count("\n", 0, pos) + 1


def tokenize(source: str, quoted_identifier: bool = True) -> list[Token]:
    tokens: list[Token] = []
    append = tokens.append
    match = _LEX.match
    pos, size = 0, len(source)
    while pos < size:
        m = match(source, pos)
        if m is None:
            raise _bad_character(source, pos)
        group = m.lastgroup or ""
        start, pos = pos, m.end()
        if group == "space":
            continue
        if group == "comment":
            pos = _skip_comment(source, start)
            continue
        kind = _KINDS[group]
        text = m.group()
        if kind in _COMPARED:
            append(Token(kind, text, text.upper(), start, pos))
            continue
        if group in _QUOTES:
            skipped, quote = _QUOTES[group]
            text = text[skipped:-1].replace(quote * 2, quote)
        if group == "dquote" and not quoted_identifier:
            kind = STRING
        append(Token(kind, text, "", start, pos))
    append(Token(END, "", "", size, size))
    return tokens


def _skip_comment(source: str, start: int) -> int:
    depth, pos = 0, start
    while True:
        m = _COMMENT.search(source, pos)
        if m is None:
            raise SqlError(113, "Missing end comment mark '*/'.", 15, aborts="batch")
        pos = m.end()
        depth += 1 if m.group() == "/*" else -1
        if not depth:
            return pos


def _bad_character(source: str, pos: int) -> SqlError:
    char = source[pos]
    rest = source[pos + 1 :]
    if char == "'" or source[pos : pos + 2].upper() == "N'":
        error = SqlError(
            105,
            f"Unclosed quotation mark after the character string '{rest.lstrip(chr(39))[:128]}'.",
            15,
            aborts="batch",
        )
    elif char in '["':
        error = SqlError(105, f"Unclosed quotation mark after the character string '{rest[:128]}'.", 15, aborts="batch")
    else:
        error = SqlError(102, f"Incorrect syntax near '{char}'.", 15)
    error.line = line_of(source, pos)
    return error
