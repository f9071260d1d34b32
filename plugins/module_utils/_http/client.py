# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport over a real socket, directly to the address in the url: proxies of the environment are ignored.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time

from .._text import excerpt
from .masking import without
from .transport import InvalidRequest, Request, Response, Transport, TransportFailure


class DirectTransport(Transport):
    """A new connection for each request, so that every probe goes through connect, TLS and the application."""

    def __init__(self, validate_certs: bool = True, ca_path: str | None = None) -> None:
        self._validate_certs = validate_certs
        self._ca_path = ca_path

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._ca_path)
        except (OSError, ssl.SSLError) as error:
            raise InvalidRequest(
                f"ca_path is {self._ca_path}: a readable file of CA certificates in PEM format was expected, "
                f"but {error}"
            ) from error
        if not self._validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def send(self, request: Request) -> Response:
        context = self._context() if request.split.scheme == "https" else None
        exchange = _Exchange(request, context)
        return exchange.run()


class _Answer(http.client.HTTPResponse):
    """A response whose chunks have a length: http.client reads all that comes for a chunk of -1 bytes."""

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:
            raise http.client.IncompleteRead(b"")
        return size


class _Exchange:
    """One request and its response, both within one time limit, however slowly the bytes arrive."""

    def __init__(self, request: Request, context: ssl.SSLContext | None) -> None:
        self._request = request
        self._context = context
        self._began = time.monotonic()
        self._too_late = False
        self._socket: socket.socket | None = None

    def run(self) -> Response:
        # The socket's own timeout restarts with each byte; this one does not.
        watchdog = threading.Timer(self._request.timeout_s, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._exchange()
        except ssl.SSLCertVerificationError as error:
            raise TransportFailure(self._untrusted(error), permanent=True) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: a name that IDNA does not allow, a length that is none
            raise TransportFailure(self._reason(error)) from error
        finally:
            watchdog.cancel()
            if self._socket is not None:
                self._socket.close()

    def _give_up(self) -> None:
        self._too_late = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: it would remove the TLS object while another thread reads from it.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _exchange(self) -> Response:
        request, split = self._request, self._request.split
        port = split.port or (443 if split.scheme == "https" else 80)
        self._socket = socket.create_connection((split.hostname or "", port), timeout=request.timeout_s)
        if self._context is not None:
            # The handshake apart: the watchdog must know the socket by then.
            self._socket = secured = self._context.wrap_socket(
                self._socket, server_hostname=request.name, do_handshake_on_connect=False
            )
            self._refuse_if_too_late()
            secured.do_handshake()
        self._refuse_if_too_late()
        connection = http.client.HTTPConnection(split.hostname or "", port)
        connection.response_class = _Answer
        connection.sock = self._socket
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", request.host_header)
        connection.putheader("Connection", "close")
        headers_sent = request.all_headers
        given = {name.lower() for name in headers_sent}
        if "user-agent" not in given:
            connection.putheader("User-Agent", "zero_downtime.dotnet.http_probe")
        for name, value in headers_sent.items():
            connection.putheader(name, value)
        if request.data is not None:
            connection.putheader("Content-Length", str(len(request.data)))
        connection.endheaders(request.data)
        answer = connection.getresponse()
        body = answer.read(request.body_limit + 1)
        if len(body) <= request.body_limit and answer.length:
            raise http.client.IncompleteRead(body, answer.length)
        self._refuse_if_too_late()
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return Response(
            status=answer.status,
            reason=answer.reason,
            headers=headers,
            body=body[: request.body_limit],
            truncated=len(body) > request.body_limit,
            latency_ms=round((time.monotonic() - self._began) * 1000),
            url=request.url,
            secrets=tuple(request.secret_headers.values()),
        )

    def _refuse_if_too_late(self) -> None:
        if self._too_late:
            raise socket.timeout

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> str:
        return (
            f"the certificate of {self._request.split.netloc} is not trusted for {self._request.name}: "
            f"{error.verify_message or error}; give its CA as ca_path, or the name it is made out to as host"
        )

    def _reason(self, error: Exception) -> str:
        where = self._request.split.netloc
        if self._too_late or isinstance(error, socket.timeout):
            return f"no complete answer from {where} within {self._request.timeout_s:g} s"
        if isinstance(error, ConnectionRefusedError):
            return f"{where} refused the connection"
        if isinstance(error, socket.gaierror):
            return f"the name {self._request.split.hostname} could not be resolved: {error.strerror}"
        if isinstance(error, (ConnectionError, http.client.IncompleteRead, ssl.SSLEOFError)):
            return f"{where} closed the connection before its answer was complete"
        if isinstance(error, ssl.SSLError):
            return f"TLS with {where} failed: {error.reason or error}"
        if isinstance(error, OSError):
            return f"{where} could not be reached: {error.strerror or error}"
        said = excerpt(without(self._request.secret_headers.values(), str(error)))
        return f"{where} did not answer with HTTP: {type(error).__name__} {said}"
