# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching over HTTP and HTTPS with Python's own client, and Windows' trust: the machine's roots."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from ...drive import Refused
from ...process import Context, Unsimulated
from .options import CurlError, Options

_TLS = {"1.0": ssl.TLSVersion.TLSv1_2, "1.1": ssl.TLSVersion.TLSv1_2, "1.2": ssl.TLSVersion.TLSv1_2}
_TLS["1.3"] = ssl.TLSVersion.TLSv1_3
_REDIRECTS = (301, 302, 303, 307, 308)
_PART = 1 << 16


@dataclass
class Answer:
    """What a transfer ended with."""

    status: int
    size: int
    headers: str
    url: str


class Transfer:
    """One attempt to fetch one URL."""

    def __init__(self, context: Context, options: Options, deadline: float | None) -> None:
        self._context = context
        self._options = options
        self._deadline = deadline
        self._redirected = False

    def run(self, url: str, write: Callable[[bytes], None]) -> Answer:
        origin = urlsplit(url).netloc
        for _unused in range(self._options.max_redirs + 1):
            connection, answer = self._request(url, urlsplit(url).netloc == origin)
            try:
                location = answer.getheader("Location")
                if self._options.location and answer.status in _REDIRECTS and location:
                    url = urljoin(url, location)
                    self._redirected = True
                    continue
                if (self._options.fail or self._options.fail_with_body) and answer.status >= 400:
                    raise CurlError(22, f"The requested URL returned error: {answer.status} {answer.reason}")
                return self._body(url, answer, write)
            finally:
                connection.close()
        raise CurlError(47, f"Maximum ({self._options.max_redirs}) redirects followed")

    def _left(self, most: float) -> float:
        if self._deadline is None:
            return most
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise CurlError(28, "Operation timed out")
        return min(left, most)

    def _request(self, url: str, same_host: bool) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        parts = urlsplit(url if "://" in url else "http://" + url)
        if parts.scheme not in ("http", "https"):
            raise CurlError(1, f'Protocol "{parts.scheme}" not supported or disabled in libcurl')
        allowed = self._options.proto_redir if self._redirected else self._options.proto
        if allowed is not None and parts.scheme not in allowed.lstrip("=").split(","):
            raise CurlError(1, f'Protocol "{parts.scheme}" not supported or disabled in libcurl')
        host = parts.hostname
        if not host:
            raise CurlError(3, "<url> malformed")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        raw = self._connect(host, port)
        connection = http.client.HTTPConnection(host, port)
        wire = self._secure(raw, host) if parts.scheme == "https" else raw
        self._context.on_cancel.append(lambda: _shut(wire))
        connection.sock = wire
        connection.sock.settimeout(self._left(self._options.speed_time if self._options.speed_limit else 300))
        target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        headers = {"User-Agent": self._agent(), "Accept": "*/*"}
        user = self._options.user
        if user is None and parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        if user is not None and same_host:
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        for header in self._options.headers:
            name, _unused, value = header.partition(":")
            headers[name] = value.strip()
        try:
            connection.request("HEAD" if self._options.head else "GET", target, headers=headers)
            return connection, connection.getresponse()
        except TimeoutError:
            raise CurlError(28, "Operation timed out") from None
        except http.client.RemoteDisconnected:
            raise CurlError(52, "Empty reply from server") from None
        except (OSError, http.client.HTTPException) as error:
            raise CurlError(56, f"Recv failure: {error}") from error

    def _agent(self) -> str:
        agent = self._options.user_agent
        return f"curl/{self._options.version}" if agent == "curl" else agent

    def _connect(self, host: str, port: int) -> socket.socket:
        try:
            return socket.create_connection((host, port), timeout=self._left(self._options.connect_timeout))
        except socket.gaierror:
            raise CurlError(6, f"Could not resolve host: {host}") from None
        except TimeoutError:
            raise CurlError(28, "Connection timed out") from None
        except OSError:
            raise CurlError(7, f"Failed to connect to {host} port {port}: Connection refused") from None

    def _secure(self, raw: socket.socket, host: str) -> ssl.SSLSocket:
        config = self._context.machine.config
        trust = self._trust()
        trust.minimum_version = _TLS[self._options.tls_minimum or "1.2"]
        if self._options.insecure:
            trust.check_hostname = False
            trust.verify_mode = ssl.CERT_NONE
        elif config.revocation_check and not (self._options.no_revoke or self._options.revoke_best_effort):
            raw.close()
            raise CurlError(
                35,
                "schannel: next InitializeSecurityContext failed: Unknown error (0x80092012) - The revocation function "
                "was unable to check revocation for the certificate.",
            )
        try:
            return trust.wrap_socket(raw, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raw.close()
            if "mismatch" in error.verify_message.lower() or "not valid for" in error.verify_message.lower():
                text = "schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL (0x80090322)"
                raise CurlError(60, f"{text} - The target principal name is incorrect.") from error
            raise CurlError(
                60,
                "schannel: SEC_E_UNTRUSTED_ROOT (0x80090325) - The certificate chain was issued by an authority that "
                "is not trusted.",
            ) from error
        except TimeoutError:
            raise CurlError(28, "SSL connection timeout") from None
        except OSError as error:
            raise CurlError(35, f"schannel: failed to receive handshake, SSL/TLS connection failed: {error}") from error

    def _trust(self) -> ssl.SSLContext:
        """The machine's roots, or those that --cacert names instead."""
        machine = self._context.machine
        if self._options.cacert is not None:
            try:
                return ssl.create_default_context(
                    cafile=str(machine.drive.local(self._options.cacert, self._context.cwd))
                )
            except (Refused, OSError):
                raise CurlError(77, "schannel: failed to open CA file") from None
        bundle = machine.config.ca_bundle
        return ssl.create_default_context(cafile=str(bundle) if bundle else None)

    def _body(self, url: str, answer: http.client.HTTPResponse, write: Callable[[bytes], None]) -> Answer:
        expected = answer.length
        limit = self._options.max_filesize
        if limit is not None and expected is not None and expected > limit:
            raise CurlError(63, "Maximum file size exceeded")
        lines = f"HTTP/1.1 {answer.status} {answer.reason}\r\n"
        headers = lines + "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()) + "\r\n"
        if self._options.head or self._options.include:
            write(headers.encode("latin-1"))
        size = 0
        while True:
            self._context.check()
            self._left(300)
            try:
                part = answer.read1(_PART)
            except TimeoutError:
                raise CurlError(28, f"Operation timed out with {size} bytes received") from None
            except (OSError, http.client.HTTPException) as error:
                raise CurlError(56, f"Recv failure: {error}") from error
            if not part:
                break
            size += len(part)
            try:
                write(part)
            except Refused:
                raise CurlError(23, "Failed writing body") from None
        if expected is not None and size < expected and not self._options.head:
            raise CurlError(18, f"transfer closed with {expected - size} bytes remaining to read")
        return Answer(answer.status, size, headers, url)


def _shut(raw: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        raw.shutdown(socket.SHUT_RDWR)


def refuse_proxy(context: Context) -> None:
    """The lab has no proxies; a proxy in the environment would be used by real curl."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        if context.env.get(name):
            raise Unsimulated(f"curl: a proxy in {name}")
