# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy in front of a server: counts the client's messages, cuts the connection, calls a function at a step."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Proxy:
    """Listens on an address; every connection goes to the target. `step` is called before each message of a client."""

    def __init__(self, address: str, target: tuple[str, int], step: Callable[[int], bool]) -> None:
        self._target = target
        self._step = step
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.messages = 0
        self._listener = socket.create_server((address, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            try:
                data = client.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            with self._lock:
                self.messages += 1
                go_on = self._step(self.messages)
            if not go_on:
                self.cut()
                return
            with contextlib.suppress(OSError):
                server.sendall(data)
        _shut(server)

    def _copy(self, source: socket.socket, drain: socket.socket) -> None:
        while True:
            try:
                data = source.recv(65536)
                if not data:
                    break
                drain.sendall(data)
            except OSError:
                break
        _shut(drain)

    def cut(self) -> None:
        """Break all connections, as a firewall or a dying host does."""
        for each in self._sockets:
            _shut(each)

    def close(self) -> None:
        self._listener.close()
        self.cut()
        for each in self._sockets:
            each.close()


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
