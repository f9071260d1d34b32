# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the action plugins of modules that wait: runs the module of the same name and shows its progress.

A module that waits writes lines to the file that ZERO_DOWNTIME_PROGRESS names (module_utils/_progress.py). Where the
module runs on the controller or over OpenSSH, the lines are shown as they come; over other connections at the end.
A connection that breaks ends in a failed task with ``connection_lost: true`` and not in an unreachable host, so that
``rescue`` runs.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import copy
import signal
import threading
import typing as t
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._progress import VARIABLE
from ..module_utils._text import clean_result, one_line

display = Display()
LOCAL_POLL_S = 0.2
REMOTE_POLL_S = 2.0
MOST_BYTES = 1024 * 1024
LONGEST_LINE = 1000
"""Characters of a line of progress."""

Reader = t.Callable[[int], bytes]


def local_reader(path: str) -> Reader:
    """Reads what a file on this machine holds from an offset on."""

    def read(offset: int) -> bytes:
        try:
            with Path(path).open("rb") as stream:
                stream.seek(offset)
                return stream.read(MOST_BYTES)
        except OSError:
            return b""

    return read


def show_progress(host: str, line: str) -> None:
    """Show a line of progress, whatever is in it, as one line."""
    display.display(f"  [{host}] {one_line(line, LONGEST_LINE)}", color="cyan")


class ProgressTail:
    """Follows lines in a thread and hands each complete one to a function."""

    def __init__(self, read: Reader, show: t.Callable[[str], None], poll_s: float = LOCAL_POLL_S) -> None:
        self._read = read
        self._show = show
        self._poll_s = poll_s
        self._offset = 0
        self._rest = b""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> ProgressTail:
        # Signals must reach the main thread, which waits in a system call: a signal that this thread took would end
        # nothing, and Ctrl-C would hang.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return self

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        self._thread.join(timeout=5)

    def _follow(self) -> None:
        while not self._ended.wait(self._poll_s):
            self._step()
        self._step()

    def _step(self) -> None:
        if self._offset >= MOST_BYTES:
            return
        data = self._read(self._offset)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._show(line.decode("utf-8", "replace"))


class ProgressActionBase(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name; subclasses override the hooks that they need."""

    TRANSFERS_FILES = True  # a temporary directory is wanted in any case
    _supports_async = False

    _progress_path: str | None = None

    def prepare_args(self, args: dict[str, t.Any], task_vars: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Hook: the arguments that the module gets, made from those of the task (a copy)."""
        return args

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        task_vars = task_vars or {}
        try:
            result: dict[str, t.Any] = super().run(tmp, task_vars)
            args = self.prepare_args(dict(self._task.args), task_vars)
            with self._progress(task_vars):
                result |= self.execute(args, task_vars)
        except AnsibleConnectionFailure as error:
            result = {
                "failed": True,
                "connection_lost": True,
                "msg": f"The connection was lost while {self._task.action} ran, so its outcome is not known: {error}",
            }
        finally:
            try:
                self._remove_tmp_path(self._connection._shell.tmpdir)
            except AnsibleConnectionFailure as error:
                display.vvv(f"the temporary directory could not be removed: {error}")
        cleaned: dict[str, t.Any] = clean_result(result)
        return cleaned

    def execute(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Hook: runs the module of the same name with these arguments."""
        found: dict[str, t.Any] = self._execute_module(
            module_name=self._task.resolved_action or self._task.action, module_args=args, task_vars=task_vars
        )
        return found

    def shown_host(self, task_vars: Mapping[str, t.Any]) -> str:
        """The host before a line of progress, with the one that the task is delegated to."""
        host = str(task_vars.get("inventory_hostname", "localhost"))
        delegate = self._task.delegate_to
        return f"{host} -> {delegate}" if delegate and delegate != host else host

    def _compute_environment_string(self, raw_environment_out: dict[str, t.Any] | None = None) -> str:
        """Ansible's hook for the module's environment; the name of the progress file is added to the task's own."""
        text: str = super()._compute_environment_string(raw_environment_out)
        if self._progress_path is None:
            return text
        if isinstance(raw_environment_out, dict):
            raw_environment_out[VARIABLE] = self._progress_path
        prefix: str = self._connection._shell.env_prefix(**{VARIABLE: self._progress_path})
        return f"{prefix} {text}".strip()

    @contextmanager
    def _progress(self, task_vars: Mapping[str, t.Any]) -> Iterator[None]:
        directory = self._connection._shell.tmpdir
        if not directory or not self._posix_shell() or self._task.no_log:
            yield
            return
        host = self.shown_host(task_vars)

        def show(line: str) -> None:
            if line.strip():
                show_progress(host, line)

        self._progress_path = self._connection._shell.join_path(directory, f"progress-{uuid.uuid4().hex}")
        try:
            with self._tail(self._progress_path, show):
                yield
        finally:
            self._progress_path = None

    def _tail(self, path: str, show: t.Callable[[str], None]) -> ProgressTail:
        transport = str(self._connection.transport).rpartition(".")[2]
        if transport == "local":
            return ProgressTail(local_reader(path), show)
        # OpenSSH is a program, so another one may run beside the module's; other connections are asked at the end.
        return ProgressTail(
            self._remote_reader(path), show, REMOTE_POLL_S if transport == "ssh" else threading.TIMEOUT_MAX
        )

    def _posix_shell(self) -> bool:
        return not getattr(self._connection._shell, "_IS_WINDOWS", False)

    def _remote_reader(self, path: str) -> Reader:
        beside = copy.copy(self._connection)
        quoted = self._connection._shell.quote(path)

        def read(offset: int) -> bytes:
            try:
                code, output, _errors = beside.exec_command(f"tail -c +{offset + 1} {quoted}", sudoable=False)
            except AnsibleError:
                return b""
            return bytes(output) if code == 0 else b""

        return read
