# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where scripts come from: files, directories, releases. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .batches import ScriptError, decode_script, find_sqlcmd
from .findings import PHASES
from .lexer import Lines

_NUMBER = re.compile(r"[Vv]?(\d{1,18}(?:\.\d{1,18})*)")
_BATCH_SIZE = re.compile(r"^\s*--\s*migrate:\s*batch\s+(\d{1,7})\b", re.I | re.M)
RELEASE_FILES = ("release.yml", "release.yaml")


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


@dataclass
class Release:
    """What a release says about itself."""

    path: str
    app: str = ""
    version: str = ""
    uses: list[str] = field(default_factory=list)
    database: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.version or os.path.basename(self.path)


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


def is_release(path: str) -> bool:
    return any(os.path.isfile(os.path.join(path, name)) for name in RELEASE_FILES)


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
    if is_release(path):
        release = read_release(path)
        found = []
        for one in [phase] if phase else PHASES:
            directory = os.path.join(path, release.database.get(one, f"db/{one}"))
            if os.path.isdir(directory):
                found += [read_source(file, one, variables) for file in script_files(directory)]
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


# -- release.yml


def read_release(path: str) -> Release:
    """A release's own file: the directory that holds it, or the file."""
    directory = path
    file = path
    if os.path.isdir(path):
        file = next(
            (os.path.join(path, name) for name in RELEASE_FILES if os.path.isfile(os.path.join(path, name))), ""
        )
        if not file:
            raise SourceError(f"{path} holds no release.yml.")
    else:
        directory = os.path.dirname(path) or "."
    try:
        with open(file, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} could not be read: {error}.") from None
    values = _parse(text, file)
    uses = values.get("uses", [])
    database = values.get("database", {})
    if not isinstance(uses, list):
        raise SourceError(f"{file}: uses is expected to be a list of names such as dbo.spFindAllThings.")
    if not isinstance(database, dict):
        raise SourceError(f"{file}: database is expected to name the directories of the phases.")
    return Release(
        directory,
        str(values.get("app", "")),
        str(values.get("version", "")),
        [str(one) for one in uses],
        {str(key): str(value) for key, value in database.items()},
    )


_KEY = re.compile(r"^(?P<key>[A-Za-z_][\w\-]*)\s*:(?:\s+(?P<rest>.*))?$")
_READ = ("app", "version", "uses", "database")


def _parse(text: str, file: str) -> dict[str, object]:
    """The four keys that the linter wants, out of YAML: scalars, flat lists and flat mappings, in block or flow style.

    The standard library has no YAML; what is in no such form is refused rather than guessed.
    """
    values: dict[str, object] = {}
    lines = [_uncommented(line) for line in text.splitlines()]
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line.strip() or line.startswith(("---", "...", "%")) or line[0] in " \t-":
            continue
        match = _KEY.match(line)
        if match is None:
            continue
        key, rest = match.group("key"), (match.group("rest") or "").strip()
        block = []
        while at < len(lines) and (not lines[at].strip() or lines[at][0] in " \t-"):
            if lines[at].strip():
                block.append(lines[at])
            at += 1
        if key not in _READ:
            continue
        if rest.startswith(("[", "{")):
            rest = " ".join([rest, *(one.strip() for one in block)])
            values[key] = _flow(rest, file, key)
        elif rest:
            values[key] = _scalar(rest)
        else:
            values[key] = _block(block, file, key)
    return values


def _uncommented(line: str) -> str:
    quote = ""
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at].rstrip()
    return line.rstrip()


def _scalar(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _flow(text: str, file: str, key: str) -> object:
    inner = text[1:-1]
    if text[-1] != {"[": "]", "{": "}"}[text[0]] or any(mark in inner for mark in "{}"):
        raise SourceError(
            f"{file}: {key} is in a form that the linter does not read: write it as a plain list or mapping."
        )
    pieces = [piece.strip() for piece in _pieces(inner)]
    if text[0] == "[":
        return [_scalar(piece) for piece in pieces if piece]
    mapping = {}
    for piece in pieces:
        if piece:
            name, _colon, value = piece.partition(":")
            mapping[_scalar(name)] = _scalar(value)
    return mapping


def _pieces(text: str) -> Sequence[str]:
    """Parts between commas, commas in quotes aside."""
    pieces = [""]
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == ",":
            pieces.append("")
            continue
        pieces[-1] += character
    return pieces


def _block(block: Sequence[str], file: str, key: str) -> object:
    if not block:
        return []
    entries = [line.strip() for line in block]
    if all(entry.startswith("- ") for entry in entries):
        return [_scalar(entry[2:]) for entry in entries]
    mapping = {}
    for entry in entries:
        match = _KEY.match(entry)
        if match is None or entry.startswith("-"):
            raise SourceError(
                f"{file}: {key} is in a form that the linter does not read: write it as a plain list or mapping."
            )
        mapping[match.group("key")] = _scalar(match.group("rest") or "")
    return mapping
