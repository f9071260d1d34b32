# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to a worker's own HTTP server, kept and used again."""

from __future__ import annotations

import asyncio
import weakref
from typing import Protocol as Interface

import httptools

from ..iis.worker import Worker

_LONGEST_IDLE_S = 4.0  # shorter than any application keeps one, so that none is closed while it is used


class Receiver(Interface):
    """Who gets an answer as it comes."""

    def answer_head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None: ...
    def answer_body(self, data: bytes) -> None: ...
    def answer_end(self) -> None: ...
    def answer_flush(self) -> None: ...
    def answer_broken(self) -> None: ...
    def answer_switch(self, headers: list[tuple[bytes, bytes]]) -> None: ...
    def tunnel(self, data: bytes) -> None: ...
    def upstream_writable(self, writable: bool) -> None: ...


class Upstream(asyncio.Protocol):
    """One connection to a worker, one exchange at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.receiver: Receiver | None = None
        self.used = 0
        self.head_only = False
        self.got_data = False
        self.closed = False
        self.idle_since = 0.0
        self._reusable = True
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._framed = False
        self._in_body = False
        self.tunnelling = False

    def begin(self, receiver: Receiver, head_only: bool) -> None:
        self.receiver = receiver
        self.head_only = head_only
        self.got_data = False
        self.used += 1

    @property
    def free(self) -> bool:
        return not self.closed and self._reusable and self.transport is not None and not self.transport.is_closing()

    def close(self) -> None:
        self.receiver = None
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        receiver = self.receiver
        if receiver is None:
            self.close()  # an unexpected answer
            return
        self.got_data = True
        if self.tunnelling:
            receiver.tunnel(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(receiver, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._break()
            return
        receiver.answer_flush()

    def _upgraded(self, receiver: Receiver, rest: bytes) -> None:
        """The parser has seen an upgrade: a tunnel if `on_headers_complete` took it for one, else a broken answer."""
        if not self.tunnelling:
            self._break()
            return
        receiver.tunnel(rest)
        receiver.answer_flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        receiver = self.receiver
        if receiver is None:
            return
        if self.tunnelling or (self._in_body and not self._framed and exc is None):
            self.receiver = None
            receiver.answer_end()  # a body that ends with the connection
            receiver.answer_flush()
            return
        self._break()

    def _break(self) -> None:
        receiver, self.receiver = self.receiver, None
        self.closed = True
        if self.transport is not None:
            self.transport.abort()
        if receiver is not None:
            receiver.answer_broken()

    def pause_writing(self) -> None:
        if self.receiver:
            self.receiver.upstream_writable(False)

    def resume_writing(self) -> None:
        if self.receiver:
            self.receiver.upstream_writable(True)

    # httptools

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 101 and self.receiver is not None:
            self.tunnelling, self._reusable = True, False
            self.receiver.answer_switch(self._headers)
        if 100 <= status < 200:
            return
        names = {name.lower() for name, _unused in self._headers}
        self._framed = b"content-length" in names or b"transfer-encoding" in names
        self._reusable = self._parser.should_keep_alive()
        self._in_body = True
        assert self.receiver is not None
        self.receiver.answer_head(status, self._reason, self._headers)
        if self.head_only:
            self._reusable = False
            self._finish()

    def on_body(self, data: bytes) -> None:
        if self.receiver is not None:
            self.receiver.answer_body(data)

    def on_message_complete(self) -> None:
        if 100 <= self._parser.get_status_code() < 200:
            self._reason, self._headers = b"", []
            return
        self._finish()

    def _finish(self) -> None:
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.answer_end()

    def recycle(self) -> None:
        """Ready for the next exchange."""
        self._reset()


_IDLE: weakref.WeakKeyDictionary[Worker, list[Upstream]] = weakref.WeakKeyDictionary()


async def acquire(worker: Worker, fresh: bool) -> Upstream:
    """A connection to the worker: an idle one, unless `fresh`."""
    loop = asyncio.get_running_loop()
    idle = _IDLE.setdefault(worker, [])
    while idle and not fresh:
        upstream = idle.pop()
        if upstream.free and loop.time() - upstream.idle_since < _LONGEST_IDLE_S:
            return upstream
        upstream.close()
    _unused, upstream = await loop.create_connection(Upstream, *worker.address)
    return upstream


def release(worker: Worker, upstream: Upstream) -> None:
    """Keep a connection for the next request, or close it."""
    if upstream.free and not worker.exited.is_set():
        upstream.recycle()
        upstream.idle_since = asyncio.get_running_loop().time()
        _IDLE.setdefault(worker, []).append(upstream)
    else:
        upstream.close()
