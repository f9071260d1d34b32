# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer that comes byte by byte: the deadline ends it, although each byte restarts a socket's timeout."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.client import DirectTransport
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import Request, TransportFailure
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._apache.manager import HttpPages
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.runtime import (
    Endpoint,
    SocketTransport,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import Unreachable

LIMIT_S = 1.5
IN_TIME_S = 15
PAUSE_S = 0.1
ENDLESS = b"x" * 100_000


class Dripper:
    """Sends an answer byte by byte to whoever connects."""

    def __init__(self, listener: socket.socket) -> None:
        self.answer = b""
        self.at_once = b""
        self._listener = listener
        self._ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(4096)
                connection.sendall(self.at_once)
                for byte in self.answer:
                    if self._ended.wait(PAUSE_S):
                        return
                    connection.sendall(bytes([byte]))
            except OSError:
                return

    def end(self) -> None:
        self._ended.set()
        self._listener.close()


@pytest.fixture
def dripper() -> Iterator[tuple[Dripper, str]]:
    """A dripping server, and its host:port."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Dripper(listener)
    host, port = listener.getsockname()
    yield made, f"{host}:{port}"
    made.end()


@pytest.fixture
def dripping_socket(tmp_path: Path) -> Iterator[tuple[Dripper, Path]]:
    listener = socket.socket(socket.AF_UNIX)
    path = tmp_path / "s"
    listener.bind(str(path))
    listener.listen()
    made = Dripper(listener)
    yield made, path
    made.end()


def took(work: Callable[[], object], error: type[Exception], message: str) -> float:
    began = time.monotonic()
    with pytest.raises(error, match=message):
        work()
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("scheme", "at_once", "answer"),
    [
        ("http", b"", b"HTTP/1.1 200 OK\r\nX-A: " + ENDLESS),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", ENDLESS),
        ("http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", ENDLESS),
        ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        # A TLS handshake record of 16 KiB, of which every byte comes.
        ("https", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0" * 100_000),
    ],
    ids=["headers", "body", "chunks", "continue", "handshake"],
)
def test_a_response_that_drips(dripper: tuple[Dripper, str], scheme: str, at_once: bytes, answer: bytes) -> None:
    server, where = dripper
    server.at_once, server.answer = at_once, answer
    request = Request(f"{scheme}://{where}/", timeout_s=LIMIT_S)
    message = "no complete answer from .* within 1.5 s"
    assert took(lambda: DirectTransport().send(request), TransportFailure, message) < IN_TIME_S


def test_a_chunk_of_less_than_nothing_is_no_chunk(dripper: tuple[Dripper, str]) -> None:
    """http.client would read all that comes."""
    server, where = dripper
    server.at_once = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"a" * 1000
    request = Request(f"http://{where}/", timeout_s=5)
    message = "closed the connection before its answer was complete"
    assert took(lambda: DirectTransport().send(request), TransportFailure, message) < 4


def test_a_page_of_apache_that_drips(dripper: tuple[Dripper, str]) -> None:
    server, where = dripper
    server.at_once, server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", ENDLESS
    pages = HttpPages(f"http://{where}/balancer-manager", None, timeout_s=LIMIT_S)
    assert took(lambda: pages.get({}), Unreachable, "cannot be reached: no complete answer") < IN_TIME_S


def test_an_answer_of_haproxy_that_drips(dripping_socket: tuple[Dripper, Path]) -> None:
    server, path = dripping_socket
    server.answer = ENDLESS
    transport = SocketTransport(Endpoint(path=str(path)), timeout_s=LIMIT_S)
    assert took(lambda: transport.exchange("show stat"), Unreachable, "did not answer 'show stat'") < IN_TIME_S


def test_an_answer_that_comes_at_once_is_read(
    dripper: tuple[Dripper, str], dripping_socket: tuple[Dripper, Path]
) -> None:
    """The twin."""
    server, where = dripper
    server.at_once = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert DirectTransport().send(Request(f"http://{where}/", timeout_s=30)).body == b"ok"
    by_socket, path = dripping_socket
    by_socket.at_once = b"pid: 1\n\n"
    assert SocketTransport(Endpoint(path=str(path)), timeout_s=30).exchange("show info") == "pid: 1\n\n"
