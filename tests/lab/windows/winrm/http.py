# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server for WS-Management: whole requests in, whole answers out, one after the other on a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httptools

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}
_REASONS |= {413: "Request Entity Too Large", 500: "Internal Server Error"}


@dataclass
class HttpRequest:
    """A request with its whole body. Header names are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    tls: bool


@dataclass
class HttpResponse:
    """An answer."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: bool = False

    def render(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Error')}", "Server: Microsoft-HTTPAPI/2.0"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        if self.close:
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


class Link:
    """One connection and what was agreed on it: the login of NTLM belongs to the connection."""

    def __init__(self) -> None:
        self.state: dict[str, object] = {}


Handler = Callable[[Link, HttpRequest], Awaitable[HttpResponse]]


class HttpConnection(asyncio.Protocol):
    """Reads requests and answers them in order."""

    def __init__(self, handler: Handler, tls: bool, most_bytes: int, connections: set[HttpConnection]) -> None:
        self._handler = handler
        self._tls = tls
        self._most_bytes = most_bytes
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._link = Link()
        self._parser = httptools.HttpRequestParser(self)
        self._queue: asyncio.Queue[HttpRequest | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._send(HttpResponse(400, close=True))

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body, self._size = b"", dict[str, str](), list[bytes](), 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._most_bytes:
            if self._body:
                self._body = []
                self._send(HttpResponse(413, close=True))
            return
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self._size > self._most_bytes:
            return
        method = self._parser.get_method().decode("latin-1")
        path = self._url.decode("latin-1")
        self._queue.put_nowait(HttpRequest(method, path, self._headers, b"".join(self._body), self._tls))

    async def _serve(self) -> None:
        while (request := await self._queue.get()) is not None:
            self._send(await self._handler(self._link, request))

    def _send(self, response: HttpResponse) -> None:
        if self._transport is None or self._transport.is_closing() or self.deaf:
            return
        self._transport.write(response.render())
        if response.close:
            self._transport.close()

    def drop(self) -> None:
        """The wire is cut."""
        if self._transport is not None:
            self._transport.abort()
