# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmd.exe: its switches, its quotes, and running what a line says."""

from __future__ import annotations

import re
from functools import partial

from ... import argv
from ...drive import Refused
from ...process import Context, Input, Output, Unsimulated
from . import builtins
from .syntax import Chain, For, If, Node, Parser, Redirect, Simple, SyntaxProblem, expand, substitute

_SPECIAL = set("&<>()@^|")

_MOST_CHARACTERS = 8191


class Exit(Exception):
    """The exit builtin."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def run(context: Context) -> int:
    """cmd.exe /C line"""
    rest = _behind_program(context.line)
    simple_quotes = False
    while True:
        rest = rest.lstrip()
        match = re.match(r"/([a-z])(:on|:off)?", rest, re.IGNORECASE)
        if not match:
            raise Unsimulated("cmd.exe without /C: there is no console")
        switch = match[1].lower()
        rest = rest[match.end() :]
        if switch == "c":
            break
        if switch == "s":
            simple_quotes = True
        elif switch not in ("d", "q", "e", "a", "v"):
            raise Unsimulated(f"cmd.exe: switch /{match[1]}")
    line = _unquote(rest.strip(), simple_quotes)
    if len(line) > _MOST_CHARACTERS:
        context.err("The command line is too long.\r\n")
        return 1
    try:
        node = Parser(expand(line, context.env)).parse()
        return Runner(context).run(node)
    except SyntaxProblem as problem:
        context.err(f"{problem}\r\n")
        return 1
    except Exit as end:
        return end.code


def _behind_program(line: str) -> str:
    line = line.lstrip()
    if line.startswith('"'):
        return line[line.find('"', 1) + 1 :]
    return line.partition(" ")[2]


def _unquote(line: str, always: bool) -> str:
    """Whether the first and the last quote are removed, by the rule of `help cmd`."""
    if not line.startswith('"'):
        return line
    keeps = (
        not always
        and line.count('"') == 2
        and not _SPECIAL & set(line)
        and line.endswith('"')
        and " " in line
        and line[1:-1].lower().endswith((".exe", ".com"))
    )
    if keeps:
        return line
    last = line.rfind('"')
    return line[1:last] + line[last + 1 :] if last > 0 else line[1:]


class Runner:
    """Runs the nodes of a line."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._code = 0

    def run(self, node: Node) -> int:
        self._context.check()
        if isinstance(node, Simple):
            self._code = self._simple(node)
        elif isinstance(node, If):
            self._code = self._if(node)
        elif isinstance(node, For):
            self._for(node)
        else:
            self._code = self._chain(node)
        return self._code

    def _chain(self, node: Chain) -> int:
        if node.operator == "|":
            return self._pipe(node)
        code = self.run(node.left)
        if (node.operator == "&&" and code) or (node.operator == "||" and not code):
            return code
        return self.run(node.right)

    def _pipe(self, node: Chain) -> int:
        """The left command runs to its end first; its output is then the right one's input."""
        outer = self._context
        collected = Output(lambda: None)
        left = outer.with_line(outer.argv, outer.line)
        left.stdout = collected
        Runner(left).run(node.left)
        right = outer.with_line(outer.argv, outer.line)
        right.stdin = Input()
        right.stdin.feed(collected.take(len(collected)))
        right.stdin.end()
        return Runner(right).run(node.right)

    def _if(self, node: If) -> int:
        kind = node.test[0]
        if kind == "exist":
            holds = builtins.exists(self._context, node.test[1].replace('"', ""))
        elif kind == "errorlevel":
            holds = self._code >= int(node.test[1])
        elif kind == "defined":
            holds = node.test[1].upper() in self._context.env
        else:
            holds = node.test[1] == node.test[2]
        if holds != node.negated:
            return self.run(node.then)
        return self.run(node.otherwise) if node.otherwise is not None else self._code

    def _for(self, node: For) -> None:
        """The body once for each line that the source prints; empty lines and those that begin with ; are left out."""
        outer = self._context
        collected = Output(lambda: None)
        source = outer.with_line(outer.argv, outer.line)
        source.stdout = collected
        Runner(source).run(node.source)
        text = collected.take(len(collected)).decode(source.encoding, "replace")
        for line in text.split("\r\n"):
            if line and not line.startswith(";"):
                self.run(substitute(node.body, partial(self._put, node.variable, line)))

    def _put(self, variable: str, value: str, words: str) -> str:
        use = re.compile(rf"%(~[a-z]*)?{variable}")
        return use.sub(lambda match: self._variable(match, value), words)

    def _variable(self, match: re.Match[str], value: str) -> str:
        if not match[1]:
            return value
        return builtins.of_file(self._context, match[1][1:].lower(), value)

    def _simple(self, node: Simple) -> int:
        context = self._context.with_line(argv.split(node.text), node.text)
        files: list[tuple[Output, Redirect]] = []
        try:
            self._redirect(context, node.redirects, files)
            code = self._builtin_or_program(context, node.text)
        except Refused as refused:
            context.err(refused.text + "\r\n")
            code = 1
        finally:
            self._context.cwd = context.cwd
            self._context.codepage = context.codepage
        return self._write_files(files) or code

    def _builtin_or_program(self, context: Context, text: str) -> int:
        from ... import programs  # it lists this program among the others

        name, rest = builtins.split_name(text)
        if name == "exit":
            words = [word for word in rest.split() if word.lower() != "/b"]
            raise Exit(int(words[0]) if words else self._code)
        if name in builtins.BUILTINS:
            return builtins.BUILTINS[name](context, rest)
        try:
            program = programs.find(context)
        except programs.NoSuchProgram:
            context.err(
                f"'{context.argv[0]}' is not recognized as an internal or external command,\r\n"
                "operable program or batch file.\r\n"
            )
            return 1
        return programs.run(program, context)

    def _redirect(self, context: Context, redirects: list[Redirect], files: list[tuple[Output, Redirect]]) -> None:
        for redirect in redirects:
            if redirect.operator == ">&":
                if redirect.handle == 2 and redirect.target == "1":
                    context.stderr = context.stdout
                elif redirect.handle == 1 and redirect.target == "2":
                    context.stdout = context.stderr
                else:
                    raise Unsimulated(f"cmd.exe: {redirect.handle}>&{redirect.target}")
            elif redirect.operator == "<":
                source = Input()
                if redirect.target.lower() != "nul":
                    local = context.machine.drive.local(redirect.target, context.cwd)
                    if not local.is_file():
                        raise Refused(2, "The system cannot find the file specified.")
                    source.feed(local.read_bytes())
                source.end()
                context.stdin = source
            else:
                sink = Output(lambda: None)
                if redirect.handle == 2:
                    context.stderr = sink
                else:
                    context.stdout = sink
                if redirect.target.lower() != "nul":
                    files.append((sink, redirect))

    def _write_files(self, files: list[tuple[Output, Redirect]]) -> int:
        drive = self._context.machine.drive
        for sink, redirect in files:
            try:
                local = drive.local(redirect.target, self._context.cwd)
                before = local.read_bytes() if redirect.operator == ">>" and local.is_file() else b""
                with drive.writer(local) as file:
                    file.write(before + sink.take(len(sink)))
            except Refused as refused:
                self._context.err(refused.text + "\r\n")
                return 1
        return 0
