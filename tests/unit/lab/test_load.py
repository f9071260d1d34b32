# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator against a server that misbehaves in each way: every failure has its own name, none is retried."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from lab.load.generator import Generator, LoadConfig, outcome_of
from lab.load.http import Answer, Client, Failed
from lab.waiting import LIMIT_S

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REQUEST = b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"


async def _with_server(behaviour: Behaviour, work: Callable[[int], Awaitable[None]]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await work(server.sockets[0].getsockname()[1])


def _failure(behaviour: Behaviour, timeout_s: float) -> str:
    found = ""

    async def work(port: int) -> None:
        nonlocal found
        with pytest.raises(Failed) as failed:
            await Client("127.0.0.1", port).send(REQUEST, timeout_s, keep_alive=True)
        found = failed.value.kind

    asyncio.run(_with_server(behaviour, work))
    return found


async def _close_at_once(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _close_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def _say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def _talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail server ready\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("behaviour", "timeout_s", "kind"),
    [
        (_close_at_once, LIMIT_S, "reset"),
        (_close_in_the_middle, LIMIT_S, "truncated"),
        (_say_nothing, 0.3, "timed_out"),
        (_talk_nonsense, LIMIT_S, "malformed"),
    ],
)
def test_each_failure_has_its_own_name(behaviour: Behaviour, timeout_s: float, kind: str) -> None:
    assert _failure(behaviour, timeout_s) == kind


def test_a_closed_port_is_refused() -> None:
    async def work() -> str:
        server = await asyncio.start_server(_say_nothing, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(Failed) as failed:
            await Client("127.0.0.1", port).send(REQUEST, LIMIT_S, keep_alive=True)
        return failed.value.kind

    assert asyncio.run(work()) == "refused"


def test_keep_alive_reuses_a_connection_and_close_does_not() -> None:
    connections = 0

    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok")

    async def work(port: int) -> None:
        client = Client("127.0.0.1", port)
        for _unused in range(3):
            answer = await client.send(REQUEST, LIMIT_S, keep_alive=True)
            assert (answer.status, answer.body, answer.set_cookies) == (200, b"ok", ["a=1", "b=2"])
        assert connections == 1
        for _unused in range(3):
            await client.send(REQUEST, LIMIT_S, keep_alive=False)
        assert connections == 4
        client.close()

    asyncio.run(_with_server(behaviour, work))


@pytest.mark.parametrize(
    ("kind", "status", "body", "outcome"),
    [
        ("read", 200, b'{"things": []}', "ok"),
        ("read", 503, b"", "5xx"),
        ("read", 404, b"", "unexpected_status"),
        ("asset", 404, b"", "asset_404"),
        ("read", 200, b"not json", "wrong_answer"),
        ("read", 200, b"{}", "wrong_answer"),
    ],
)
def test_the_outcome_of_an_answer(kind: str, status: int, body: bytes, outcome: str) -> None:
    answer = Answer(status=status, body=body)
    assert outcome_of(kind, answer, 200, lambda a: isinstance(json.loads(a.body)["things"], list), "wrong") == outcome


def test_open_loop_sends_on_time_while_nothing_is_answered() -> None:
    async def work(port: int) -> None:
        config = LoadConfig("127.0.0.1", port, "shop.test", rate=50, slow_rate=5, timeout_s=1.5, max_duration_s=1.0)
        generator = Generator(config)
        await generator.run()
        sent = len(generator.records)
        assert 40 <= sent <= 65, sent
        assert {record.outcome for record in generator.records} == {"timed_out"}
        assert generator.acknowledged == []

    asyncio.run(_with_server(_say_nothing, work))
