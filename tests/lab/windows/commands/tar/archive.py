# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of tar and zip archives; the content decides which, not the file name."""

from __future__ import annotations

import lzma
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO


class BadArchive(Exception):
    """bsdtar says this of an archive it cannot read."""


@dataclass
class Entry:
    """One member: its name as it is in the archive, its kind (file, directory, link), and its bytes."""

    name: str
    kind: str
    open: Callable[[], Opened]
    size: int = 0
    modified: float = 0.0
    target: str = ""


class Opened:
    """A member's bytes; damaged ones raise BadArchive."""

    def __init__(self, source: IO[bytes] | None) -> None:
        self._source = source

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        if self._source is not None:
            self._source.close()

    def read(self, most: int) -> bytes:
        if self._source is None:
            return b""
        with _damage():
            return self._source.read(most)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise BadArchive(f"Truncated or damaged input: {error}") from error


def entries(source: IO[bytes]) -> Iterator[Entry]:
    """The members in the order of the archive."""
    head = source.read(4)
    source.seek(0)
    if head in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _zip(source)
    else:
        yield from _tar(source)


def _zip(source: IO[bytes]) -> Iterator[Entry]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise BadArchive("Truncated ZIP file header") from error
    with archive:
        for info in archive.infolist():
            name = info.orig_filename if "\\" in info.orig_filename else info.filename
            kind = "directory" if name.endswith(("/", "\\")) else "file"
            if stat.S_ISLNK(info.external_attr >> 16):
                kind = "link"
            if info.flag_bits & 1:
                raise BadArchive("Passphrase required for this entry")
            modified = time.mktime((*info.date_time, 0, 0, -1))
            yield Entry(name, kind, partial(_open_zip, archive, info), info.file_size, modified)


def _open_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Opened:
    with _damage():
        return Opened(archive.open(info))


def _open_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Opened:
    return Opened(archive.extractfile(info) if info.isfile() else None)


def _tar(source: IO[bytes]) -> Iterator[Entry]:
    try:
        archive = tarfile.open(fileobj=source, mode="r:*")  # noqa: SIM115  closed below
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise BadArchive("Error opening archive: Unrecognized archive format") from error
    with archive:
        while True:
            with _damage():
                info = archive.next()
            if info is None:
                return
            kind = "directory" if info.isdir() else "file" if info.isfile() else "link"
            yield Entry(
                info.name,
                kind,
                partial(_open_tar, archive, info),
                info.size,
                info.mtime,
                info.linkname,
            )
