# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote shells and the commands in them, with the quotas that Windows puts on them."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

from .. import programs
from ..config import WinrmConfig
from ..machine import Machine
from ..process import Context, Input, Output, Unsimulated
from . import faults

_MOST_CHARACTERS = 32_766


class RunningCommand:
    """A program in a thread of its own, seen from the event loop."""

    def __init__(self, context: Context, program: programs.Program, console_stdin: bool) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.context = context
        self.console_stdin = console_stdin
        self.exit_code: int | None = None
        self._program = program
        self._loop = context.machine.loop
        self.changed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=context.argv[0][:40])

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            code = programs.run(self._program, self.context)
        except Exception as error:
            code = programs.refuse(self.context, f"internal error of the lab: {type(error).__name__}: {error}")
        self.exit_code = code
        self.notify()

    def notify(self) -> None:
        with suppress(RuntimeError):  # the host may have ended
            self._loop.call_soon_threadsafe(self.changed.set)

    def terminate(self) -> None:
        self.context.cancel()


@dataclass
class Shell:
    """One shell of one user."""

    user: str
    codepage: int
    cwd: str
    environment: dict[str, str]
    idle_s: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    commands: dict[str, RunningCommand] = field(default_factory=dict)
    operations: int = 0
    last_used: float = field(default_factory=time.monotonic)


class Shells:
    """Every shell on the host."""

    def __init__(self, machine: Machine, config: WinrmConfig) -> None:
        self._machine = machine
        self._config = config
        self._shells: dict[str, Shell] = {}

    def __len__(self) -> int:
        return len(self._shells)

    def all(self) -> list[Shell]:
        return list(self._shells.values())

    def open(self, user: str, codepage: int, cwd: str, environment: dict[str, str], idle_s: float) -> Shell:
        self._drop_idle()
        if sum(shell.user == user for shell in self._shells.values()) >= self._config.max_shells:
            raise faults.too_many_shells(self._config.max_shells)
        base = self._machine.environment(user)
        base |= {name.upper(): value for name, value in environment.items()}
        shell = Shell(user, codepage, cwd or base["USERPROFILE"], base, idle_s)
        self._shells[shell.id] = shell
        self._machine.record.count("shells")
        return shell

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for shell in [s for s in self._shells.values() if now - s.last_used > s.idle_s]:
            self.close(shell)

    def get(self, shell_id: str, user: str) -> Shell:
        shell = self._shells.get(shell_id.upper())
        if shell is None or shell.user != user:
            raise faults.shell_not_found()
        shell.last_used = time.monotonic()
        return shell

    def charge(self, shell: Shell) -> None:
        """One more operation of the shell's user: Windows lets a user have so many in the life of his shells."""
        self._machine.record.count("operations")
        spent = sum(other.operations for other in self._shells.values() if other.user == shell.user)
        if spent >= self._config.max_operations:
            raise faults.too_many_operations(self._config.max_operations)
        shell.operations += 1

    def close(self, shell: Shell) -> None:
        for command in shell.commands.values():
            command.terminate()
        self._shells.pop(shell.id, None)

    def close_all(self) -> None:
        for shell in list(self._shells.values()):
            self.close(shell)

    def run(self, shell: Shell, line: str, skip_cmd: bool, console_stdin: bool) -> RunningCommand:
        """Starts a command line, directly or through cmd.exe."""
        self._machine.record.count("commands")
        self._machine.record.transcript.append(line)
        if len(line) > _MOST_CHARACTERS:
            raise faults.line_too_long()
        if not skip_cmd:
            line = f"C:\\Windows\\System32\\cmd.exe /C {line}"
        argv = programs.parse(line)
        if not argv:
            raise faults.no_such_file()
        command: RunningCommand

        def notify() -> None:
            command.notify()

        context = Context(
            self._machine,
            argv,
            line,
            Input(),
            Output(notify),
            Output(notify),
            threading.Event(),
            dict(shell.environment),
            shell.cwd,
            shell.codepage,
        )
        try:
            program = programs.find(context)
        except programs.NoSuchProgram:
            raise faults.no_such_file() from None
        except Unsimulated as refused:
            program = functools.partial(programs.refuse, what=str(refused))
        command = RunningCommand(context, program, console_stdin)
        shell.commands[command.id] = command
        command.start()
        return command
