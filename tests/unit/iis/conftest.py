# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that follows a script: each expected command with its answer, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd import Appcmd
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.reporter import TaskReporter
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import (
    Command,
    CommandResult,
    CommandRunner,
)

WINDOWS = r"C:\Windows"
APPCMD = rf"{WINDOWS}\System32\inetsrv\appcmd.exe"


ONLY_ADMINISTRATORS = "D:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"


def xml(*elements: str) -> str:
    """What appcmd prints."""
    body = "".join(f"    {element}\r\n" for element in elements)
    return f'<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n{body}</appcmd>\r\n'


def pool(name: str, state: str, start_mode: str = "OnDemand", limit: str = "00:01:30", gap: str = "false") -> str:
    return (
        f'<APPPOOL APPPOOL.NAME="{name}" PipelineMode="Integrated" RuntimeVersion="v4.0" state="{state}">'
        f'<add name="{name}" autoStart="true" startMode="{start_mode}">'
        f'<processModel shutdownTimeLimit="{limit}"/><recycling disallowOverlappingRotation="{gap}"/>'
        '<failure rapidFailProtection="true" rapidFailProtectionInterval="00:05:00" rapidFailProtectionMaxCrashes="5"/>'
        "</add></APPPOOL>"
    )


def worker(pid: int, name: str) -> str:
    return f'<WP WP.NAME="{pid}" APPPOOL.NAME="{name}"/>'


def request(name: str, pid: int, url: str = "/slow?token=abc", ms: int = 1200) -> str:
    return (
        f'<REQUEST REQUEST.NAME="f100000080000001" Url="{url}" Verb="GET" ClientIp="::1" Stage="ExecuteRequestHandler" '
        f'ModuleName="AspNetCoreModuleV2" Time="{ms}" SITE.ID="1" APPPOOL.NAME="{name}" WP.NAME="{pid}"/>'
    )


def vdir(name: str, path: str, below: str = "/") -> str:
    return f'<VDIR VDIR.NAME="{name}" physicalPath="{path}" path="{below}" APP.NAME="{name}"/>'


def cmd(line: str) -> str:
    """A line of cmd.exe as the script has it."""
    return f'cmd /d /v:off /s /c "{line}"'


@dataclass
class Step:
    """One expected command line, without the program's directory, and its answer."""

    line: str
    answer: CommandResult | Exception | Callable[[Command], CommandResult]
    repeated: bool = False


@dataclass
class ScriptedNode(CommandRunner):
    """Plays a script; anything else than the next expected command fails the test."""

    steps: list[Step] = field(default_factory=list)
    seen: list[Command] = field(default_factory=list)
    access_list: str = f'C:\\x "{ONLY_ADMINISTRATORS}"\r\n'
    """What cacls prints, whenever it is asked: it is no step."""

    def expect(self, line: str, stdout: str = "", exit_code: int | None = None, stderr: str = "") -> ScriptedNode:
        """The exit code is 0, or as appcmd's for a list without objects, 1."""
        if exit_code is None:
            exit_code = 1 if stdout == xml() else 0
        self.steps.append(Step(line, CommandResult(exit_code, stdout, stderr)))
        return self

    def repeat(self, line: str, stdout: str) -> ScriptedNode:
        """A command that comes any number of times, until another one comes."""
        self.steps.append(Step(line, CommandResult(0, stdout), repeated=True))
        return self

    def expect_missing(self, path: str) -> ScriptedNode:
        """A file that is read and does not exist."""
        self.expect(cmd(f'type "{path}"'), "", 1)
        return self.expect(cmd(f'if exist "{path}" (exit 0) else (exit 3)'), "", 3)

    def expect_raise(self, line: str, error: Exception) -> ScriptedNode:
        self.steps.append(Step(line, error))
        return self

    def expect_call(self, line: str, answer: Callable[[Command], CommandResult]) -> ScriptedNode:
        self.steps.append(Step(line, answer))
        return self

    def run(self, command: Command) -> CommandResult:
        line = f"{command.name.removesuffix('.exe')} {command.argument_line}"
        if line.startswith("cacls "):
            return CommandResult(0 if self.access_list else 2, self.access_list)
        assert self.steps, f"one command too many: {line}"
        while self.steps[0].repeated and not matches(self.steps[0].line, line):
            self.steps.pop(0)
        step = self.steps[0] if self.steps[0].repeated else self.steps.pop(0)
        assert matches(step.line, line), f"expected {step.line!r}, got {line!r}"
        self.seen.append(command)
        if isinstance(step.answer, Exception):
            raise step.answer
        return step.answer if isinstance(step.answer, CommandResult) else step.answer(command)

    def done(self) -> None:
        assert not self.steps, f"never asked for: {[step.line for step in self.steps]}"


def matches(expected: str, line: str) -> bool:
    """Equal, where * in the script stands for the random part of a name."""
    parts = expected.split("*")
    if len(parts) == 1:
        return expected == line
    at = 0
    for part in parts:
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return line.startswith(parts[0]) and line.endswith(parts[-1])


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def reporter(clock: Clock, shown: list[str]) -> TaskReporter:
    return TaskReporter(shown.append, clock)


@pytest.fixture
def appcmd(node: ScriptedNode, clock: Clock) -> Appcmd:
    return Appcmd(node, WINDOWS, clock, clock.sleep)
