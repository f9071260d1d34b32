# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample application: what a worker of an IIS application pool runs from its release directory.

It stands in for an ASP.NET Core application behind the ASP.NET Core Module (out of process): listens on
ASPNETCORE_PORT, reads appsettings.json, is cold for a while, shuts down gracefully on SIGTERM. `build.json` says which
version this is.

GET  /                      page that names the assets of this version
GET  /assets/VERSION/FILE   versioned assets, also those of the releases beside this one
GET  /health                200 once warm, 503 before
GET  /version  /smoke       who answers; whether this version works with the database as it is
GET  /things  POST /things  reads; a write is acknowledged only after its commit
GET  /slow?s=3              reads, then takes its time
GET  /session               a session kept in the database behind a signed cookie
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import hmac
import json
import os
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyodbc

RELEASE = Path(__file__).resolve().parent
CONNECTIONS = 6
SHUTDOWN_LIMIT_S = 10.0
KEEP_ALIVE_S = 120.0
MAX_SLOW_S = 60.0
MAX_BODY = 64 * 1024
COOKIE = "shop_session"
ASSET = re.compile(r"/assets/(?P<version>[0-9A-Za-z][0-9A-Za-z.-]*)/(?P<file>[0-9A-Za-z_-]+\.(?:js|css))")

Headers = dict[str, str]


