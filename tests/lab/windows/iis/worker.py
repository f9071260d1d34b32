# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker: one real process that runs the release, from its start to its end.

On Windows w3wp.exe and the application's own process are two; here one process, with one pid, plays both.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from .. import argv
from ..drive import Drive
from . import webconfig
from .errors import HttpError, start_failed
from .request import Request

_SETPRIV = shutil.which("setpriv")
_CONNECT_EVERY_S = 0.05
_INTERPRETERS = {"python", "python.exe", "python3", "python3.exe"}


class Worker:
    """Started by a pool. `on_exit(worker)` is called once, when the process has ended."""

    def __init__(
        self,
        drive: Drive,
        address: str,
        host_name: str,
        directory: Path,
        windows_path: str,
        url_path: str,
        log: Path | None,
        on_exit: Callable[[Worker], None],
        held_after_exit_s: float = 0.0,
    ) -> None:
        self._drive = drive
        self._address = address
        self._host_name = host_name
        self.directory = directory
        self.windows_path = windows_path
        self._url_path = url_path
        self._log = log
        self._on_exit = on_exit
        self._held_after_exit_s = held_after_exit_s
        self._loop = asyncio.get_running_loop()
        self.token = uuid.uuid4().hex
        self.in_flight: set[Request] = set()
        self.retiring = False
        self.was_ready = False
        self.port = 0
        self.pid = 0
        self.last_used = self._loop.time()
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.exited = asyncio.Event()
        self._changed = asyncio.Event()
        self.settings: webconfig.AspNetCore | None = None

    @property
    def address(self) -> tuple[str, int]:
        return self._address, self.port

    # start

    def start(self) -> None:
        """Starts the process; `ready` is done when it listens, or has the reason of the failure."""
        try:
            self.settings = webconfig.read(self.directory)
            command = self._command(self.settings)
            self.port = _free_port(self._address)
            self._spawn(self.settings, command)
        except HttpError as error:
            self._end_before_start(error)
        except OSError as error:
            self._end_before_start(start_failed(str(error)))

    def _command(self, settings: webconfig.AspNetCore) -> list[str]:
        name = settings.process_path.replace("/", "\\")
        if name.lower() in _INTERPRETERS:
            program = sys.executable
        else:
            local = self._drive.local(name, self._drive.windows(self.directory))
            if not local.is_file():
                raise start_failed(f"the program {name} is not there")
            program = str(local)
        where = self._drive.windows(self.directory)
        arguments = argv.split_arguments(settings.arguments)
        return [program, *(str(self._drive.local(a, where)) if a.startswith(".\\") else a for a in arguments)]

    def _spawn(self, settings: webconfig.AspNetCore, command: list[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "NTLM_USER_FILE"} | settings.environment
        environment |= {
            "ASPNETCORE_PORT": str(self.port),
            "ASPNETCORE_ADDRESS": self._address,
            "ASPNETCORE_URLS": f"http://{self._address}:{self.port}",
            "ASPNETCORE_APPL_PATH": self._url_path,
            "ASPNETCORE_TOKEN": self.token,
            "COMPUTERNAME": self._host_name,
        }
        if _SETPRIV:
            command = [_SETPRIV, "--pdeathsig", "KILL", "--", *command]
        output = self._open_output(settings)
        try:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            if output >= 0:
                os.close(output)
        self.pid = self._process.pid
        self._drive.hold(self.directory)
        self._pidfd = os.pidfd_open(self.pid)
        self._loop.add_reader(self._pidfd, self._gone)
        self._starting = self._loop.create_task(self._await_listening(settings.startup_s))

    def _open_output(self, settings: webconfig.AspNetCore) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        if settings.stdout_file is not None:
            # The module adds the time and the process id of w3wp.exe.
            name = f"{settings.stdout_file}_{time.strftime('%Y%m%d%H%M%S', time.gmtime())}_{os.getpid()}.log"
            path = self._drive.local(name, self._drive.windows(self.directory))
            if path.parent.is_dir():
                return os.open(path, flags, 0o644)
        return os.open(self._log, flags, 0o600) if self._log else subprocess.DEVNULL

    async def _await_listening(self, limit_s: float) -> None:
        deadline = self._loop.time() + limit_s
        while not self.exited.is_set():
            try:
                _unused, writer = await asyncio.open_connection(self._address, self.port)
            except OSError:
                if self._loop.time() > deadline:
                    self._fail_start(f"the application did not listen within {limit_s:g} s")
                    self.kill()
                    return
                await asyncio.sleep(_CONNECT_EVERY_S)
                continue
            writer.close()
            self.was_ready = True
            if not self.ready.done():
                self.ready.set_result(None)
            return

    def _fail_start(self, why: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(start_failed(why))

    def _end_before_start(self, error: HttpError) -> None:
        self.ready.set_exception(error)
        self.exited.set()

    # requests

    def begin(self, request: Request) -> None:
        request.pid = self.pid
        self.in_flight.add(request)
        self.last_used = self._loop.time()

    def end(self, request: Request) -> None:
        self.in_flight.discard(request)
        self.last_used = self._loop.time()
        if not self.in_flight:
            self._changed.set()

    # end

    def _gone(self) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.exited.set()
        if self._held_after_exit_s:
            self._loop.call_later(self._held_after_exit_s, self._drive.release, self.directory)
        else:
            self._drive.release(self.directory)
        self._fail_start(f"the process ended with {self._process.returncode} before it listened")
        self._on_exit(self)

    async def retire(self, limit_s: float) -> None:
        """Lets requests in flight finish, at most for so long; then cuts the rest and ends the process."""
        self.retiring = True
        shutdown_s = self.settings.shutdown_s if self.settings else limit_s
        limit_s = min(limit_s, shutdown_s)
        deadline = self._loop.time() + limit_s
        while self.in_flight and not self.exited.is_set() and (left := deadline - self._loop.time()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                break
        if self.in_flight:
            for request in list(self.in_flight):
                request.cut()
            self.kill()
        else:
            self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.exited.wait(), max(shutdown_s, 0.5))
        except TimeoutError:
            self.kill()
            await self.exited.wait()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if number == signal.SIGKILL:
            try:
                os.killpg(self.pid, number)  # the session that this process leads
                return
            except ProcessLookupError:
                pass
        self._process.send_signal(number)


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
