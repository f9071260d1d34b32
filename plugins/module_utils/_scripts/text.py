# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a script: encoding, line ends, checksum. Private to this collection."""

from __future__ import annotations

import codecs
import hashlib
import pathlib

from .errors import PathError, ScriptError


def read_bytes(path: str) -> bytes:
    """The file's bytes. Raises PathError."""
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise PathError(f"{path} could not be read: {error.strerror}.") from None


def decode(data: bytes) -> str:
    """A script's text: UTF-8, with or without a byte order mark, or UTF-16 with one (SSMS writes that).

    The byte order mark is not part of the text. Line ends are kept. Raises ScriptError for anything else.
    """
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise ScriptError(
            f"the file is not {encoding.upper()} at byte {error.start}: "
            "save it as UTF-8, or as UTF-16 with a byte order mark",
            line,
            column,
        ) from None
    at = text.find("\0")
    if at >= 0:
        raise ScriptError(
            "the file holds NUL characters: save it as UTF-8, or as UTF-16 with a byte order mark",
            text.count("\n", 0, at) + 1,
            at - (text.rfind("\n", 0, at) + 1) + 1,
        )
    return text


def unified(text: str) -> str:
    """The text with one kind of line end, LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def checksum(text: str) -> str:
    """SHA-256 of the text, whatever its encoding and line ends were in the file."""
    return hashlib.sha256(unified(text).encode("utf-8", "surrogatepass")).hexdigest()