class Refused(Exception):
    """An answer other than success, with a reason that the caller may read."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Database:
    """A few connections, one for each thread of the executor. Nothing is retried: the caller sees a failed call."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._local = threading.local()
        self._executor = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="database")

    async def call(self, sql: str, *parameters: object) -> list[dict[str, object]]:
        """Executes and commits; the rows of the last result set."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, functools.partial(self._call, sql, parameters))

    async def open_all(self) -> None:
        """Opens every connection: part of getting warm, so that the first requests do not pay for logins."""
        barrier = threading.Barrier(CONNECTIONS)
        loop = asyncio.get_running_loop()
        waits = [loop.run_in_executor(self._executor, self._open, barrier) for _unused in range(CONNECTIONS)]
        await asyncio.gather(*waits)

    def _open(self, barrier: threading.Barrier) -> None:
        try:
            self._connection()
        except pyodbc.Error:
            barrier.abort()
            raise
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(10)

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = pyodbc.connect(self._connection_string, timeout=5, autocommit=False)
        return connection

    def _call(self, sql: str, parameters: tuple[object, ...]) -> list[dict[str, object]]:
        connection = self._connection()
        try:
            cursor = connection.cursor()
            cursor.execute(sql, *parameters)
            rows: list[dict[str, object]] = []
            while True:
                if cursor.description:
                    names = [column[0] for column in cursor.description]
                    rows = [dict(zip(names, row)) for row in cursor.fetchall()]
                if not cursor.nextset():
                    break
            cursor.close()
            connection.commit()
            return rows
        except BaseException:
            self._local.connection = None
            with contextlib.suppress(pyodbc.Error):
                connection.close()
            raise


class Shop:
    """What the application answers. `build` makes one version differ from another."""

    def __init__(self, build: dict[str, Any], settings: dict[str, Any]) -> None:
        self.version: str = build["version"]
        self.node = os.environ.get("COMPUTERNAME", "")
        self.warm = False
        self._build = build
        self._flaw: str = build.get("flaw", "")
        self._session_key = str(settings.get("SessionKey", "")).encode()
        self._database = Database(settings["ConnectionStrings"]["Shop"])
        self._asset_roots = [RELEASE / "wwwroot" / "assets"]
        self._routes: dict[tuple[str, str], Callable[..., Any]] = {
            ("GET", "/"): self._page,
            ("GET", "/version"): self._who,
            ("GET", "/smoke"): self._smoke,
            ("GET", "/things"): self._find,
            ("POST", "/things"): self._add,
            ("GET", "/slow"): self._slow,
            ("GET", "/session"): self._session,
        }

    async def warm_up(self) -> None:
        """Cold for as long as this build says, then until the database answers."""
        await asyncio.sleep(float(self._build.get("warm_up_s", 1.0)))
        while not self.warm:
            try:
                await self._database.open_all()
                self.warm = True
            except pyodbc.Error as error:
                sys.stderr.write(f"cold: {error}\n")
                await asyncio.sleep(0.5)
        if self._flaw == "crash":
            await asyncio.sleep(float(self._build.get("crash_after_s", 3.0)))
            sys.stderr.write("crashing, as this build does\n")
            os._exit(3)

    async def answer(
        self, method: str, target: str, headers: Headers, body: bytes
    ) -> tuple[HTTPStatus, Headers, bytes]:
        """Status, headers and body for one request; every failure is a 5xx with the error's text in the log."""
        url = urlsplit(target)
        try:
            if url.path == "/health":
                status = HTTPStatus.OK if self.warm else HTTPStatus.SERVICE_UNAVAILABLE
                return status, *_json({"status": "Healthy" if self.warm else "Starting", "version": self.version})
            if match := ASSET.fullmatch(url.path):
                return HTTPStatus.OK, *self._asset(match["version"], match["file"])
            route = self._routes.get((method, url.path))
            if route is None:
                raise Refused(HTTPStatus.NOT_FOUND, f"nothing at {method} {url.path}")
            if not self.warm:
                raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "the application is still starting")
            query = {name: texts[-1] for name, texts in parse_qs(url.query).items()}
            status, (extra, content) = await route(query, headers, body)
            return status, extra, content
        except Refused as refused:
            return refused.status, *_json({"error": str(refused), "version": self.version})
        except pyodbc.Error as error:
            sys.stderr.write(f"{method} {url.path}: {error}\n")
            return HTTPStatus.INTERNAL_SERVER_ERROR, *_json({"error": "database", "version": self.version})

    def _asset(self, version: str, file: str) -> tuple[Headers, bytes]:
        # A page of the next version may come from another node a moment before this node has that version. So assets
        # are also served from the releases staged beside this one: staging everywhere comes before the first switch.
        candidates = [RELEASE / "wwwroot" / "assets" / version / file]
        candidates += sorted(RELEASE.parent.glob(f"*/wwwroot/assets/{version}/{file}"))
        for path in candidates:
            with contextlib.suppress(OSError):
                kind = "text/javascript" if file.endswith(".js") else "text/css"
                return {"Content-Type": kind, "Cache-Control": "public, max-age=31536000, immutable"}, path.read_bytes()
        raise Refused(HTTPStatus.NOT_FOUND, f"no asset {file} of version {version}")

    async def _page(self, _query: Headers, _headers: Headers, _body: bytes) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        page = (
            f"<!doctype html><html><head><title>Shop {self.version}</title>"
            f'<script src="/assets/{self.version}/app.js"></script></head><body></body></html>'
        )
        return HTTPStatus.OK, ({"Content-Type": "text/html; charset=utf-8"}, page.encode())

    async def _who(self, _query: Headers, _headers: Headers, _body: bytes) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        return HTTPStatus.OK, _json({"version": self.version, "node": self.node, "pid": os.getpid()})

    async def _smoke(
        self, _query: Headers, _headers: Headers, _body: bytes
    ) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        if self._flaw == "smoke":
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "this build is broken: the price list is missing")
        rows = await self._database.call(self._build["find"])
        return HTTPStatus.OK, _json({"version": self.version, "database": "ok", "things": len(rows)})

    async def _find(self, _query: Headers, _headers: Headers, _body: bytes) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        rows = await self._database.call(self._build["find"])
        return HTTPStatus.OK, _json({"version": self.version, "things": rows})

    async def _add(self, _query: Headers, _headers: Headers, body: bytes) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        try:
            thing = json.loads(body)
            values = [str(thing["id"]), str(thing["name"])]
        except (ValueError, TypeError, KeyError):
            raise Refused(HTTPStatus.BAD_REQUEST, "a thing needs an id and a name") from None
        if self._build.get("colours"):
            values.append(str(thing.get("colour", "green")))
        await self._database.call(self._build["add"], *values)
        return HTTPStatus.CREATED, _json({"version": self.version, "id": values[0]})

    async def _slow(self, query: Headers, _headers: Headers, _body: bytes) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        try:
            seconds = min(max(float(query.get("s", "2")), 0.0), MAX_SLOW_S)
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, "s is a number of seconds") from None
        rows = await self._database.call(self._build["find"])
        await asyncio.sleep(seconds)
        return HTTPStatus.OK, _json({"version": self.version, "waited_s": seconds, "things": len(rows)})

    async def _session(
        self, _query: Headers, headers: Headers, _body: bytes
    ) -> tuple[HTTPStatus, tuple[Headers, bytes]]:
        identity = self._known_session(headers.get("cookie", ""))
        new = identity is None
        identity = identity or uuid.uuid4().hex
        rows = await self._database.call("EXEC dbo.spTouchSession @SessionId = ?", identity)
        extra, content = _json({"version": self.version, "session": identity, "hits": rows[0]["Hits"], "new": new})
        if new:
            extra["Set-Cookie"] = f"{COOKIE}={identity}.{self._signature(identity)}; Path=/; HttpOnly; SameSite=Lax"
        return HTTPStatus.OK, (extra, content)

    def _signature(self, identity: str) -> str:
        return hmac.new(self._session_key, identity.encode(), hashlib.sha256).hexdigest()[:32]

    def _known_session(self, cookies: str) -> str | None:
        for cookie in cookies.split(";"):
            name, _unused, text = cookie.strip().partition("=")
            identity, _unused, signature = text.partition(".")
            if name == COOKIE and hmac.compare_digest(signature, self._signature(identity)):
                return identity
        return None


