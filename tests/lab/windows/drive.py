# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that simulates drive C: names are case-insensitive, its size is limited, files are in use."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ILLEGAL = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
MAX_PATH = 259
_DEFAULT_SIZE = 64 * 1024**3


class Refused(Exception):
    """An operation that Windows refuses, with its Win32 code and the English text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def file_not_found() -> Refused:
    return Refused(2, "The system cannot find the file specified.")


def path_not_found() -> Refused:
    return Refused(3, "The system cannot find the path specified.")


def access_denied() -> Refused:
    return Refused(5, "Access is denied.")


def in_use() -> Refused:
    return Refused(32, "The process cannot access the file because it is being used by another process.")


def disk_full() -> Refused:
    return Refused(112, "There is not enough space on the disk.")


def invalid_name() -> Refused:
    return Refused(123, "The filename, directory name, or volume label syntax is incorrect.")


def already_exists() -> Refused:
    return Refused(183, "Cannot create a file when that file already exists.")


def name_too_long() -> Refused:
    return Refused(206, "The filename or extension is too long.")


class Drive:
    """Drive C: of one host."""

    def __init__(self, root: Path, limit_bytes: int | None = None) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.limit_bytes = limit_bytes
        self._lock = threading.RLock()
        self._in_use: dict[Path, int] = {}

    # paths

    def normal(self, path: str, cwd: str = "C:\\") -> str:
        """The absolute form of a Windows path, with . and .. resolved: C:\\a\\b."""
        text = path.replace("/", "\\").removeprefix("\\\\?\\")
        if text.startswith("\\\\"):
            raise Refused(53, "The network path was not found.")
        drive = re.match(r"([A-Za-z]):", text)
        if drive and drive[1].upper() != "C":
            raise Refused(15, "The system cannot find the drive specified.")
        text = text[2:] if drive else text
        if not text.startswith("\\"):
            text = cwd[2:].rstrip("\\") + "\\" + text
        parts = _resolve(text.split("\\"))
        if any(_ILLEGAL.search(part) or _RESERVED.fullmatch(part) for part in parts):
            raise invalid_name()
        return "C:\\" + "\\".join(parts)

    def local(self, path: str, cwd: str = "C:\\", long: bool = False) -> Path:
        """Where a Windows path is on this machine: existing names are found without regard to case."""
        here = self.root
        normal = self.normal(path, cwd)
        if len(normal) > MAX_PATH and not long:
            raise name_too_long()
        parts = [part for part in normal[3:].split("\\") if part]
        for index, part in enumerate(parts):
            found = _entry(here, part)
            if found is None:
                return here.joinpath(*parts[index:])
            here = found
            if here.is_symlink() and self.root not in here.resolve().parents:
                raise access_denied()
        return here

    def windows(self, local: Path) -> str:
        """The Windows path of a file on this machine."""
        relative = local.relative_to(self.root)
        return "C:\\" + "\\".join(relative.parts)

    # space

    def total(self) -> int:
        if self.limit_bytes is not None:
            return self.limit_bytes
        return min(shutil.disk_usage(self.root).total, _DEFAULT_SIZE)

    def used(self) -> int:
        return sum(_size(path) for path in self.root.rglob("*"))

    def free(self) -> int:
        if self.limit_bytes is None:
            return min(shutil.disk_usage(self.root).free, _DEFAULT_SIZE)
        return max(self.limit_bytes - self.used(), 0)

    def room(self) -> Room:
        """What may still be written; a program that writes many files asks once."""
        return Room(self.free() if self.limit_bytes is not None else None)

    @contextmanager
    def writer(self, local: Path, room: Room | None = None) -> Iterator[Writer]:
        """A file opened for writing, from its beginning, that knows how much room the drive has."""
        self.refuse_in_use(local)
        if local.is_dir():
            raise access_denied()
        if not local.parent.is_dir():
            raise path_not_found()
        try:
            with local.open("wb") as file:
                yield Writer(file, room or self.room())
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise disk_full() from error
            raise

    # files in use

    def hold(self, directory: Path) -> None:
        """A process runs in the directory: what it loaded cannot be replaced or removed."""
        with self._lock:
            key = directory.resolve()
            self._in_use[key] = self._in_use.get(key, 0) + 1

    def release(self, directory: Path) -> None:
        with self._lock:
            key = directory.resolve()
            count = self._in_use.get(key, 0) - 1
            if count > 0:
                self._in_use[key] = count
            else:
                self._in_use.pop(key, None)

    def is_held(self, local: Path) -> bool:
        """Whether removing or renaming this file or directory would take it away from a running process."""
        with self._lock:
            held = list(self._in_use)
        target = local.resolve()
        for directory in held:
            if target == directory or target in directory.parents:
                return True
            if directory in target.parents and is_loaded(target):
                return True
        return False

    def refuse_in_use(self, local: Path) -> None:
        if self.is_held(local):
            raise in_use()


@dataclass
class Room:
    """Bytes that may still be written; None: as many as the file system behind the drive takes."""

    left: int | None


class Writer:
    """Counts what is written against the room that the drive has."""

    def __init__(self, file: IO[bytes], room: Room) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> None:
        left = self._room.left
        if left is not None:
            if len(data) > left:
                self._file.write(data[:left])
                self._room.left = 0
                raise disk_full()
            self._room.left = left - len(data)
        self._file.write(data)


def is_loaded(path: Path) -> bool:
    """Files that a running application keeps open: its programs and libraries."""
    return path.suffix.lower() in (".dll", ".exe", ".py", ".pyd")


def _resolve(parts: list[str]) -> list[str]:
    """The parts of a path without . and .., and without the trailing dots and blanks that Windows removes."""
    resolved: list[str] = []
    for part in parts:
        if part == "..":
            del resolved[-1:]
        elif part not in ("", "."):
            resolved.append(part.rstrip(" .") or part)
    return resolved


def _entry(directory: Path, name: str) -> Path | None:
    exact = directory / name
    if os.path.lexists(exact):
        return exact
    wanted = name.casefold()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.casefold() == wanted:
                    return directory / entry.name
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:
        return 0
