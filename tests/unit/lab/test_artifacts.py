# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact server: who may read what, whole or in part."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import artifacts, pki

CONTENT = bytes(range(256)) * 40
LOGIN = base64.b64encode(b"releases:secret:with:colons").decode()


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    directory = tmp_path_factory.mktemp("artifacts")
    (directory / "root" / "shop").mkdir(parents=True)
    (directory / "root" / "shop" / "web.zip").write_bytes(CONTENT)
    (directory / "secret.txt").write_text("not for you")
    authority = pki.Authority(directory / "pki")
    issued = authority.issue("artifacts", ["127.0.0.1"])
    server = artifacts.ArtifactServer(
        {
            "address": "127.0.0.1",
            "port": 0,
            "cert": str(issued.cert),
            "key": str(issued.key),
            "root": str(directory / "root"),
            "users": {"releases": "secret:with:colons"},
        }
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield "127.0.0.1", server.server_address[1], authority.ca
    server.shutdown()
    thread.join()
    server.server_close()


def _ask(
    server: tuple[str, int, Path], path: str, method: str = "GET", login: str = LOGIN, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    address, port, ca = server
    context = ssl.create_default_context(cafile=str(ca))
    connection = http.client.HTTPSConnection(address, port, context=context, timeout=10)
    try:
        sent = {"Authorization": f"Basic {login}", **headers} if login else headers
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()
    finally:
        connection.close()


def test_whole_file(server: tuple[str, int, Path]) -> None:
    status, _unused, body = _ask(server, "/shop/web.zip")
    assert (status, body) == (200, CONTENT)


def test_head_tells_the_size_and_sends_nothing(server: tuple[str, int, Path]) -> None:
    status, headers, body = _ask(server, "/shop/web.zip", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("bytes=10-19", CONTENT[10:20]), ("bytes=10000-", CONTENT[10000:]), ("bytes=-5", CONTENT[-5:])],
)
def test_range(server: tuple[str, int, Path], asked: str, expected: bytes) -> None:
    status, headers, body = _ask(server, "/shop/web.zip", Range=asked)
    assert (status, body) == (206, expected)
    assert headers["Content-Range"].endswith(f"/{len(CONTENT)}")


def test_range_behind_the_end(server: tuple[str, int, Path]) -> None:
    assert _ask(server, "/shop/web.zip", Range="bytes=99999-")[0] == 416


@pytest.mark.parametrize(
    "login", ["", "!!!", base64.b64encode(b"releases:wrong").decode(), base64.b64encode(b"x:y").decode()]
)
def test_wrong_or_no_login(server: tuple[str, int, Path], login: str) -> None:
    status, headers, body = _ask(server, "/shop/web.zip", login=login)
    assert status == 401
    assert "WWW-Authenticate" in headers
    assert CONTENT[:16] not in body


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/shop/../../secret.txt", "/none.zip", "/shop"]
)
def test_nothing_outside_of_the_root_and_no_listing(server: tuple[str, int, Path], path: str) -> None:
    assert _ask(server, path)[0] == 404
