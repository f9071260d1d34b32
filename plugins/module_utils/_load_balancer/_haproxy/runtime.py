# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's runtime API: commands over a unix or a TCP socket, one connection for each exchange.

A connection of its own for each exchange keeps the module with the process that serves now: a connection that was
opened before a reload would go on speaking to the old process.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import socket
import stat
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadReply, Refused, Unreachable

MOST_BYTES = 64 * 1024 * 1024
_HOST_PORT = re.compile(r"(?:(?:ipv[46]|tcp)@)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})\Z")


@dataclass(frozen=True)
class Endpoint:
    """The address of a socket: a path, or a host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, text: str, option: str) -> Endpoint:
        """Parsed from an option: /path, unix@/path, host:port, [address]:port."""
        path = text[len("unix@") :] if text.startswith("unix@") else text
        if path.startswith("/") and "\0" not in path:
            return cls(path=path)
        match = _HOST_PORT.match(text)
        if match and 0 < int(match.group(3)) <= 65535:
            return cls(host=match.group(1) or match.group(2), port=int(match.group(3)))
        raise Refused(f"{option} is {text!r}: an absolute path of a unix socket, or host:port, is expected.")


class Transport(ABC):
    """Sends one line of commands and returns the whole answer."""

    @abstractmethod
    def exchange(self, line: str) -> str:
        """Raises Unreachable."""

    @property
    @abstractmethod
    def where(self) -> str:
        """The address, for messages."""


class SocketTransport(Transport):
    """A transport over a real socket."""

    def __init__(self, endpoint: Endpoint, option: str = "socket", timeout_s: float = 5.0) -> None:
        self.endpoint = endpoint
        self._option = option
        self._timeout_s = timeout_s

    @property
    def where(self) -> str:
        return str(self.endpoint)

    def exchange(self, line: str) -> str:
        if not line.isascii() or not line.isprintable():
            raise Refused(f"The command {line!r} has characters that HAProxy's runtime API does not take.")
        received = []
        size = 0
        end = time.monotonic() + self._timeout_s
        try:
            with self._connect() as connection:
                connection.sendall(line.encode("ascii") + b"\n")
                connection.shutdown(socket.SHUT_WR)
                while True:
                    # The socket's own timeout begins again with each byte.
                    connection.settimeout(_left_s(end))
                    data = connection.recv(65536)
                    if not data:
                        break
                    received.append(data)
                    size += len(data)
                    if size > MOST_BYTES:
                        raise BadReply(f"HAProxy's answer to '{line}' is larger than {MOST_BYTES} bytes.")
        except socket.timeout:
            raise Unreachable(
                f"HAProxy at {self.endpoint} did not answer '{line}' within {self._timeout_s:g} s: is it overloaded, "
                f"or is this not its runtime API?"
            ) from None
        except OSError as error:
            raise self._explained(error) from None
        return b"".join(received).decode("utf-8", "replace")

    def _connect(self) -> socket.socket:
        if not self.endpoint.path:
            return socket.create_connection((self.endpoint.host, self.endpoint.port), self._timeout_s)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self._timeout_s)
            connection.connect(self.endpoint.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _explained(self, error: OSError) -> Exception:
        option, endpoint = self._option, self.endpoint
        hint = "a line 'stats socket' in its global section makes one"
        if option == "master_socket":
            hint = "option -S of the haproxy program makes one"
        if not endpoint.path:
            return Unreachable(
                f"HAProxy's API at {endpoint} (option {option}) cannot be reached: {error.strerror or error}. Is "
                f"HAProxy running, does it listen there ({hint}), and does a firewall let this host through?"
            )
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return Unreachable(
                f"HAProxy's socket {endpoint} (option {option}) does not exist on this host: is HAProxy running here, "
                f"and does it have a socket there ({hint})?"
            )
        if error.errno in {errno.EACCES, errno.EPERM}:
            return Refused(
                f"HAProxy's socket {endpoint} (option {option}) may not be opened by user {_user()}: use become, or "
                f"give that user's group access to the socket (options mode and group of the line that makes it)."
            )
        if error.errno == errno.ECONNREFUSED:
            if not _is_socket(endpoint.path):
                return Refused(f"{endpoint} (option {option}) is not a socket: the path of HAProxy's is expected.")
            return Unreachable(
                f"Nobody listens on HAProxy's socket {endpoint} (option {option}): HAProxy is not running."
            )
        return Unreachable(f"Speaking to HAProxy at {endpoint} (option {option}) failed: {error.strerror or error}.")


def _left_s(end: float) -> float:
    """The time until then. Raises socket.timeout when it has come."""
    left = end - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return True


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
