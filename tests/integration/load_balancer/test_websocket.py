# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSockets never end by themselves: at the deadline the drain does what the user chose, and says how many it cut."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from lab.haproxy.module import lb_member
from lab.haproxy.scene import Scene, scene
from lab.waiting import LIMIT_S

FRAME = b"\x81\x85\x01\x02\x03\x04" + bytes(c ^ k for c, k in zip(b"hello", b"\x01\x02\x03\x04\x01", strict=True))
CLIENTS = 4


@pytest.fixture(name="made")
def _made() -> Iterator[Scene]:
    with scene() as made:
        yield made


def _open(made: Scene) -> socket.socket:
    client = socket.create_connection(made.balancer.frontend, timeout=LIMIT_S)
    client.sendall(
        b"GET /websocket HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer  # RFC 6455, section 1.3
    return client


def _alive(client: socket.socket) -> bool:
    try:
        client.sendall(FRAME)
        return client.recv(4096) == FRAME
    except OSError:
        return False


def test_the_policy_at_the_deadline_decides(made: Scene) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(_open(made))) for _number in range(CLIENTS)]
        made.wait_busy(CLIENTS // 2)
        there = int(made.balancer.column("scur", "web01"))
        options: dict[str, Any] = {"state": "drained", "socket": str(made.balancer.admin), "timeout_s": 1.0}

        restored = lb_member(**options)
        assert restored["failed"]
        assert f"still had {there} requests in flight" in restored["msg"]
        assert made.balancer.status() == "UP"
        assert [_alive(client) for client in clients] == [True] * CLIENTS

        cut = lb_member(on_timeout="cut", **options)
        assert not cut.get("failed"), cut
        assert cut["cut"] == there
        assert made.balancer.status() == "MAINT"
        assert [_alive(client) for client in clients].count(False) == there
