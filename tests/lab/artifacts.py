# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTPS artifact server: one directory, read only, behind Basic authentication. `python -m lab.artifacts CONFIG`.

CONFIG is JSON: {address, port, cert, key, root, users: {name: password}}. HEAD, GET and one byte range; no listings.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import shutil
import signal
import ssl
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_TLS_TIMEOUT_S = 20


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for, or None when the range cannot be served. One range only."""
    match = _RANGE.match(header.strip())
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        begin, end = max(size - int(last), 0), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    return (begin, end) if begin <= end else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: ArtifactServer

    def setup(self) -> None:
        # The handshake runs in the connection's own thread: a client that says nothing holds up nobody.
        self.request.settimeout(_TLS_TIMEOUT_S)
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def _authorized(self) -> bool:
        scheme, _unused, encoded = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _unused, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        wanted = self.server.users.get(user)
        return (
            scheme.lower() == "basic" and wanted is not None and hmac.compare_digest(wanted.encode(), password.encode())
        )

    def _refuse(self, status: HTTPStatus, **headers: str) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _serve(self) -> None:
        if not self._authorized():
            self._refuse(HTTPStatus.UNAUTHORIZED, WWW_Authenticate='Basic realm="artifacts"')
            return
        path = (self.server.root / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        if not path.is_relative_to(self.server.root) or not path.is_file():
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        size = path.stat().st_size
        begin, end, status = 0, size - 1, HTTPStatus.OK
        if asked := self.headers.get("Range"):
            wanted = parse_range(asked, size)
            if wanted is None:
                self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}")
                return
            (begin, end), status = wanted, HTTPStatus.PARTIAL_CONTENT
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(end - begin + 1))
        self.send_header("Accept-Ranges", "bytes")
        if status is HTTPStatus.PARTIAL_CONTENT:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return
        with path.open("rb") as file:
            file.seek(begin)
            if end == size - 1:
                shutil.copyfileobj(file, self.wfile)
            else:
                self.wfile.write(file.read(end - begin + 1))

    do_GET = _serve  # noqa: N815 - the base class looks for these names
    do_HEAD = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        sys.stderr.write(f"{self.address_string()} {format % args}\n")


class ArtifactServer(ThreadingHTTPServer):
    """Threads, TLS 1.2 or newer, Basic authentication."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, config: dict[str, Any]) -> None:
        self.root = Path(config["root"]).resolve()
        self.users: dict[str, str] = config["users"]
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self.tls.load_cert_chain(config["cert"], config["key"])
        super().__init__((config["address"], config["port"]), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        sys.stderr.write(f"{client_address[0]} {sys.exc_info()[1]!r}\n")


def main(argv: list[str]) -> int:
    server = ArtifactServer(json.loads(Path(argv[0]).read_text()))
    signal.signal(signal.SIGTERM, lambda *_unused: threading.Thread(target=server.shutdown).start())
    print("READY", flush=True)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
