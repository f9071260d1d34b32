# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd's command line: a verb, an object, perhaps an identifier, and options."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...process import Unsimulated

OBJECTS = {
    "app": "APP", "apps": "APP",
    "apppool": "APPPOOL", "apppools": "APPPOOL",
    "config": "CONFIG",
    "module": "MODULE", "modules": "MODULE",
    "request": "REQUEST", "requests": "REQUEST",
    "site": "SITE", "sites": "SITE",
    "vdir": "VDIR", "vdirs": "VDIR",
    "wp": "WP", "wps": "WP",
}  # fmt: skip


class Failure(Exception):
    """appcmd prints this text and ends with this code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Words:
    """The parts of a command line. Options keep their order, and their names keep their case."""

    verb: str
    kind: str
    identifier: str | None
    options: list[tuple[str, str | None]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def take(self, name: str) -> str | None:
        """The value of an option ("" when it has none), or None without it."""
        wanted = name.lower()
        for option, value in self.options:
            if option.lower() == wanted:
                self.used.add(option.lower())
                return value or ""
        return None

    def rest(self) -> list[tuple[str, str | None]]:
        """The options that were not read yet."""
        return [(name, value) for name, value in self.options if name.lower() not in self.used]

    def refuse_rest(self) -> None:
        for name, _unused in self.rest():
            raise Unsimulated(f"appcmd {self.verb} {self.kind}: option /{name}")


def parse(arguments: list[str]) -> Words:
    """Raises Failure as appcmd would, Unsimulated for what only the lab does not know."""
    positional: list[str] = []
    options: list[tuple[str, str | None]] = []
    for word in arguments:
        if word.startswith(("/", "-")) and len(word) > 1:
            name, colon, value = _split_option(word[1:])
            options.append((name, value if colon else None))
        else:
            positional.append(word)
    if len(positional) < 2:
        if not positional:
            raise Unsimulated("appcmd without a command")
        raise Failure(87, f"ERROR ( message:The command '{positional[0]}' needs an object. )")
    kind = OBJECTS.get(positional[1].lower())
    if kind is None:
        raise Failure(
            87,
            f'ERROR ( message:Object "{positional[1].upper()}" is not supported.  '
            "Run 'appcmd.exe /?' to display supported objects. )",
        )
    if len(positional) > 3:
        raise Failure(87, f'ERROR ( message:Unexpected argument "{positional[3]}". )')
    return Words(positional[0].lower(), kind, positional[2] if len(positional) > 2 else None, options)


def _split_option(text: str) -> tuple[str, str, str]:
    """Name and value are parted by the first colon outside of brackets."""
    depth = 0
    quoted = False
    for index, character in enumerate(text):
        if character == "'":
            quoted = not quoted and depth > 0
        elif quoted:
            continue
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == ":" and depth <= 0:
            return text[:index], ":", text[index + 1 :]
    return text, "", ""
