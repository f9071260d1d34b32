# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP/1.1 client that never retries and says exactly how a request ended. One request at a time per connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httptools


class Failed(Exception):
    """How a request failed: refused, connect_timeout, reset, truncated, timed_out or malformed."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    body: bytes = b""
    keep_alive: bool = False


class Connection(asyncio.Protocol):
    """A connection and the parser of its answers."""

    def __init__(self) -> None:
        self.closed = False
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._started = False
        self._waiter: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._started = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("malformed")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail("truncated" if self._started else "reset")

    # -- what the parser found
    def on_header(self, name: bytes, text: bytes) -> None:
        key = name.decode("latin-1").lower()
        self._answer.headers[key] = text.decode("latin-1")
        if key == "set-cookie":
            self._answer.set_cookies.append(text.decode("latin-1"))

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        self._answer.keep_alive = self._parser.should_keep_alive()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self._answer)

    def _fail(self, kind: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Failed(kind))

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: bytes, timeout_s: float) -> Answer:
        """Sends one request and returns its whole answer, or raises Failed."""
        if self.closed or self._transport is None:
            raise Failed("reset")
        loop = asyncio.get_running_loop()
        self._answer, self._started = Answer(), False
        self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, self._fail, "timed_out")
        self._transport.write(request)
        try:
            answer = await self._waiter
        except Failed:
            self.close()
            raise
        finally:
            timer.cancel()
            self._waiter = None
        if not answer.keep_alive:
            self.close()
        return answer


class Client:
    """Connections to one address. Idle ones are reused, the newest first; when none is idle, another one is opened."""

    def __init__(self, address: str, port: int, *, connect_timeout_s: float = 5.0, max_idle_s: float = 20.0) -> None:
        self._address = address
        self._port = port
        self._connect_timeout_s = connect_timeout_s
        self._max_idle_s = max_idle_s
        self._idle: list[Connection] = []

    async def send(self, request: bytes, timeout_s: float, *, keep_alive: bool) -> Answer:
        connection = (self._reuse() if keep_alive else None) or await self._open()
        answer = await connection.exchange(request, timeout_s)
        if not connection.closed:
            if keep_alive:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    def _reuse(self) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - self._max_idle_s
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and connection.idle_since >= oldest:
                return connection
            connection.close()
        return None

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            opening = loop.create_connection(Connection, self._address, self._port)
            _unused, connection = await asyncio.wait_for(opening, self._connect_timeout_s)
        except asyncio.TimeoutError:
            raise Failed("connect_timeout") from None
        except OSError:
            raise Failed("refused") from None
        return connection

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
