# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines taken apart as Windows programs do it: CommandLineToArgvW and the C runtime."""

from __future__ import annotations


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
    """The arguments behind the program's name: 2n backslashes before a quote are n, an odd one escapes the quote."""
    arguments: list[str] = []
    current: list[str] = []
    inside = started = False
    i = 0
    while i < len(text):
        c = text[i]
        if c == "\\":
            run = i
            while i < len(text) and text[i] == "\\":
                i += 1
            count = i - run
            started = True
            if i < len(text) and text[i] == '"':
                current.append("\\" * (count // 2))
                if count % 2:
                    current.append('"')
                    i += 1
            else:
                current.append("\\" * count)
            continue
        if c == '"':
            started = True
            if inside and i + 1 < len(text) and text[i + 1] == '"':
                current.append('"')
                i += 2
                continue
            inside = not inside
        elif c in " \t" and not inside:
            if started:
                arguments.append("".join(current))
            current, started = [], False
        else:
            started = True
            current.append(c)
        i += 1
    if started:
        arguments.append("".join(current))
    return arguments
