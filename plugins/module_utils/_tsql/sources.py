# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where scripts come from: files, directories, releases. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .._release.manifest import is_release
from .._release.reader import read_release
from .batches import ScriptError, decode_script, find_sqlcmd
from .findings import PHASES
from .lexer import Lines

_NUMBER = re.compile(r"[Vv]?(\d{1,18}(?:\.\d{1,18})*)")
_BATCH_SIZE = re.compile(r"^\s*--\s*migrate:\s*batch\s+(\d{1,7})\b", re.I | re.M)


class SourceError(Exception):
    """Something that should be read and cannot be: one sentence for the user."""


@dataclass
class Source:
    """A script's text, as it is sent, or why it cannot be read."""

    file: str
    phase: str
    text: str = ""
    failure: ScriptError | None = None
    checksum: str = ""
    """SHA-256 as the migrations' journal has it: of the text, its line ends made one kind, before variables are replaced."""


def order(name: str) -> tuple[int, tuple[int, ...], str]:
    """The order in which the migration engine runs scripts: by their number, then by name."""
    match = _NUMBER.match(name)
    if match:
        return 0, tuple(int(part) for part in match.group(1).split(".")), name
    return 1, (), name


def script_files(directory: str) -> list[str]:
    """The scripts directly in a directory, in their order. Scripts further down are refused: nothing would run them."""
    names = []
    for entry in sorted(os.scandir(directory), key=lambda one: one.name):
        if entry.is_dir():
            for base, _directories, files in os.walk(entry.path):
                if any(name.lower().endswith(".sql") for name in files):
                    raise SourceError(
                        f"{base} holds scripts, but only those directly in {directory} are run: move them there."
                    )
        elif entry.name.lower().endswith(".sql"):
            names.append(entry.name)
    return [os.path.join(directory, name) for name in sorted(names, key=order)]


def read_source(path: str, phase: str, variables: Mapping[str, str]) -> Source:
    """One script: decoded, its line ends made one kind, its sqlcmd variables replaced where they have a value."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise SourceError(f"{path} could not be read: {error.strerror}.") from None
    try:
        text = decode_script(data).replace("\r\n", "\n").replace("\r", "\n")
        checksum = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return Source(path, phase, substitute(text, variables), checksum=checksum)
    except ScriptError as error:
        return Source(path, phase, "", error)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(Name)`` as the migration engine does; what has no value stays, and is refused."""
    if "$(" not in text:
        return text
    known = {name.lower(): str(value) for name, value in variables.items()}
    batch = _BATCH_SIZE.search(text)
    if batch:
        known.setdefault("batchsize", batch.group(1))
    lines = Lines(text)
    parts: list[str] = []
    at = 0
    for use in find_sqlcmd(text):
        if use.kind != "variable":
            continue
        name = use.text[2:-1].lower()
        if name in known:
            start = lines.offset(use.line) + use.column - 1
            parts += [text[at:start], known[name]]
            at = start + len(use.text)
    parts.append(text[at:])
    return "".join(parts)


def find_sources(path: str, phase: str, variables: Mapping[str, str]) -> list[Source]:
    """The scripts that a path stands for: a file, a directory of scripts, the ``db`` directory above it, or a release.

    An empty phase stands for all: then the directory's sub-directories must be named after the phases.
    """
    if not os.path.exists(path):
        raise SourceError(f"{path} does not exist: name a script, a directory of scripts, or a release.")
    if os.path.isfile(path):
        return [read_source(path, phase or phase_of(path), variables)]
    if is_release(Path(path)):
        found = []
        for one, directory in read_release(Path(path)).database.items():
            if not phase or one == phase:
                found += [read_source(file, one, variables) for file in script_files(str(directory))]
        return found
    phases = [one for one in PHASES if os.path.isdir(os.path.join(path, one))]
    if phases:
        found = []
        for one in phases:
            if not phase or one == phase:
                found += [read_source(file, one, variables) for file in script_files(os.path.join(path, one))]
        return found
    return [read_source(file, phase or phase_of(file), variables) for file in script_files(path)]


def phase_of(path: str) -> str:
    """The phase that a script's directory is named after; expand, the strictest, for any other."""
    parent = os.path.basename(os.path.dirname(os.path.realpath(path))).lower()
    return parent if parent in PHASES else "expand"
