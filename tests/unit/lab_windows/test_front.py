# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP front: names, bodies in both directions, keep-alive, what is malformed."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from lab.waiting import LIMIT_S


def exchange(host: Any, data: bytes) -> bytes:
    """Sends bytes and reads until the server closes."""
    with socket.create_connection((host.address, 8080), timeout=LIMIT_S) as raw:
        raw.sendall(data)
        parts = []
        while part := raw.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_names(host: Any) -> None:
    assert host.get()[0] == 200
    assert host.get(host="SHOP.test:8080")[0] == 200
    assert host.get(host="other.test")[0] == 404
    assert exchange(host, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    two = b"GET / HTTP/1.1\r\nHost: shop.test\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
    assert exchange(host, two).startswith(b"HTTP/1.1 400 ")
    assert exchange(host, b"this is no HTTP\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_keep_alive_and_pipelined_requests(host: Any) -> None:
    connection = http.client.HTTPConnection(host.address, 8080, timeout=LIMIT_S)
    for _unused in range(5):
        connection.request("GET", "/", headers={"Host": "shop.test"})
        assert connection.getresponse().read()
        assert connection.sock is not None
    connection.close()
    one, last = (
        b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n",
    )
    assert exchange(host, one + one + last).count(b"HTTP/1.1 200 OK") == 3
    old = exchange(host, b"GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 200")
    head = exchange(host, last.replace(b"GET", b"HEAD"))
    assert head.startswith(b"HTTP/1.1 200")
    assert head.endswith(b"\r\n\r\n")


def body() -> Iterator[bytes]:
    for _unused in range(40):
        yield b"y" * 50_000


def test_bodies_are_streamed(host: Any) -> None:
    connection = http.client.HTTPConnection(host.address, 8080, timeout=LIMIT_S)
    connection.request("GET", "/stream", headers={"Host": "shop.test"})
    assert len(connection.getresponse().read()) == 20 * 65536
    connection.request("POST", "/", body=b"z" * 3_000_000, headers={"Host": "shop.test"})
    assert connection.getresponse().read() == b"3000000"
    connection.request("POST", "/", body=body(), headers={"Host": "shop.test"}, encode_chunked=True)
    assert connection.getresponse().read() == b"2000000"
    connection.close()
    expecting = (
        b"POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.address, 8080), timeout=LIMIT_S) as raw:
        raw.sendall(expecting)
        assert raw.recv(100).startswith(b"HTTP/1.1 100 Continue")
        raw.sendall(b"abc")
        answer = raw.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")


def test_the_application_sees_the_client_address(host: Any) -> None:
    connection = http.client.HTTPConnection(host.address, 8080, timeout=LIMIT_S)
    connection.request(
        "GET", "/headers", headers={"Host": "shop.test", "X-Forwarded-For": "192.0.2.1", "Connection": "keep-alive"}
    )
    text = connection.getresponse().read().decode()
    connection.close()
    assert "X-Forwarded-For: 192.0.2.1, 127." in text
    assert "Host: shop.test" in text
    assert "MS-ASPNETCORE-TOKEN: " in text
    assert "Connection:" not in text


def test_an_application_that_closes_idle_connections_loses_no_reads(host: Any) -> None:
    for _unused in range(15):
        assert [host.get("/rude")[0], host.get()[0]] == [200, 200]


def test_a_client_that_goes_away_leaves_nothing_in_flight(host: Any, until: Any) -> None:
    raw = socket.create_connection((host.address, 8080), timeout=LIMIT_S)
    raw.sendall(b"GET /hold/client HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    until(lambda: host.ask(state=True)["state"]["pools"]["shop"]["in_flight"] == 1)
    raw.close()
    until(lambda: host.ask(state=True)["state"]["pools"]["shop"]["in_flight"] == 0)
    host.release("client")


def test_a_binding_with_tls(hosts: Any) -> None:
    host = hosts(
        sites=[
            {
                "name": "Shop",
                "id": 1,
                "pool": "shop",
                "path": r"C:\releases\shop\1",
                "bindings": ["https/*:8443:web01.test"],
            }
        ]
    )
    context = ssl.create_default_context(cafile=str(host.authority.ca))
    connection = http.client.HTTPSConnection(host.address, 8443, timeout=LIMIT_S, context=context)
    connection.request("GET", "/headers", headers={"Host": "web01.test"})
    assert "X-Forwarded-Proto: https" in connection.getresponse().read().decode()
    connection.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection(host.address, 8443, timeout=LIMIT_S, context=ssl.create_default_context()).request(
            "GET", "/"
        )


def upgrade(host: Any, path: str) -> socket.socket:
    raw = socket.create_connection((host.address, 8080), timeout=LIMIT_S)
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly".encode()
    )
    return raw


def test_a_websocket_is_a_request_in_flight_until_it_ends(hosts: Any, open_shell: Any, until: Any) -> None:
    host = hosts(pools=[{"name": "shop", "shutdown_time_limit_s": 5}])
    shell = open_shell(host.protocol())
    raw = upgrade(host, "/socket")
    with raw:
        seen = b""
        while not seen.endswith(b"EARLY"):
            seen += raw.recv(1000)
        assert seen.startswith(b"HTTP/1.1 101 ")
        raw.sendall(b"more")
        assert raw.recv(100) == b"MORE"
        assert shell.appcmd("list", "requests")[0] == 0
        shell.appcmd("stop", "apppool", "/apppool.name:shop")
        assert host.get()[0] == 503
        raw.sendall(b"x")
        assert raw.recv(100) == b"X"
        with pytest.raises(ConnectionResetError):
            raw.recv(100)  # cut at the pool's limit
    until(lambda: shell.appcmd("list", "apppool", "/text:state")[1] == "Stopped\r\n")
    shell.appcmd("start", "apppool", "/apppool.name:shop")
    with upgrade(host, "/") as raw:  # an application that does not switch
        answer = raw.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_page_while_the_application_is_offline(host: Any, shell: Any) -> None:
    assert host.get()[0] == 200
    page = host.drive / "releases" / "shop" / "1" / "app_offline.htm"
    page.write_text("back at noon")
    try:
        assert host.get() == (503, "back at noon")
        assert shell.appcmd("list", "wp")[0] in (0, 1)
    finally:
        page.unlink()
    assert host.get()[0] == 200
