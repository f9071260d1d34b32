# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and its answer, streamed between a client and the worker of the site's pool."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import Protocol as Interface

from ..iis.errors import HttpError
from ..iis.pool import STARTED
from ..iis.request import Request
from ..iis.server import Iis
from ..iis.worker import Worker
from . import answers
from .upstream import Upstream, acquire, release

_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_NO_BODY = {204, 304}
_MOST_BUFFERED = 256 * 1024


class Client(Interface):
    """The client's side of an exchange."""

    peer: str
    port: int
    tls: bool

    def write(self, data: bytes) -> None: ...
    def reset(self) -> None: ...
    def pause_reading(self, paused: bool) -> None: ...
    def finished(self, close: bool) -> None: ...
    def switched(self) -> None: ...


class Exchange:
    """Made when a request's head is in; `run` carries it to the end of its answer."""

    def __init__(
        self,
        iis: Iis,
        client: Client,
        method: bytes,
        target: bytes,
        version: str,
        headers: list[tuple[bytes, bytes]],
        keep: bool,
    ) -> None:
        self._iis = iis
        self._client = client
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self._keep = keep
        names = {name.lower(): value for name, value in headers}
        self._chunked = b"chunked" in names.get(b"transfer-encoding", b"").lower()
        self.has_body = self._chunked or names.get(b"content-length", b"0") != b"0"
        self._upgrades = names.get(b"upgrade", b"").lower() == b"websocket"
        self._expects = names.get(b"expect", b"").lower() == b"100-continue"
        self._hosts = [value for name, value in headers if name.lower() == b"host"]
        self._body: list[bytes] = []
        self._body_size = 0
        self._body_done = False
        self._upstream: Upstream | None = None
        self._out: list[bytes] = []
        self._head_sent = False
        self._out_chunked = False
        self._close = not keep
        self._cut = False
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        try:
            await self._serve()
        except HttpError as error:
            self._iis.count(f"http_{error.status}")
            self._close = self._close or error.close or (self.has_body and not self._body_done)
            if not self._cut:
                self._client.write(answers.render(error, self._close, self.method == b"HEAD"))
        if not self._cut:
            self._client.finished(self._close)

    async def _serve(self) -> None:
        site = self._iis.route(self._client.port, self._client.tls, self._host())
        application = site.application_for(self.target.decode("latin-1"))
        pool = application.pool
        if pool.state == STARTED and (page := self._iis.offline_page(application)) is not None:
            raise HttpError(503, "Service Unavailable", page=page)
        worker = await pool.admit()
        request = Request(
            self.method.decode("latin-1"),
            self.target.decode("latin-1"),
            self._client.peer,
            site.id,
            pool.name,
            self.cut,
        )
        worker.begin(request)
        self._iis.count("http_requests")
        try:
            await asyncio.shield(worker.ready)
            request.pid = worker.pid
            await self._through(worker)
        finally:
            worker.end(request)
            if self._upstream is not None:
                self._upstream.close()

    def _host(self) -> str:
        if len(self._hosts) != 1:
            if not self._hosts and self.version == "1.0":
                return ""
            raise HttpError(400, "The request hostname is invalid.", close=True)
        host = self._hosts[0].decode("latin-1").strip().lower()
        name, _unused, port = host.partition(":")
        if not name or (port and not port.isdigit()) or any(c in name for c in "/@\\ "):
            raise HttpError(400, "The request hostname is invalid.", close=True)
        return name

    async def _through(self, worker: Worker) -> None:
        head = self._request_head(worker)
        for attempt in (0, 1):
            try:
                upstream = await acquire(worker, fresh=attempt > 0)
            except OSError:
                raise HttpError(502, "The specified CGI application encountered an error.", substatus=3) from None
            self._upstream = upstream
            reused = upstream.used > 0
            upstream.begin(self, self.method == b"HEAD")
            assert upstream.transport is not None
            upstream.transport.write(head)
            self._send_body()
            if self._expects and not self._body_done:
                self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._expects = False
            whole = await self._answered(upstream, worker.settings.request_s if worker.settings else 120.0)
            if whole:
                release(worker, upstream)
                self._upstream = None
                return
            if self._cut:
                return
            if reused and not upstream.got_data and not self.has_body and attempt == 0:
                self._ended = asyncio.get_running_loop().create_future()
                continue  # the worker closed an idle connection in the moment that it was used again
            if self._head_sent:
                self._iis.count("http_truncated")
                self.cut()
                return
            raise HttpError(502, "The specified CGI application encountered an error.", substatus=3)

    async def _answered(self, upstream: Upstream, limit_s: float) -> bool:
        """Whether the whole answer came; a tunnel may be as old as it likes."""
        while True:
            try:
                return await asyncio.wait_for(asyncio.shield(self._ended), limit_s)
            except TimeoutError:
                if not upstream.tunnelling:
                    upstream.got_data = True
                    return False

    def _request_head(self, worker: Worker) -> bytes:
        lines = [self.method + b" " + self.target + b" HTTP/1.1"]
        lines += [
            name + b": " + value
            for name, value in self.headers
            if name.lower() not in _HOP_BY_HOP
            and name.lower() not in (b"expect", b"x-forwarded-for", b"x-forwarded-proto")
        ]
        forwarded = [value for name, value in self.headers if name.lower() == b"x-forwarded-for"]
        lines.append(b"X-Forwarded-For: " + b", ".join([*forwarded, self._client.peer.encode()]))
        lines.append(b"X-Forwarded-Proto: " + (b"https" if self._client.tls else b"http"))
        lines.append(b"MS-ASPNETCORE-TOKEN: " + worker.token.encode())
        if self._chunked:
            lines.append(b"Transfer-Encoding: chunked")
        if self._upgrades:
            lines += [b"Connection: Upgrade", b"Upgrade: websocket"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    # the request's body

    def body(self, data: bytes) -> None:
        self._body.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        self._body_size += len(data)
        if self._upstream is not None:
            self._send_body()
        elif self._body_size > _MOST_BUFFERED:
            self._client.pause_reading(True)

    def body_done(self) -> None:
        self._body_done = True
        if self._chunked:
            self._body.append(b"0\r\n\r\n")
        if self._upstream is not None:
            self._send_body()

    def _send_body(self) -> None:
        upstream = self._upstream
        if (
            self._body
            and upstream is not None
            and upstream.transport is not None
            and not upstream.transport.is_closing()
        ):
            upstream.transport.write(b"".join(self._body))
            self._body, self._body_size = [], 0
            self._client.pause_reading(False)

    def upstream_writable(self, writable: bool) -> None:
        self._client.pause_reading(not writable)

    # the answer

    def answer_head(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        lines = [b"HTTP/1.1 %d %b" % (status, reason or answers.reason(status).encode())]
        names = set()
        for name, value in headers:
            low = name.lower()
            names.add(low)
            if low not in _HOP_BY_HOP and low != b"server":
                lines.append(name + b": " + value)
        lines.append(b"Server: Microsoft-IIS/10.0")
        lines.append(b"X-Powered-By: ASP.NET")
        if b"date" not in names:
            lines.append(b"Date: " + formatdate(usegmt=True).encode())
        bodiless = self.method == b"HEAD" or status in _NO_BODY
        if not bodiless and b"content-length" not in names:
            if self.version == "1.1":
                self._out_chunked = True
                lines.append(b"Transfer-Encoding: chunked")
            else:
                self._close = True
        if self._close:
            lines.append(b"Connection: close")
        elif self.version == "1.0":
            lines.append(b"Connection: Keep-Alive")
        self._out.append(b"\r\n".join(lines) + b"\r\n\r\n")
        self._head_sent = True
        self._iis.count(f"http_{status}")

    def answer_switch(self, headers: list[tuple[bytes, bytes]]) -> None:
        """101: from now on bytes go to and fro as they come."""
        lines = [b"HTTP/1.1 101 Switching Protocols"]
        lines += [name + b": " + value for name, value in headers if name.lower() != b"server"]
        self._out.append(b"\r\n".join([*lines, b"Server: Microsoft-IIS/10.0"]) + b"\r\n\r\n")
        self._head_sent = self._close = True
        self.answer_flush()
        self._iis.count("http_101")
        self._client.switched()

    def tunnel(self, data: bytes) -> None:
        if data:
            self._client.write(data)

    def from_client(self, data: bytes) -> None:
        """Bytes of a tunnel, from the client."""
        upstream = self._upstream
        if data and upstream is not None and upstream.transport is not None and not upstream.transport.is_closing():
            upstream.transport.write(data)

    def answer_body(self, data: bytes) -> None:
        self._out.append(b"%x\r\n%b\r\n" % (len(data), data) if self._out_chunked else data)

    def answer_end(self) -> None:
        if self._out_chunked:
            self._out.append(b"0\r\n\r\n")
        self.answer_flush()
        if self.has_body and not self._body_done:
            self._close = True
        if not self._ended.done():
            self._ended.set_result(True)

    def answer_flush(self) -> None:
        if self._out:
            data, self._out = b"".join(self._out), []
            self._client.write(data)

    def answer_broken(self) -> None:
        self.answer_flush()
        if not self._ended.done():
            self._ended.set_result(False)

    def client_writable(self, writable: bool) -> None:
        upstream = self._upstream
        if upstream is None or upstream.transport is None or upstream.transport.is_closing():
            return
        if writable:
            upstream.transport.resume_reading()
        else:
            upstream.transport.pause_reading()

    # failures

    def cut(self) -> None:
        """The worker was killed: the client sees its connection reset."""
        if self._cut:
            return
        self._cut = True
        self._iis.count("http_cut")
        self._client.reset()
        if not self._ended.done():
            self._ended.set_result(False)

    def client_gone(self) -> None:
        self._cut = True
        if not self._ended.done():
            self._ended.set_result(False)
