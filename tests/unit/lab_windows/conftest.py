# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Windows host as a process of its own, and unmodified pywinrm to talk to it."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import net
from lab.control import ask
from lab.pki import Authority
from lab.proc import Process
from lab.waiting import LIMIT_S, wait_until
from winrm.protocol import Protocol

TESTS = Path(__file__).resolve().parents[2]
USER, PASSWORD = "deploy", "Pass w0rd!"
APPCMD = r"C:\Windows\System32\inetsrv\appcmd.exe"
SYSTEM32 = "C:\\Windows\\System32\\"

APPLICATION = """
import os, pathlib, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
here = pathlib.Path(__file__).parent
if (here / "broken").exists():
    sys.exit("cannot start")
if (here / "slow").exists():
    time.sleep(float((here / "slow").read_text()))
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words): pass
    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    def do_GET(self):
        if self.path.startswith("/sleep/"):
            time.sleep(float(self.path.split("/")[2]))
        if self.path.startswith("/hold/"):
            while not (here.parent / f"released-{self.path.split('/')[2]}").exists():
                time.sleep(0.01)
        if self.path == "/crash":
            os._exit(3)
        if self.path == "/half":
            self.send_response(200); self.send_header("Content-Length", "100"); self.end_headers()
            self.wfile.write(b"half"); self.wfile.flush(); time.sleep(0.1); os._exit(3)
        if self.path == "/stream":
            self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
            for _ in range(20):
                self.wfile.write(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
            self.wfile.write(b"0\\r\\n\\r\\n")
            return
        if self.path == "/socket":
            self.send_response(101); self.send_header("Connection", "Upgrade"); self.send_header("Upgrade", "websocket")
            self.end_headers()
            while data := self.request.recv(100) if not self.rfile.peek(1) else self.rfile.read1(100):
                self.wfile.write(data.upper()); self.wfile.flush()
            return
        if self.path == "/rude":
            self.close_connection = True
        if self.path == "/headers":
            return self.answer(str(self.headers).encode())
        self.answer(f"{here.name} {os.getpid()}".encode())
    do_HEAD = do_GET
    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            size = 0
            while n := int(self.rfile.readline(), 16):
                size += len(self.rfile.read(n)); self.rfile.readline()
            self.rfile.readline()
        else:
            size = len(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(str(size).encode())
class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
Server((os.environ["ASPNETCORE_ADDRESS"], int(os.environ["ASPNETCORE_PORT"])), Handler).serve_forever()
"""
WEB_CONFIG = (
    '<configuration><system.webServer><aspNetCore processPath="python" arguments=".\\app.py" shutdownTimeLimit="90" />'
    "</system.webServer></configuration>"
)


class Host:
    """A running host, and what tests do with it."""

    def __init__(self, where: net.Net, directory: Path, authority: Authority, config: dict[str, Any]) -> None:
        self.address = where.web(1)
        self.directory = directory
        self.drive = directory / "c"
        self.authority = authority
        self.socket = directory / "control"
        certificate = authority.issue("web01", [self.address, "web01.test"])
        self.config = {
            "name": "WEB01",
            "address": self.address,
            "drive": str(self.drive),
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "ca_bundle": str(authority.ca),
            "users": {USER: PASSWORD, "other": "0ther!"},
            "pools": [{"name": "shop", "shutdown_time_limit_s": 90}],
            "sites": [
                {
                    "name": "Shop",
                    "id": 1,
                    "pool": "shop",
                    "path": r"C:\releases\shop\1",
                    "bindings": ["http/*:8080:shop.test"],
                }
            ],
            "control": str(self.socket),
            "log": str(directory / "events.log"),
        } | config
        self.process: Process | None = None
        self.write_release("1")

    def write_release(self, version: str, **extra: str) -> Path:
        """A release of the test application."""
        directory = self.drive / "releases" / "shop" / version
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "app.py").write_text(APPLICATION)
        (directory / "web.config").write_text(WEB_CONFIG)
        for name, text in extra.items():
            (directory / name).write_text(text)
        return directory

    def release(self, name: str) -> None:
        """Ends the requests of /hold/NAME."""
        (self.drive / "releases" / "shop" / f"released-{name}").touch()

    def start(self) -> None:
        file = self.directory / "config.json"
        file.write_text(json.dumps(self.config))
        environ = {"PYTHONPATH": str(TESTS)}
        self.process = Process("host", [sys.executable, "-m", "lab.windows", file], self.directory, env=environ)
        self.process.wait_ready(LIMIT_S)

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def ask(self, **orders: Any) -> dict[str, Any]:
        return ask(self.socket, orders)

    def protocol(self, **options: Any) -> Protocol:
        known = {
            "endpoint": f"http://{self.address}:5985/wsman",
            "transport": "ntlm",
            "username": USER,
            "password": PASSWORD,
        }
        return Protocol(**(known | options))

    def get(self, path: str = "/", host: str = "shop.test", timeout_s: float = LIMIT_S) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, 8080, timeout=timeout_s)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


class Shell:
    """One remote shell: run a program, get its exit code and its output."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.id = protocol.open_shell(codepage=65001)

    def run(self, program: str, *arguments: str, stdin: bytes | None = None, skip: bool = True) -> tuple[int, str, str]:
        code, out, err = self.raw(program, *arguments, stdin=stdin, skip=skip)
        return code, out.decode(), err.decode()

    def raw(
        self, program: str, *arguments: str, stdin: bytes | None = None, skip: bool = True
    ) -> tuple[int, bytes, bytes]:
        command = self.protocol.run_command(
            self.id, program, arguments, console_mode_stdin=stdin is None, skip_cmd_shell=skip
        )
        if stdin is not None:
            for start in range(0, max(len(stdin), 1), 100_000):
                end = start + 100_000 >= len(stdin)
                self.protocol.send_command_input(self.id, command, stdin[start : start + 100_000], end=end)
        out, err, code = self.protocol.get_command_output(self.id, command)
        self.protocol.cleanup_command(self.id, command)
        return code, out, err

    def cmd(self, line: str) -> tuple[int, str, str]:
        return self.run(line, skip=False)

    def appcmd(self, *arguments: str) -> tuple[int, str]:
        code, out, _unused = self.run(APPCMD, *arguments)
        return code, out


Factory = Callable[..., Host]


@pytest.fixture(name="hosts", scope="module")
def _hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    """Starts hosts with settings of their own; each has a loopback net to itself."""
    running: list[Host] = []
    stack: list[Any] = []

    def start(**config: Any) -> Host:
        manager = net.allocate(first=180)
        where = manager.__enter__()
        stack.append(manager)
        directory = tmp_path_factory.mktemp("windows")
        host = Host(where, directory, Authority(directory / "pki"), config)
        running.append(host)
        host.start()
        return host

    yield start
    for host in running:
        host.stop()
    for manager in stack:
        manager.__exit__(None, None, None)


@pytest.fixture(name="host", scope="module")
def _host(hosts: Factory) -> Host:
    return hosts()


@pytest.fixture(name="shell")
def _shell(host: Host) -> Iterator[Shell]:
    shell = Shell(host.protocol())
    yield shell
    shell.protocol.close_shell(shell.id)


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    return wait_until


@pytest.fixture(name="open_shell")
def _open_shell() -> Callable[[Protocol], Shell]:
    return Shell
