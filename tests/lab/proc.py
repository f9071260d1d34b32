# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the lab: started with a deadline for their READY line, stopped for certain, by id and never by name."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

#: Put before a command that is to end with SIGINT. The background job of a shell ignores that signal, and so would
#: everything that it starts.
INTERRUPTIBLE = ("env", "--default-signal=INT")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_TAIL_LINES = 20


class ProcessFailed(RuntimeError):
    """A process of the lab did not start or ended by itself; the message ends with the tail of its log."""


def _die_with_parent() -> None:
    """Runs in the child: when the lab itself is killed, its processes get SIGTERM and clean up after themselves."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Process:
    """One process with a session of its own (so Ctrl-C reaches only the lab, which stops all in order)."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log_directory: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bool = False,
        outlives: bool = False,
    ) -> None:
        log_directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = log_directory / f"{name}.log"
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [os.fspath(part) for part in argv],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
                preexec_fn=None if outlives else _die_with_parent,  # noqa: PLW1509 - the lab starts no threads before
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def running(self) -> bool:
        return self.popen.poll() is None

    def tail(self, lines: int = _TAIL_LINES) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def send_line(self, text: str) -> None:
        """One line to the process's standard input."""
        assert self.popen.stdin is not None, f"{self.name} was started without standard input"
        self.popen.stdin.write(text.encode() + b"\n")
        self.popen.stdin.flush()

    def wait_ready(self, timeout_s: float, ready: Callable[[], bool] | None = None) -> None:
        """Until the log holds a line READY (or `ready` says so). Stops the process and raises when that never comes."""
        deadline = time.monotonic() + timeout_s
        pause = 0.02
        while not (ready() if ready else self._said_ready()):
            if not self.running():
                code = self.popen.returncode
                raise ProcessFailed(f"{self.name} ended with {code} before it was ready:\n{self.tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ProcessFailed(f"{self.name} was not ready within {timeout_s:g} s:\n{self.tail()}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)

    def _said_ready(self) -> bool:
        return b"READY" in self.log.read_bytes().splitlines()

    def wait(self, timeout_s: float) -> int:
        return self.popen.wait(timeout_s)

    def stop(self, grace_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL to the whole session, so that children of the process do not outlive it either."""
        if self.running():
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()
        if self.popen.stdin is not None:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()

    def kill(self) -> None:
        """The process as if its machine lost power: SIGKILL to the whole session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()


class ProcessGroup:
    """Processes that are stopped together, the newest first. As a context manager it leaves nothing behind."""

    def __init__(self, log_directory: Path) -> None:
        self.log_directory = log_directory
        self._processes: list[Process] = []

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bool = False,
    ) -> Process:
        process = Process(name, argv, self.log_directory, env=env, cwd=cwd, stdin=stdin)
        self._processes = [other for other in self._processes if other.name != name or other.running()]
        self._processes.append(process)
        return process

    def ended(self) -> list[Process]:
        """Those that ended by themselves: in a healthy lab there are none."""
        return [process for process in self._processes if not process.running()]

    def stop(self, grace_s: float = 10.0) -> None:
        """Asks all at once, the newest first, so that the slowest one decides how long it takes."""
        for process in reversed(self._processes):
            if process.running():
                process.popen.terminate()
        deadline = time.monotonic() + grace_s
        for process in reversed(self._processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(max(deadline - time.monotonic(), 0.1))
            process.stop(0.1)
        self._processes.clear()

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
