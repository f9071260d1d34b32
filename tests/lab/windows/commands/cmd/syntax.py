# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of cmd.exe: & && || | ( ) > < ^ and if, in the order that cmd.exe gives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Union

from ...process import Unsimulated

_OPERATORS = ("&&", "||", "&", "|", "(", ")")
_FOR = re.compile(
    r"""for\s+/f\s+"delims="\s+%(?P<variable>[a-z])\s+in\s+\('(?P<source>[^']*)'\)\s+do\b""", re.IGNORECASE
)
_REDIRECT = re.compile(r"([012]?)(>>|>&|>|<)")


class SyntaxProblem(Exception):
    """cmd.exe says that something was unexpected at this time."""


@dataclass
class Redirect:
    """One redirection: the handle, the operator and the target."""

    handle: int
    operator: str
    target: str


@dataclass
class Simple:
    """One command as it was written, without its redirections."""

    text: str
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Chain:
    """Two commands and what binds them: & && || or |."""

    left: Node
    operator: str
    right: Node


@dataclass
class If:
    """A conditional command."""

    negated: bool
    test: list[str]
    then: Node
    otherwise: Node | None


@dataclass
class For:
    """for /f "delims=" over the lines that a command prints."""

    variable: str
    source: Node
    body: Node


Node = Union[Simple, Chain, If, For]


def substitute(node: Node, change: Callable[[str], str]) -> Node:
    """The same command with its words changed. It is not parsed again: what a value has in it is no operator."""
    if isinstance(node, Simple):
        redirects = [replace(redirect, target=change(redirect.target)) for redirect in node.redirects]
        return Simple(change(node.text), redirects)
    if isinstance(node, If):
        otherwise = node.otherwise and substitute(node.otherwise, change)
        return If(node.negated, [change(word) for word in node.test], substitute(node.then, change), otherwise)
    if isinstance(node, Chain):
        return Chain(substitute(node.left, change), node.operator, substitute(node.right, change))
    raise Unsimulated("cmd.exe: for in for")


def expand(line: str, env: dict[str, str]) -> str:
    """%NAME% is replaced where the variable exists; on a command line the rest stays as it is."""
    low = {name.lower(): value for name, value in env.items()}

    def value(match: re.Match[str]) -> str:
        name, colon, _change = match[1].partition(":")
        if colon and name.lower() in low:
            raise Unsimulated(f"cmd.exe: the expansion {match[0]}")
        return low.get(match[1].lower(), match[0])

    return re.sub(r"%([^%\s]+)%", value, line)


class Parser:
    """Recursive descent over one line."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0

    def parse(self) -> Node:
        node = self._sequence()
        self._blanks()
        if self._at < len(self._line):
            raise SyntaxProblem(f"{self._line[self._at :].split()[0]} was unexpected at this time.")
        return node

    def _sequence(self) -> Node:
        node = self._level(("||",), lambda: self._level(("&&",), self._pipe))
        while self._take("&"):
            self._blanks()
            if self._at >= len(self._line) or self._line[self._at] == ")":
                break
            node = Chain(node, "&", self._level(("||",), lambda: self._level(("&&",), self._pipe)))
        return node

    def _level(self, operators: tuple[str, ...], inner: Callable[[], Node]) -> Node:
        node: Node = inner()
        while (found := self._operator()) in operators:
            self._at += len(found)
            node = Chain(node, found, inner())
        return node

    def _pipe(self) -> Node:
        node = self._command()
        while self._operator() == "|":
            self._at += 1
            node = Chain(node, "|", self._command())
        return node

    def _operator(self) -> str:
        self._blanks()
        return next((o for o in _OPERATORS if self._line.startswith(o, self._at)), "")

    def _take(self, operator: str) -> bool:
        if self._operator() != operator:
            return False
        self._at += len(operator)
        return True

    def _blanks(self) -> None:
        while self._at < len(self._line) and self._line[self._at] in " \t,;=":
            self._at += 1

    def _command(self) -> Node:
        self._blanks()
        while self._line.startswith("@", self._at):
            self._at += 1
        if self._take("("):
            node = self._sequence()
            if not self._take(")"):
                raise SyntaxProblem("The syntax of the command is incorrect.")
            return node
        if re.match(r"if\b", self._line[self._at :], re.IGNORECASE):
            return self._if()
        if re.match(r"for\b", self._line[self._at :], re.IGNORECASE):
            return self._for()
        return self._simple()

    def _word(self) -> str:
        self._blanks()
        start = self._at
        quoted = False
        while self._at < len(self._line):
            c = self._line[self._at]
            if c == '"':
                quoted = not quoted
            elif not quoted and (c in " \t" or c in "&|()"):
                break
            self._at += 1
        return self._line[start : self._at]

    def _if(self) -> Node:
        self._at += 2
        negated = False
        word = self._word()
        if word.lower() == "/i":
            raise Unsimulated("cmd.exe: if /i")
        if word.lower() == "not":
            negated, word = True, self._word()
        low = word.lower()
        if low in ("exist", "errorlevel", "defined"):
            test = [low, self._word()]
        elif "==" in word:
            left, _unused, right = word.partition("==")
            test = ["==", left, right or self._word()]
        else:
            raise Unsimulated(f"cmd.exe: if {word}")
        grouped = self._operator() == "("
        then = self._command()
        otherwise: Node | None = None
        self._blanks()
        if re.match(r"else\b", self._line[self._at :], re.IGNORECASE):
            self._at += 4
            otherwise = self._command()
        elif not grouped and (found := self._operator()) not in ("", ")"):
            self._at += len(found)  # without brackets everything that follows belongs to the condition
            then = Chain(then, found, self._sequence())
        return If(negated, test, then, otherwise)

    def _for(self) -> Node:
        match = _FOR.match(self._line, self._at)
        if not match:
            raise Unsimulated(f"cmd.exe: {self._line[self._at :]}")
        self._at = match.end()
        return For(match["variable"], Parser(match["source"]).parse(), self._command())

    def _simple(self) -> Simple:
        text: list[str] = []
        redirects: list[Redirect] = []
        quoted = False
        while self._at < len(self._line):
            c = self._line[self._at]
            if c == '"':
                quoted = not quoted
            elif not quoted:
                if c == "^":
                    self._at += 1
                    text.append(self._line[self._at : self._at + 1])
                    self._at += 1
                    continue
                redirect = _REDIRECT.match(self._line, self._at)
                if redirect and (not redirect[1] or not text or text[-1] in " \t"):
                    redirects.append(self._redirect(redirect))
                    continue
                if c in "&|)":
                    break
            text.append(c)
            self._at += 1
        simple = Simple("".join(text).lstrip(), redirects)
        if not simple.text.strip():
            raise SyntaxProblem("The syntax of the command is incorrect.")
        return simple

    def _redirect(self, match: re.Match[str]) -> Redirect:
        self._at = match.end()
        operator = match[2]
        handle = int(match[1]) if match[1] else (0 if operator == "<" else 1)
        if operator == ">&":
            target = self._line[self._at : self._at + 1]
            self._at += 1
        else:
            target = self._word()
        if not target:
            raise SyntaxProblem("The syntax of the command is incorrect.")
        return Redirect(handle, operator, target.replace('"', ""))
