# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets of the TDS protocol over a socket, with TLS inside PRELOGIN packets as TDS 7.x does it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

from ..errors import ConnectionGone

BATCH, RPC, REPLY, ATTENTION, BULK, TRANSACTION, LOGIN, PRELOGIN = 1, 3, 4, 6, 7, 14, 16, 18
END_OF_MESSAGE, RESET_CONNECTION, RESET_KEEP_TRANSACTION = 0x01, 0x08, 0x10
MAX_MESSAGE = 256 * 1024 * 1024


class Message:
    __slots__ = ("body", "kind", "status")

    def __init__(self, kind: int, status: int, body: bytes) -> None:
        self.kind = kind
        self.status = status
        self.body = body


class PacketStream:
    """Messages in both directions. `peek` never waits, so a running statement can check for an attention."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.packet_size = 4096
        self.spid = 0
        self._tls: ssl.SSLObject | None = None
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._plain = bytearray()
        self._body = bytearray()
        self._status = 0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def fileno(self) -> int:
        return self.sock.fileno()

    def read(self, timeout: float | None = None) -> Message:
        """The next message; waits for it."""
        while True:
            message = self._next()
            if message is not None:
                return message
            if not self._poll.poll(None if timeout is None else timeout * 1000):
                raise ConnectionGone("no message in time")
            self._fill()

    def peek(self) -> Message | None:
        """A whole message that has already arrived, or None. Only called when the socket is readable."""
        self._fill()
        return self._next()

    def _fill(self) -> None:
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            raise ConnectionGone(str(error)) from error
        if not data:
            raise ConnectionGone("closed by the client")
        if self._tls is None:
            self._plain += data
            return
        self._in.write(data)
        try:
            while True:
                chunk = self._tls.read(65536)
                if not chunk:
                    raise ConnectionGone("TLS closed by the client")
                self._plain += chunk
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            raise ConnectionGone(str(error)) from error

    def _next(self) -> Message | None:
        plain = self._plain
        while len(plain) >= 8:
            length = (plain[2] << 8) | plain[3]
            if length < 8:
                raise ConnectionGone("a packet with an impossible length")
            if len(plain) < length:
                return None
            kind, status = plain[0], plain[1]
            self._status |= status
            self._body += plain[8:length]
            del plain[:length]
            if len(self._body) > MAX_MESSAGE:
                raise ConnectionGone("a message of more than 256 MiB")
            if status & END_OF_MESSAGE:
                message = Message(kind, self._status, bytes(self._body))
                self._body.clear()
                self._status = 0
                return message
        return None

    def send(self, body: bytes | bytearray, kind: int = REPLY) -> None:
        step = self.packet_size - 8
        if len(body) <= step:
            out = struct.pack(">BBHHBB", kind, 1, len(body) + 8, self.spid & 0xFFFF, 1, 0) + body
        else:
            parts: list[bytes | bytearray] = []
            number = 1
            for start in range(0, len(body), step):
                chunk = body[start : start + step]
                last = start + step >= len(body)
                parts.append(
                    struct.pack(">BBHHBB", kind, int(last), len(chunk) + 8, self.spid & 0xFFFF, number & 255, 0)
                )
                parts.append(chunk)
                number += 1
            out = b"".join(parts)
        if self._tls is not None:
            self._tls.write(out)
            out = self._out.read()
        self._send_raw(out)

    def _send_raw(self, out: bytes) -> None:
        view = memoryview(out)
        try:
            while view:
                try:
                    sent = self.sock.send(view)
                    view = view[sent:]
                except BlockingIOError:
                    if not select.select([], [self.sock], [], 60)[1]:
                        raise ConnectionGone("the client does not read") from None
        except OSError as error:
            raise ConnectionGone(str(error)) from error

    def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake; its records travel in PRELOGIN packets."""
        tls = context.wrap_bio(self._in, self._out, server_side=True)
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError as error:
                alert = self._out.read()
                if alert:
                    self.send(alert, PRELOGIN)
                raise ConnectionGone(f"TLS handshake: {error}") from error
            out = self._out.read()
            if out:
                self.send(out, PRELOGIN)
            if done:
                break
            self._in.write(self.read(30).body)
        self._tls = tls

    def end_tls(self) -> None:
        """Only the login was to be encrypted."""
        self._tls = None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