def _json(content: object) -> tuple[Headers, bytes]:
    return {"Content-Type": "application/json"}, json.dumps(content, default=str).encode()


class Server:
    """A small HTTP/1.1 server: keep-alive, Content-Length bodies, graceful shutdown."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._busy = 0
        self._stopping = False
        self._idle: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self._stopping and await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass
        finally:
            self._idle.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self._idle.add(writer)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), KEEP_ALIVE_S)
        self._idle.discard(writer)
        self._busy += 1
        try:
            request, *lines = head.decode("latin-1").rstrip().split("\r\n")
            method, target, _unused = request.split(" ", 2)
            headers = {
                name.strip().lower(): text.strip() for name, _unused, text in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            if length > MAX_BODY or "transfer-encoding" in headers:
                raise ConnectionError("a body of this kind or size is not taken")
            body = await reader.readexactly(length) if length else b""
            status, extra, content = await self._shop.answer(method, target, headers, body)
            keep = headers.get("connection", "").lower() != "close" and not self._stopping
            extra["X-Shop-Version"] = self._shop.version
            extra["X-Shop-Node"] = self._shop.node
            extra["Content-Length"] = str(len(content))
            extra["Connection"] = "keep-alive" if keep else "close"
            lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {text}" for name, text in extra.items())]
            writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (content if method != "HEAD" else b""))
            await writer.drain()
            return keep
        finally:
            self._busy -= 1

    async def drain(self) -> None:
        """Idle connections are closed, those with a request in flight get their answer first."""
        self._stopping = True
        for writer in list(self._idle):
            writer.close()
        deadline = time.monotonic() + SHUTDOWN_LIMIT_S
        while self._busy and time.monotonic() < deadline:
            await asyncio.sleep(0.02)


async def main() -> None:
    build = json.loads((RELEASE / "build.json").read_text())
    settings = json.loads((RELEASE / "appsettings.json").read_text())
    shop = Shop(build, settings)
    server = Server(shop)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    address = os.environ.get("ASPNETCORE_ADDRESS", "127.0.0.1")
    listener = await asyncio.start_server(server.serve, address, int(os.environ["ASPNETCORE_PORT"]), backlog=512)
    warming = asyncio.create_task(shop.warm_up())
    await stop.wait()
    warming.cancel()
    listener.close()
    await server.drain()


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads of the driver hold nothing that is worth waiting for
