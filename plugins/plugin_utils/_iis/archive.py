# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: what a release's listing may hold, and small archives made here for tar's standard input.

Private to the collection.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import IisError, RefusedValue
from .paths import is_device

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f:*?\"<>|]")
_DRIVE = re.compile(r"[A-Za-z]:")
_VERBOSE = re.compile(r"(\S)\S*\s+\S+\s+\S+\s+\S+\s+([0-9]{1,20})\s")


HEAD_BYTES = 8
"""How much of a file says what it is: signature, version and flags of the first entry of a zip file."""
_ZIP = "PK\x03\x04"
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Listing:
    """The content of an archive."""

    files: int
    unpacked_bytes: int


def check_name(name: str, what: str) -> str:
    """Check that a name is relative and stays below its directory; returned with / as separator."""
    plain = name.replace("\\", "/")
    if plain.startswith("/"):
        raise RefusedValue(f"The {what} {name!r} is absolute, a relative path is expected.")
    if _DRIVE.match(plain):
        raise RefusedValue(f"The {what} {name!r} begins with a drive letter, a relative path is expected.")
    for part in plain.split("/"):
        if part == "..":
            raise RefusedValue(f"The {what} {name!r} contains .. and could leave the directory of the release.")
        if _FORBIDDEN.search(part):
            raise RefusedValue(f"The {what} {name!r} has a character that Windows does not allow in a name.")
        if is_device(part):
            raise RefusedValue(f"The {what} {name!r} has the part {part!r}, which is a device name on Windows.")
        if part not in {"", "."} and part != part.rstrip(". "):
            raise RefusedValue(f"The {what} {name!r} has a part that ends in a dot or blank, which Windows removes.")
    return "/".join(part for part in plain.split("/") if part not in {"", "."})


def check_head(head: str) -> None:
    """Check the first bytes of a file, whatever its name says; raises IisError for anything but a plain zip file."""
    if not head.startswith(_ZIP) or len(head) < HEAD_BYTES:
        raise IisError("The artifact is not a zip file, whatever its name says: build it again as one.")
    if ord(head[6]) & _ENCRYPTED:
        raise IisError("The artifact is an encrypted zip file, which cannot be unpacked: build it again without.")


def inspect(names: str, verbose: str, reserved: str) -> Listing:
    """Check the two listings of tar (-t and -tv) before anything is unpacked; raises RefusedValue."""
    entries = [line.rstrip("\r") for line in names.split("\n") if line.strip("\r")]
    details = [line for line in verbose.split("\n") if line.strip()]
    if not entries:
        raise IisError("The archive is empty.")
    if len(entries) != len(details):
        raise IisError(f"The archive lists {len(entries)} names but {len(details)} entries: it cannot be checked.")
    seen: dict[str, str] = {}
    files = size = 0
    for name, detail in zip(entries, details):
        clean = check_name(name, "archive's entry")
        match = _VERBOSE.match(detail.strip())
        if not match or match[1] not in "-d":
            raise RefusedValue(f"The archive's entry {name!r} is not a file or directory: links are not unpacked.")
        if match[1] == "d" or not clean or name.endswith(("/", "\\")):
            continue
        key = clean.casefold()
        if key in seen:
            raise RefusedValue(f"The archive has {seen[key]!r} and {name!r}, which are one file on Windows.")
        if key == reserved.casefold():
            raise RefusedValue(f"The archive has {name!r}, which is the name of this collection's staging record.")
        seen[key] = name
        files += 1
        size += int(match[2])
    if not files:
        raise IisError("The archive contains no files.")
    return Listing(files, size)


def pack(files: Mapping[str, bytes], modified: int) -> bytes:
    """A tar of a few small files; their names are checked like those of an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(check_name(name, "name of a file"))
            entry.size = len(content)
            entry.mtime = modified
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
