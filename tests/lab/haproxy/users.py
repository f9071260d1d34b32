# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of a farm: a bounded closed loop of clients that count every request, and retry none.

Each user keeps its connection or closes it after each request, and keeps its cookies. A request failed when the
answer was a 5xx, was cut off, was reset, or did not come in time.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

_TIMEOUT_S = 600.0
_IDLE_CLOSE_S = 0.25
_STAGGER_S = 0.11


class ConnectionIdle(EOFError):
    """A connection was closed before the first byte of an answer."""


@dataclass(frozen=True)
class Kind:
    """So many users who do the same."""

    count: int
    path: str = "/fast"
    close: bool = False
    cookies: bool = False
    think_s: float = 0.05


#: Some of each: keep-alive, closing, and slow ones that are in flight at any moment.
MIXED = (Kind(8), Kind(3, close=True), Kind(6, "/slow/0.8"))
#: Some whose requests are in flight until the scene releases them.
HELD = (Kind(2), Kind(10, "/hold"))
COOKIES = (Kind(8, cookies=True), Kind(2, close=True, cookies=True), Kind(8, "/slow/0.6", cookies=True))


@dataclass
class Tally:
    """What the users saw."""

    requests: int = 0
    failed: int = 0
    idle_closed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    last_ok: float = 0.0
    longest_gap_s: float = 0.0

    def ok(self) -> None:
        now = time.monotonic()
        self.requests += 1
        if self.last_ok:
            self.longest_gap_s = max(self.longest_gap_s, now - self.last_ok)
        self.last_ok = now

    def fail(self, kind: str) -> None:
        self.requests += 1
        self.failed += 1
        self.kinds[kind] += 1


def _closed_by_peer(writer: asyncio.StreamWriter) -> bool:
    """Whether the other side has closed the connection, which no request has been sent on since."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as peer:
        try:
            return not peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Users:
    """Users in a thread of their own; `with Users(...) as users:` and then `users.tally`."""

    def __init__(
        self,
        frontend: tuple[str, int],
        kinds: tuple[Kind, ...] = MIXED,
        on_leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._frontend = frontend
        self._on_leave = on_leave
        self._kinds = kinds
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="users", daemon=True)
        self.tally = Tally()

    def __enter__(self) -> Users:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> Tally:
        """Every user finishes its request and leaves."""
        self._leaving.set()
        self._on_leave()
        self._thread.join(_TIMEOUT_S + 5)
        return self.tally

    async def _all(self) -> None:
        await asyncio.gather(
            *(
                self._user(f"u{place}x{number}", kind, _STAGGER_S * (number + random.random()))
                for place, kind in enumerate(self._kinds)
                for number in range(kind.count)
            )
        )

    async def _user(self, name: str, kind: Kind, stagger_s: float) -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        cookies: dict[str, str] = {}
        await asyncio.sleep(stagger_s)
        while not self._leaving.is_set():
            if connection is not None and _closed_by_peer(connection[1]):
                self.tally.idle_closed += 1
                connection[1].close()
                connection = None
            reused = connection is not None
            began = time.monotonic()
            try:
                if connection is None:
                    connection = await asyncio.wait_for(asyncio.open_connection(*self._frontend), _TIMEOUT_S)
                closed = await asyncio.wait_for(self._request(connection, name, kind, cookies), _TIMEOUT_S)
            except (OSError, EOFError, asyncio.TimeoutError) as error:
                # Every client sends a request again when its kept connection was closed while it was sent.
                at_once = time.monotonic() - began < _IDLE_CLOSE_S
                if reused and at_once and isinstance(error, (ConnectionIdle, ConnectionResetError)):
                    self.tally.idle_closed += 1
                else:
                    self.tally.fail(type(error).__name__)
                closed = True
            if closed and connection is not None:
                connection[1].close()
                connection = None
            await asyncio.sleep(kind.think_s)
        if connection is not None:
            connection[1].close()

    async def _request(
        self,
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        name: str,
        kind: Kind,
        cookies: dict[str, str],
    ) -> bool:
        """One request; whether to close the connection. ConnectionIdle: the server had closed it while it was idle."""
        reader, writer = connection
        lines = [f"GET {kind.path}?user={name} HTTP/1.1", "Host: shop.test"]
        if kind.cookies and cookies:
            lines.append("Cookie: " + "; ".join(f"{key}={value}" for key, value in cookies.items()))
        if kind.close:
            lines.append("Connection: close")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        first = await reader.read(1)
        if not first:
            raise ConnectionIdle
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        status = int(head[0].split()[1])
        headers = {key.lower(): value.strip() for key, _colon, value in (line.partition(":") for line in head[1:])}
        await self._body(reader, headers)
        if "set-cookie" in headers:
            key, _equal, value = headers["set-cookie"].split(";")[0].partition("=")
            cookies[key] = value
        if status >= 500:
            self.tally.fail(str(status))
        else:
            self.tally.ok()
        return kind.close or headers.get("connection", "").lower() == "close"

    @staticmethod
    async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        elif "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        else:
            await reader.read()
