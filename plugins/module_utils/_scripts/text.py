# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a script: encoding, line ends, checksum. Private to this collection."""

from __future__ import annotations

import codecs
import hashlib
import pathlib
import stat

from .errors import PathError, ScriptError

UTF_8 = "utf-8"
ENCODINGS = (UTF_8, "cp1250", "cp1251", "cp1252")
"""What scripts without a byte order mark may be in; the code pages are those of Windows, as SSMS saves them."""
MOST_BYTES = 16 * 1024 * 1024
"""Of one script."""
_SAVE = "save it as UTF-8, or as UTF-16 with a byte order mark"


def read_bytes(path: str) -> bytes:
    """The file's bytes. Raises PathError, and ScriptError for a link, which may lead out of the release, and a pipe."""
    file = pathlib.Path(path)
    try:
        mode = file.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise ScriptError(
                "the file is a symbolic link: put the script itself into its place, a release is complete"
            )
        if not stat.S_ISREG(mode):
            raise ScriptError("this is not a regular file: remove it")
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise PathError(f"{path} could not be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise ScriptError(f"the file has more than {MOST_BYTES} bytes: split it, or load the data by other means")
    return data


def decode(data: bytes, encoding: str = UTF_8) -> str:
    """A script's text. A byte order mark says what a file is in (UTF-8, or UTF-16 as SSMS writes it); without one it is
    `encoding`, one of ENCODINGS.

    The byte order mark is not part of the text. Line ends are kept. Raises ScriptError for anything else.
    """
    marked = True
    if data.startswith(codecs.BOM_UTF8):
        data, encoding = data[len(codecs.BOM_UTF8) :], UTF_8
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        marked = False
        if encoding != UTF_8:
            _refuse_utf_8(data, encoding)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        state = "" if marked or encoding != UTF_8 else f", or state what it is in (encoding: {ENCODINGS[-1]})"
        raise ScriptError(
            f"the file is not {encoding.upper()} at byte {error.start}: {_SAVE}{state}", *_place(data, error.start)
        ) from None
    at = text.find("\0")
    if at >= 0:
        raise ScriptError(
            f"the file holds NUL characters: {_SAVE}",
            text.count("\n", 0, at) + 1,
            at - (text.rfind("\n", 0, at) + 1) + 1,
        )
    return text


def _refuse_utf_8(data: bytes, encoding: str) -> None:
    """Every UTF-8 file can be read in a code page, as other characters: `ä` would reach the database as `Ã¤`."""
    if data.isascii():
        return
    try:
        data.decode(UTF_8)
    except UnicodeDecodeError:
        return
    first = next(at for at, byte in enumerate(data) if byte >= 0x80)
    raise ScriptError(
        f"encoding: {encoding} is stated, but the file is UTF-8 (first at byte {first}): "
        f"save it with a byte order mark, or in {encoding}",
        *_place(data, first),
    )


def _place(data: bytes, at: int) -> tuple[int, int]:
    """Line and column of a byte, both from 1."""
    return data.count(b"\n", 0, at) + 1, at - (data.rfind(b"\n", 0, at) + 1) + 1


def unified(text: str) -> str:
    """The text with one kind of line end, LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def checksum(text: str) -> str:
    """SHA-256 of the text, whatever its encoding and line ends were in the file."""
    return hashlib.sha256(unified(text).encode("utf-8", "surrogatepass")).hexdigest()
