# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Negotiate and NTLM with message encryption, through pyspnego's acceptor."""

from __future__ import annotations

import base64
import binascii
import os
import struct
from typing import Any

import spnego
import spnego.exceptions

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
_SOAP = b"type=application/soap+xml;charset=UTF-8"


class Credentials:
    """The user file of pyspnego's acceptor, in memory only: no password stays on the disk."""

    def __init__(self, host: str, users: dict[str, str]) -> None:
        self._descriptor = os.memfd_create("winrm-users")
        lines = []
        for user, password in users.items():
            domain, _unused, short = user.rpartition("\\")
            lines += [f"{where}:{short}:{password}\n" for where in sorted({domain, "", host})]
        os.write(self._descriptor, "".join(lines).encode())
        os.environ["NTLM_USER_FILE"] = f"/proc/self/fd/{self._descriptor}"

    def close(self) -> None:
        os.close(self._descriptor)


class NtlmLogin:
    """The login of one connection."""

    def __init__(self) -> None:
        self._context: Any = None
        self.user: str | None = None

    def step(self, token: str) -> bytes | None:
        """The next token to send; raises ValueError when the login fails. `user` is set at the end."""
        if self._context is None or self.user is not None:
            self._context = spnego.server(
                protocol="negotiate",
                options=spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.wrapping_winrm,
            )
            self.user = None
        try:
            answer: bytes | None = self._context.step(base64.b64decode(token, validate=True))
        except (spnego.exceptions.SpnegoError, binascii.Error, ValueError, struct.error) as error:
            self._context = None
            raise ValueError(str(error)) from error
        if self._context.complete:
            self.user = str(self._context.client_principal).rsplit("\\", 1)[-1].lower()
        return answer

    def unwrap(self, body: bytes) -> bytes:
        """The message inside an encrypted body."""
        marker = b"Content-Type: application/octet-stream\r\n"
        start = body.find(marker)
        end = body.rfind(_BOUNDARY + b"--")
        if start < 0 or end < 0:
            raise ValueError("no encrypted part")
        sealed = body[start + len(marker) : end]
        (length,) = struct.unpack("<I", sealed[:4])
        plain: bytes = self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
        return plain

    def wrap(self, message: bytes) -> tuple[bytes, str]:
        """An encrypted body and its content type."""
        sealed = self._context.wrap_winrm(message)
        body = b"".join(
            (
                _BOUNDARY + b"\r\n\tContent-Type: " + _PROTOCOL.encode() + b"\r\n\tOriginalContent: " + _SOAP,
                b";Length=%d\r\n" % (len(message) + sealed.padding_length),
                _BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n",
                struct.pack("<I", len(sealed.header)) + sealed.header + sealed.data,
                _BOUNDARY + b"--\r\n",
            )
        )
        return body, f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'
