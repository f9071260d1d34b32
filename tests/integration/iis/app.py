# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application of these tests, behind the ASP.NET Core Module: a simulated one, or that of IIS.

/version            responds with the content of version.txt
/hold?name=N        responds with it when /release?name=N was requested, at the latest after two minutes
/held?name=N        200 when /hold?name=N has begun, else 404
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# Files, because after a recycle or a switch another process gets the requests that ask for or release the held one.
MARKS = Path(tempfile.gettempdir())


def mark(kind: str, name: str) -> Path:
    return MARKS / f"zero-downtime-{kind}-{name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5  # an idle connection does not keep a process from its end

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parse_qs(parts.query).get("name", [""])[0]
        status = 200
        if parts.path == "/hold":
            self.hold(name)
        elif parts.path == "/held":
            status = 200 if mark("held", name).exists() else 404
        elif parts.path == "/release":
            mark("released", name).touch()
        self.answer(status, (Path(__file__).parent / "version.txt").read_bytes())

    def do_POST(self) -> None:
        """The ASP.NET Core Module asks an application to end by a request with this header."""
        self.answer(202, b"")
        if self.headers.get("MS-ASPNETCORE-EVENT") == "shutdown":
            threading.Thread(target=self.server.shutdown).start()

    def hold(self, name: str) -> None:
        mark("held", name).touch()
        deadline = time.monotonic() + 120
        while not mark("released", name).exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(0))
    address = os.environ.get("ASPNETCORE_ADDRESS", "127.0.0.1"), int(os.environ["ASPNETCORE_PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()
