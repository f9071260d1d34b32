# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small web server that a farm's load balancer sends users to: `python -m lab.haproxy.origin ADDRESS [options]`.

/fast answers after 4 ms, /slow/SECONDS after that time, /stream/SECONDS sends a piece every 100 ms, /hold answers until
a file is there, /websocket becomes a WebSocket that sends back what comes, /health tells whether it is warm. Any path
answers 500 until the server is warm. It answers raw lines too (TCP mode), and an agent-check. It is one process, so
that a test can kill it as a crash would.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import sys
import time
from pathlib import Path

from .farm import AGENT_PORT

_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def _upgraded(head: bytes) -> bytes:
    """The answer to a client's opening handshake."""
    lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n") if b": " in line)
    original = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    assert lines[b"upgrade"] == b"websocket"
    key = next(value for name, value in original.items() if name.lower() == b"sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Origin:
    def __init__(self, cold_s: float, cold_until: str, agent: str, release: str) -> None:
        self._release = Path(release)
        self._warm_at = time.monotonic() + cold_s
        self._cold_until = Path(cold_until) if cold_until else None
        self._agent = agent
        self.in_flight = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                self.in_flight += 1
                try:
                    if path == "/websocket":
                        writer.write(_upgraded(head))
                        while frame := await reader.read(4096):
                            writer.write(frame)
                        break
                    await self._answer(path.split("?")[0], writer)
                finally:
                    self.in_flight -= 1
                if b"connection: close" in head.lower():
                    break
        writer.close()

    def _cold(self) -> bool:
        waits = self._cold_until is not None and not self._cold_until.exists()
        return waits or time.monotonic() < self._warm_at

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        parts = path.strip("/").split("/")
        if self._cold():
            writer.write(b"HTTP/1.1 500 Cold\r\nContent-Length: 4\r\n\r\ncold")
        elif parts[0] == "stream":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _piece in range(int(float(parts[1]) * 10)):
                writer.write(b"5\r\npiece\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
            writer.write(b"0\r\n\r\n")
        elif parts[0] == "hold":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nheld\r\n")
            await writer.drain()
            while not self._release.exists():
                await asyncio.sleep(0.03)
            writer.write(b"0\r\n\r\n")
        else:
            await asyncio.sleep(float(parts[1]) if parts[0] == "slow" else 0.004)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    async def agent(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._agent.encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


async def run(arguments: argparse.Namespace) -> None:
    origin = Origin(arguments.cold, arguments.cold_until, arguments.agent, arguments.release)
    await asyncio.start_server(origin.serve, arguments.address, arguments.port)
    if arguments.agent:
        await asyncio.start_server(origin.agent, arguments.address, AGENT_PORT)
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    await asyncio.sleep(arguments.life)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--cold", type=float, default=0.0, help="seconds until it is warm")
    parser.add_argument("--cold-until", default="", help="the file that makes it warm when it is there")
    parser.add_argument("--agent", default="", help="what the agent-check answers")
    parser.add_argument("--release", default="/nonexistent", help="the file that ends /hold when it is there")
    parser.add_argument("--life", type=float, default=600.0, help="seconds after which it ends by itself")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
