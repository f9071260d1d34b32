# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""tar.exe: bsdtar as Windows has it. It unpacks tar and zip, from a file and from standard input."""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...drive import Refused, Room, invalid_name
from ...process import Context, Unsimulated
from .archive import BadArchive, Entry, entries

_PART = 1 << 18
_SPOOL = 8 << 20


@dataclass
class Options:
    """What tar was asked to do."""

    mode: str = ""
    file: str | None = None
    directory: str = "."
    verbose: bool = False
    keep: bool = False
    strip: int = 0
    patterns: list[str] = field(default_factory=list)


def run(context: Context) -> int:
    if context.arguments == ["--version"]:
        context.out("bsdtar 3.3.2 - libarchive 3.3.2 zlib/1.2.5.f-ipp\r\n")
        return 0
    options = _parse(context)
    if isinstance(options, int):
        return options
    if options.mode == "c":
        return _create(context, options)
    try:
        with _open(context, options) as source:
            return _list(context, options, source) if options.mode == "t" else _extract(context, options, source)
    except BadArchive as bad:
        context.err(f"tar.exe: {bad}\r\n")
        return 1
    except Refused as refused:
        context.err(f"tar.exe: could not chdir to '{options.directory}': {refused.text}\r\n")
        return 1


def _parse(context: Context) -> Options | int:
    options = Options()
    words = list(context.arguments)
    if words and not words[0].startswith("-"):
        words[0] = "-" + words[0]
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            _long_option(options, word, words)
        elif word.startswith("-") and word != "-":
            failed = _cluster(context, options, word[1:], words)
            if failed:
                return failed
        else:
            options.patterns.append(word)
    if options.patterns and options.mode != "c":
        raise Unsimulated("tar: names of members")
    if not options.mode:
        context.err("tar.exe: Must specify one of -c, -r, -t, -u, -x\r\n")
        return 1
    return options


def _long_option(options: Options, word: str, words: list[str]) -> None:
    name, equals, value = word[2:].partition("=")
    if name == "strip-components":
        options.strip = int(value if equals else words.pop(0))
    elif name in ("extract", "list"):
        options.mode = {"extract": "x", "list": "t"}[name]
    elif name in ("file", "directory"):
        setattr(options, name, value if equals else words.pop(0))
    else:
        raise Unsimulated(f"tar: option {word}")


def _cluster(context: Context, options: Options, letters: str, words: list[str]) -> int:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in "cxt":
            options.mode = letter
        elif letter == "v":
            options.verbose = True
        elif letter == "k":
            options.keep = True
        elif letter in "moz":
            pass
        elif letter in "fC":
            value = letters or (words.pop(0) if words else None)
            letters = ""
            if value is None:
                context.err(f"tar.exe: Option -{letter} requires an argument\r\n")
                return 1
            if letter == "f":
                options.file = value
            else:
                options.directory = value
        else:
            raise Unsimulated(f"tar: option -{letter}")
    return 0


def _open(context: Context, options: Options) -> IO[bytes]:
    if options.file is None:
        raise BadArchive("Error opening archive: Failed to open '\\\\.\\tape0'")
    if options.file == "-":
        spool = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115  the caller closes it
        while part := context.stdin.read(_PART, context.cancelled):
            spool.write(part)
        spool.seek(0)
        return spool
    try:
        local = context.machine.drive.local(options.file, context.cwd)
        return local.open("rb")
    except (Refused, OSError):
        raise BadArchive(f"Error opening archive: Failed to open '{options.file}'") from None


def _create(context: Context, options: Options) -> int:
    """An uncompressed archive of a directory, to standard output."""
    if options.file != "-" or options.patterns != ["."]:
        raise Unsimulated("tar -c other than tar -cf - -C DIRECTORY .")
    base = context.machine.drive.local(options.directory, context.cwd)
    if not base.is_dir():
        context.err(f"tar.exe: could not chdir to '{options.directory}'\r\n")
        return 1
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(base, arcname=".")
    context.stdout.write(buffer.getvalue())
    return 0


def _list(context: Context, options: Options, source: IO[bytes]) -> int:
    for entry in entries(source):
        context.check()
        if options.verbose:
            stamp = time.strftime("%b %d %H:%M", time.gmtime(entry.modified))
            letter = {"file": "-", "directory": "d"}.get(entry.kind, "l")
            target = f" -> {entry.target}" if entry.kind == "link" else ""
            mode = "rwxrwxr-x" if letter != "-" else "rw-rw-r--"
            context.out(f"{letter}{mode}  0 0      0  {entry.size:>10} {stamp} {entry.name}{target}\r\n")
        else:
            context.out(entry.name + "\r\n")
    return 0


def _extract(context: Context, options: Options, source: IO[bytes]) -> int:
    """Unpack. A member that cannot be written is reported and skipped; the members behind it are still unpacked."""
    drive = context.machine.drive
    base = drive.local(options.directory, context.cwd)
    if not base.is_dir():
        context.err(f"tar.exe: could not chdir to '{options.directory}'\r\n")
        return 1
    where = drive.windows(base)
    room = drive.room()
    failed = False
    try:
        for entry in entries(source):
            context.check()
            try:
                name = _safe_name(entry.name, options.strip)
                if name is None:
                    continue
                if options.verbose:
                    context.err(f"x {name}\r\n")
                _write(context, entry, drive.local(name, where, long=True), options.keep, room)
            except Refused as refused:
                context.err(f"{entry.name}: {refused.text}\r\n")
                failed = True
            except OSError as error:  # the file system behind the drive is full, or takes no such name
                context.err(f"{entry.name}: {error.strerror}\r\n")
                failed = True
    except BadArchive as bad:
        context.err(f"tar.exe: {bad}\r\n")
        failed = True
    if failed:
        context.err("tar.exe: Error exit delayed from previous errors.\r\n")
    return 1 if failed else 0


def _safe_name(name: str, strip: int) -> str | None:
    """The path below the target directory; None when nothing is left of it."""
    text = name.replace("\\", "/")
    if len(text) > 1 and text[1] == ":":
        text = text[2:]
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused(1, "Path contains '..'")
    if any(":" in part for part in parts):
        raise invalid_name()
    parts = parts[strip:]
    return "\\".join(parts) or None


def _write(context: Context, entry: Entry, local: Path, keep: bool, room: Room) -> None:
    if entry.kind == "link":
        raise Refused(1314, "Can't create link: A required privilege is not held by the client.")
    if entry.kind == "directory":
        if local.exists() and not local.is_dir():
            raise Refused(183, "Can't create directory: File exists")
        local.mkdir(parents=True, exist_ok=True)
        return
    local.parent.mkdir(parents=True, exist_ok=True)
    if local.exists():
        if keep:
            return
        if context.machine.drive.is_held(local):
            raise Refused(5, "Can't unlink already-existing object: Permission denied")
    try:
        with context.machine.drive.writer(local, room) as file, entry.open() as source:
            while part := source.read(_PART):
                context.check()
                file.write(part)
    except Refused as refused:
        if refused.code == 112:
            raise Refused(112, "Write failed: No space left on device") from refused
        raise
