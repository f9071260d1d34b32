# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application of these tests: /version, and /hold?until=FILE, which responds when the file exists."""

from __future__ import annotations

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        for until in parse_qs(parts.query).get("until", []):
            deadline = time.monotonic() + 120
            while not Path(until).exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        body = (Path(__file__).parent / "version.txt").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(0))
    address = os.environ["ASPNETCORE_ADDRESS"], int(os.environ["ASPNETCORE_PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()
