# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""T-SQL's tokens, found in one pass whose time is linear in the length of the text.

Private to the collection. The lexer is on the safe side: where tools and servers do not agree about a character
(an exotic space, a number glued to a word, a lone carriage return in a comment), it takes the reading that hides
nothing, or emits a token of kind BAD, which the classifier refuses.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable

WORD = 1
"""A bare identifier or keyword."""
QUOTED = 2
"""``[a name]`` or ``"a name"``."""
STRING = 3
"""``'text'`` or ``N'text'``."""
NUMBER = 4
VARIABLE = 5
"""``@name`` or ``@@name``."""
OP = 6
BAD = 7
"""A character that has no place in T-SQL outside strings, names and comments."""

# Everything that any server or tool takes for white space. The zero-width ones are in it on purpose.
_SPACE = r"\s\x01-\x20\x7f-\xa0\u180e\u200b-\u200f\u2060\ufeff"
_LINE_SPACE = rf"(?:(?!\n)[{_SPACE}])"

# None of the alternatives can backtrack over more than one character class, so every match is linear.
_TOKEN = re.compile(
    rf"""[{_SPACE}]*(?:
    (?P<str>[nN]?'[^']*(?:''[^']*)*'?)
  | (?P<word>\$?(?:[^\W\d]|\#)[\w$\#@]*)
  | (?P<op><>|<=|>=|!=|!<|!>|::|\+=|-=|\*=|/=|%=|&=|\|=|\^=|\|\||<<|>>|[(),.;=+*%&|^~<>!:{{}}]|-(?!-)|/(?!\*))
  | (?P<num>0[xX][0-9A-Fa-f]*(?P<hexed>[^\W\d])?|[$\u00a2-\u00a5\u20a0-\u20bf](?:\d+(?:\.\d*)?|\.\d+|(?![\w(]))
        |(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+|[eE](?![\w$\#@])|(?P<glued>[eE]))?)
  | (?P<var>@@?[\w$\#@]*)
  | (?P<bracket>\[[^\]]*(?:\]\][^\]]*)*\]?)
  | (?P<quote>"[^"]*(?:""[^"]*)*"?)
  | (?P<line>--[^\n]*)
  | (?P<block>/\*)
  | (?P<bad>.)
  | (?P<end>\Z)
    )""",
    re.X | re.S,
)
_GLUED = re.compile(r"[\w$#@]{1,8}")
_GLUED_WORDS = frozenset({"EXEC", "EXECUTE", "ELSE", "END", "EXCEPT", "ENABLE"})
_LONGEST_SOURCE = 400
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_COUNT = re.compile(rf"{_LINE_SPACE}*(?:(\d{{1,9}})(?![\w$#@]))?{_LINE_SPACE}*")
_SPACES = re.compile(rf"{_LINE_SPACE}*")
_GO_COMMENT = re.compile(r"(/\*)|--[^\n]*")
_CONTINUATION = re.compile(r"\\\r?\n")


class ScriptError(Exception):
    """What is wrong with a script, and where: file (empty where it is not known), line and column, both from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1, file: str = "") -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column
        self.file = file

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class Token:
    """One token. ``key`` is what to compare with: the upper-case word, or the operator, and empty for all else."""

    __slots__ = ("end", "key", "kind", "start", "text")

    def __init__(self, kind: int, text: str, start: int, end: int, key: str) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.key = key

    def __repr__(self) -> str:
        return f"Token({self.text!r}@{self.start})"


class Comment:
    """A comment and where it stands."""

    __slots__ = ("end", "start", "text")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.start = start
        self.end = end


class Separator:
    """A GO line: ``start`` is where its GO stands, ``end`` is behind the line, ``index`` counts tokens before it."""

    __slots__ = ("end", "index", "repeat", "start")

    def __init__(self, index: int, start: int, end: int, repeat: int) -> None:
        self.index = index
        self.start = start
        self.end = end
        self.repeat = repeat


class Lines:
    """Offsets to lines and columns."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            find = self._text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def offset(self, line: int) -> int:
        """Offset of the first character of a line."""
        starts = self._line_starts()
        return starts[line - 1] if line <= len(starts) else len(self._text)

    def source(self, line: int) -> str:
        """A line's text, without its end; no more than its beginning where it is very long."""
        start = self.offset(line)
        end = self._text.find("\n", start, start + _LONGEST_SOURCE)
        return self._text[start : end if end >= 0 else start + _LONGEST_SOURCE].rstrip("\r")


