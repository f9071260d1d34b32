# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's HTTP listener: connections on the ports of the bindings, requests one after the other on each."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Coroutine
from typing import Any

import httptools

from ..iis.errors import HttpError
from ..iis.server import Iis
from . import answers
from .exchange import Exchange

_IDLE_S = 120.0
_SWEEP_S = 10.0
_MOST_PIPELINED = 16
_MOST_HELD = 64 * 1024


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, front: Front, port: int, tls: bool) -> None:
        self._front = front
        self.port = port
        self.tls = tls
        self.peer = ""
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._reading: Exchange | None = None
        self._current: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[Exchange] = deque()
        self._closing = False
        self._held: bytes | None = None
        self._tunnel = False
        self.last_used = front.loop.time()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = (transport.get_extra_info("peername") or ("",))[0]
        self._front.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self.last_used = self._front.loop.time()
        if self._tunnel and self._current is not None:
            self._current.from_client(data)
        elif self._held is not None:
            self._hold(data)
        else:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._held = b""  # whether the application switches is not known yet
            self._hold(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(HttpError(400, "The request is badly formed.", close=True))

    def _hold(self, data: bytes) -> None:
        self._held = (self._held or b"") + data
        if len(self._held) > _MOST_HELD:
            self.pause_reading(True)

    def switched(self) -> None:
        """The application has switched to another protocol: what the client sends goes to it as it is."""
        self._tunnel = True
        held, self._held = self._held, None
        if held and self._current is not None:
            self._current.from_client(held)
        self.pause_reading(False)

    def _refuse(self, error: HttpError) -> None:
        self._closing = True
        if self._current is None:
            self.write(answers.render(error, True, False))
            self._close()
        else:
            self.reset()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.connections.discard(self)
        self._transport = None
        for exchange in (self._current, *self._waiting):
            if exchange is not None:
                exchange.client_gone()

    def pause_writing(self) -> None:
        if self._current:
            self._current.client_writable(False)

    def resume_writing(self) -> None:
        if self._current:
            self._current.client_writable(True)

    # httptools

    def on_message_begin(self) -> None:
        self._target, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        exchange = Exchange(
            self._front.iis,
            self,
            self._parser.get_method(),
            self._target,
            self._parser.get_http_version(),
            self._headers,
            self._parser.should_keep_alive(),
        )
        self._reading = exchange
        if self._current is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            if len(self._waiting) >= _MOST_PIPELINED:
                self.pause_reading(True)

    def on_body(self, data: bytes) -> None:
        if self._reading:
            self._reading.body(data)

    def on_message_complete(self) -> None:
        if self._reading:
            self._reading.body_done()
            self._reading = None

    # the exchange's client

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        self._task = self._front.loop.create_task(exchange.run())

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self, paused: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if paused:
            self._transport.pause_reading()
        elif not self._transport.is_reading() and len(self._waiting) < _MOST_PIPELINED:
            self._transport.resume_reading()

    def finished(self, close: bool) -> None:
        self.last_used = self._front.loop.time()
        self._current = None
        if close:
            self._closing = True
            self._close()
        elif self._waiting:
            self._begin(self._waiting.popleft())
            self.pause_reading(False)
        elif self._held is not None:
            held, self._held = self._held, None
            self._parser = httptools.HttpRequestParser(self)
            self.pause_reading(False)
            self._feed(held)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        self._closing = True
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    @property
    def idle_since(self) -> float | None:
        return self.last_used if self._current is None else None


class Front:
    """Listens where the started sites' bindings say, and follows when they change."""

    def __init__(self, iis: Iis, tls: ssl.SSLContext | None) -> None:
        self.iis = iis
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self._tls = tls
        self._servers: dict[tuple[str, int, bool], asyncio.Server] = {}
        self._following = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self.iis.on_bindings = self._bindings_changed
        await self._follow()
        self._spawn(self._sweep())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _bindings_changed(self) -> None:
        self._spawn(self._follow())

    async def _follow(self) -> None:
        async with self._following:
            wanted = self.iis.ports()
            for key in set(self._servers) - wanted:
                self._servers.pop(key).close()
            for key in sorted(wanted - set(self._servers)):
                self._servers[key] = await self._listen(*key)

    async def _listen(self, address: str, port: int, tls: bool) -> asyncio.Server:
        if tls and self._tls is None:
            raise RuntimeError("an https binding needs cert and key in the configuration")
        return await self.loop.create_server(
            lambda: Connection(self, port, tls), address, port, backlog=1024, ssl=self._tls if tls else None
        )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            limit = self.loop.time() - _IDLE_S
            for connection in list(self.connections):
                if connection.idle_since is not None and connection.idle_since < limit:
                    connection.finished(close=True)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        for server in self._servers.values():
            server.close()
        for connection in list(self.connections):
            connection.reset()
