# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release's zip file, unpacked without leaving its directory. Private to this collection."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from .._text import unsafe_character
from .errors import ReleaseError

MOST_ENTRIES = 20_000
# struct.error and ValueError: a directory of entries that says what cannot be.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip
_CHUNK_BYTES = 1024 * 1024
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 0x1


def check_zip(file: Path) -> None:
    """Check by its content that a web artifact is a zip file that nodes can unpack. Raises ReleaseError.

    Its entries are the nodes' matter: they list them before they unpack.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            encrypted = [entry.filename for entry in archive.infolist() if entry.flag_bits & _ENCRYPTED]
    except (*_DAMAGED, OSError) as error:
        raise ReleaseError(f"{file} is not a zip file, whatever its name says: {error}.") from None
    if encrypted:
        raise ReleaseError(f"{file} is encrypted ({encrypted[0]!r}), so no node could unpack it.")


def unpack(file: Path, directory: Path, most_bytes: int) -> None:
    """Unpack a zip file into an empty directory. Raises ReleaseError; what was unpacked by then stays there.

    `most_bytes` bounds what is written: zipfile reads no more of an entry than the size that the archive states for it,
    and compares its CRC then.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for entry, target in _targets(archive, file, most_bytes):
                if entry.is_dir():
                    (directory / target).mkdir(parents=True, exist_ok=True)
                else:
                    _write(archive, entry, directory / target)
    except _DAMAGED as error:
        raise ReleaseError(f"{file} is not a zip file that can be unpacked: {error}.") from None
    except OSError as error:
        raise ReleaseError(f"{file} cannot be unpacked into {directory}: {error.strerror or error}.") from None


def _targets(archive: zipfile.ZipFile, file: Path, most_bytes: int) -> list[tuple[zipfile.ZipInfo, str]]:
    """The entries with their relative targets, all checked before the first one is written."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ReleaseError(f"{file} has {len(entries)} entries, expected are at most {MOST_ENTRIES}.")
    size = sum(entry.file_size for entry in entries)
    if size > most_bytes:
        raise ReleaseError(f"{file} unpacks to {size} bytes, expected are at most {most_bytes} (max_size_mib).")
    found: dict[str, tuple[zipfile.ZipInfo, str]] = {}
    for entry in entries:
        reason = _objection(entry)
        if reason:
            raise ReleaseError(f"{file}: the entry {entry.filename!r} {reason}. Nothing was unpacked.")
        target = os.path.normpath(entry.filename)
        if target in found:
            raise ReleaseError(f"{file}: the entry {entry.filename!r} is in it twice. Nothing was unpacked.")
        found[target] = (entry, target)
    return list(found.values())


def _objection(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not unpacked; empty when it is."""
    name = entry.filename
    mode = entry.external_attr >> 16
    if not name:
        return "has no name"
    if name.startswith("/") or _DRIVE.match(name):
        return "is absolute"
    character = unsafe_character(name)
    if "\\" in name or character:
        return f"has {f'the control character {character}' if character else 'a backslash'} in its name"
    if ".." in name.split("/"):
        return "has .. in it and could leave the release's directory"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is neither a file nor a directory: links are not unpacked"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return ""


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as stream:
        shutil.copyfileobj(source, stream, _CHUNK_BYTES)