class Scan:
    """What one pass over a text found."""

    __slots__ = ("comments", "directives", "separators", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.separators: list[Separator] = []
        self.directives: list[Token] = []


def keyword(text: str) -> str:
    """The form of a word to compare with keywords; compatibility characters such as full-width letters are folded."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKC", text).upper()


def _block_end(text: str, start: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, start + 2):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _error(text, start, "this comment is not closed (block comments nest in T-SQL)")


def _error(text: str, offset: int, message: str) -> ScriptError:
    line, column = Lines(text).position(offset)
    return ScriptError(message, line, column)


def scan(text: str) -> Scan:
    """Find the tokens, the comments and the GO lines of a script.

    A GO line has GO as its first non-blank token, outside strings, names and comments, and behind it nothing but a
    count and comments that end on the same line. Raises ScriptError for a string, a name or a comment that is not
    closed.
    """
    return _Scanner(text).scan()


class _Scanner:
    """One pass over a text: a handler for each kind of token, which says where the next one begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.length = len(text)
        self.found = Scan(text)
        self.at = 0

    def scan(self) -> Scan:
        match = _TOKEN.match
        text = self.text
        while self.at < self.length:
            hit = match(text, self.at)
            if hit is None:  # not reachable: the last alternatives take any character and the end
                raise _error(text, self.at, "this character cannot be read")
            self.at = _HANDLERS[hit.lastgroup or "bad"](self, hit)
        return self.found

    def _add(self, kind: int, start: int, end: int, key: str = "") -> int:
        self.found.tokens.append(Token(kind, self.text[start:end], start, end, key))
        return end

    def _first_of_line(self, start: int) -> bool:
        at = self.at
        return at == 0 or self.text.find("\n", at, start) >= 0 or self.text[at - 1] == "\n"

    def _word(self, hit: re.Match[str]) -> int:
        start, end = hit.span("word")
        word = self.text[start:end]
        key = word.upper() if word.isascii() else keyword(word)
        if key == "GO" and self._first_of_line(start):
            return self._go(start, end)
        return self._add(WORD, start, end, key)

    def _go(self, start: int, end: int) -> int:
        tail = _COUNT.match(self.text, end)
        at = tail.end() if tail is not None else end
        comments: list[Comment] = []
        while comment := _GO_COMMENT.match(self.text, at):
            at = _block_end(self.text, at) if comment.group(1) else comment.end()
            text = self.text[comment.start() : at]
            if "\n" in text:
                return self._add(BAD, start, end)
            comments.append(Comment(text, comment.start(), at))
            at = self._behind_spaces(at)
        if at < self.length and self.text[at] != "\n":
            return self._add(BAD, start, end)
        behind = min(at + 1, self.length)
        self.found.comments.extend(comments)
        repeat = tail.group(1) if tail is not None else None
        self.found.separators.append(Separator(len(self.found.tokens), start, behind, int(repeat or 1)))
        return behind

    def _behind_spaces(self, at: int) -> int:
        spaces = _SPACES.match(self.text, at)
        return spaces.end() if spaces is not None else at

    def _operator(self, hit: re.Match[str]) -> int:
        start, end = hit.span("op")
        key = self.text[start:end]
        if key in (":", "!") and self._first_of_line(start):
            self.found.directives.append(Token(OP, key, start, end, key))
        return self._add(OP, start, end, key)

    def _end(self, _hit: re.Match[str]) -> int:
        return self.length

    def _line_comment(self, hit: re.Match[str]) -> int:
        start, end = hit.span("line")
        comment = self.text[start:end]
        self.found.comments.append(Comment(comment, start, end))
        lone = comment.rstrip("\r").find("\r")
        if lone >= 0:
            self._add(BAD, start + lone, start + lone + 1)
        return end

    def _block_comment(self, hit: re.Match[str]) -> int:
        start = hit.start("block")
        end = _block_end(self.text, start)
        self.found.comments.append(Comment(self.text[start:end], start, end))
        return end

    def _string(self, hit: re.Match[str]) -> int:
        start, end = hit.span("str")
        if self.text.count("'", start, end) % 2:
            raise _error(self.text, start, "this string is not closed")
        return self._add(STRING, start, end)

    def _bracket(self, hit: re.Match[str]) -> int:
        start, end = hit.span("bracket")
        if self.text.count("]", start, end) % 2 == 0:
            raise _error(self.text, start, "this bracketed name is not closed")
        return self._add(QUOTED, start, end)

    def _quote(self, hit: re.Match[str]) -> int:
        start, end = hit.span("quote")
        if self.text.count('"', start, end) % 2:
            raise _error(self.text, start, "this quoted name is not closed")
        return self._add(QUOTED, start, end)

    def _number(self, hit: re.Match[str]) -> int:
        start, end = hit.span("num")
        if not (hit.group("glued") or hit.group("hexed")):
            return self._add(NUMBER, start, end)
        # 1EXEC is 1 and EXEC, or 1E and XEC: refused, and read in the way that hides less
        rest = _GLUED.match(self.text, end - 1)
        glued = rest is not None and rest.group().upper() in _GLUED_WORDS
        return self._add(BAD, start, end - 1 if glued else end)

    def _variable(self, hit: re.Match[str]) -> int:
        return self._add(VARIABLE, *hit.span("var"))

    def _bad(self, hit: re.Match[str]) -> int:
        return self._add(BAD, *hit.span("bad"))


_HANDLERS: dict[str, Callable[[_Scanner, re.Match[str]], int]] = {
    "word": _Scanner._word,
    "op": _Scanner._operator,
    "end": _Scanner._end,
    "line": _Scanner._line_comment,
    "block": _Scanner._block_comment,
    "str": _Scanner._string,
    "bracket": _Scanner._bracket,
    "quote": _Scanner._quote,
    "num": _Scanner._number,
    "glued": _Scanner._number,
    "hexed": _Scanner._number,
    "var": _Scanner._variable,
    "bad": _Scanner._bad,
}


def string_value(token: Token) -> str:
    """What a string or quoted name stands for."""
    text = token.text
    if token.kind == STRING:
        body = text[2:-1] if text[0] in "nN" else text[1:-1]
        return body.replace("''", "'")
    if token.kind == QUOTED:
        if text[0] == "[":
            return text[1:-1].replace("]]", "]")
        return text[1:-1].replace('""', '"')
    return text


def string_readings(token: Token) -> list[str]:
    """All the texts that a literal may stand for on a server.

    A backslash before a line end continues a literal, and a literal without N is converted to a code page, which turns
    full-width letters and typographic quotes into plain ones. A statement must not hide in either reading.
    """
    value = string_value(token)
    readings = [value]
    if "\\" in value:
        joined = _CONTINUATION.sub("", value)
        if joined != value:
            readings.append(joined)
    if not value.isascii() and not token.text.startswith(("N", "n")):
        for reading in list(readings):
            folded = unicodedata.normalize("NFKC", reading.translate(_BEST_FIT))
            if folded != reading:
                readings.append(folded)
    return readings


_BEST_FIT = {
    0x02B9: "'",
    0x02BC: "'",
    0x02C8: "'",
    0x2018: "'",
    0x2019: "'",
    0x201A: "'",
    0x201B: "'",
    0x2032: "'",
    0x2035: "'",
    0x2010: "-",
    0x2011: "-",
    0x2012: "-",
    0x2013: "-",
    0x2014: "-",
    0x2212: "-",
    0x2044: "/",
    0x2215: "/",
}
