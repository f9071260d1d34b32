# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRELOGIN and LOGIN7."""

from __future__ import annotations

import struct
from typing import Any

ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NONE, ENCRYPT_REQUIRED = 0, 1, 2, 3
_FIELDS = ("host", "user", "password", "app", "server", "extension", "library", "language", "database")


def read_prelogin(body: bytes) -> dict[int, bytes]:
    options = {}
    at = 0
    while at + 5 <= len(body) and body[at] != 0xFF:
        token, offset, length = struct.unpack_from(">BHH", body, at)
        options[token] = body[offset : offset + length]
        at += 5
    return options


def write_prelogin(encryption: int, version: tuple[int, int, int]) -> bytes:
    options = [
        (0, struct.pack(">BBHH", version[0], version[1], version[2], 0)),
        (1, bytes([encryption])),
        (2, b"\0"),
        (3, b""),
        (4, b"\0"),
    ]
    offset = 5 * len(options) + 1
    head, data = b"", b""
    for token, value in options:
        head += struct.pack(">BHH", token, offset + len(data), len(value))
        data += value
    return head + b"\xff" + data


def read_login(body: bytes) -> dict[str, Any]:
    """The fields of LOGIN7; the password is decoded."""
    login: dict[str, Any] = {"packet_size": struct.unpack_from("<I", body, 8)[0]}
    for i, name in enumerate(_FIELDS):
        offset, length = struct.unpack_from("<HH", body, 36 + 4 * i)
        if name == "extension":
            continue
        raw = body[offset : offset + 2 * length]
        if name == "password":
            raw = bytes((((c ^ 0xA5) << 4) | ((c ^ 0xA5) >> 4)) & 255 for c in raw)
        login[name] = raw.decode("utf-16-le")
    login["integrated"] = bool(body[25] & 0x80)
    return login
