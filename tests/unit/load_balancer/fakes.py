# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script of a transport's calls, and a load balancer in memory with a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.runtime import Transport
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.abilities import (
    AgentChecks,
    CountsAfterRestart,
    Cutting,
    ResumesChecks,
    SavesState,
    Weights,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.api import LoadBalancerApi
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    Interrupted,
    LoadBalancerError,
    Refused,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.interrupt import Guard
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.model import (
    Admin,
    Agent,
    Member,
    MemberId,
    Sample,
    Traits,
)


class Script(Transport):
    """Answers exactly these commands in exactly this order."""

    def __init__(self, *calls: tuple[str, str | Exception]) -> None:
        self._calls = list(calls)

    @property
    def where(self) -> str:
        return "/run/haproxy/admin.sock"

    def exchange(self, line: str) -> str:
        assert self._calls, f"no further command expected, {line!r} sent"
        expected, answer = self._calls.pop(0)
        assert line == expected
        if isinstance(answer, Exception):
            raise answer
        return answer

    def assert_all_sent(self) -> None:
        assert self._calls == []


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[tuple[float, Callable[[], None]]] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
        for event in sorted(self.events, key=lambda event: event[0]):
            if event[0] <= self.now:
                self.events.remove(event)
                event[1]()

    def at(self, moment: float, event: Callable[[], None]) -> None:
        self.events.append((moment, event))


class CountingGuard(Guard):
    """Lets the task be interrupted at the n-th safe point."""

    def __init__(self, at: int | None = None) -> None:
        super().__init__()
        self.checks = 0
        self._at = at

    def check(self) -> None:
        self.checks += 1
        if self._at is not None and self.checks >= self._at:
            raise Interrupted("The task was interrupted by SIGTERM.")


class FakeBalancer(LoadBalancerApi, AgentChecks, CountsAfterRestart, Cutting, ResumesChecks, SavesState, Weights):
    """Members in memory. What is in flight is a function of the time and of the member's state."""

    def __init__(self, time: Time, *members: Member) -> None:
        self.time = time
        self.members = {member.id: member for member in members}
        self.known_traits = Traits()
        self.process = "100"
        self.older: dict[str, int] = {}
        self.log: list[str] = []
        self.samples = 0
        self.saved = 0
        self.deaf: set[str] = set()
        """Commands that have no effect."""
        self.failing: dict[str, LoadBalancerError] = {}

    @property
    def where(self) -> str:
        return "the balancer"

    def find(self, member: str, backend: str | None) -> list[MemberId]:
        found = [key for key in self.members if key.member == member and backend in {None, key.backend}]
        if not found:
            raise Refused(f"no {member}")
        return found

    def read(self, ids: Sequence[MemberId]) -> Sample:
        others = {}
        for member_id in ids:
            others[member_id.backend] = sum(
                member.id.backend == member_id.backend
                and member.id != member_id
                and member.up
                and member.admin is Admin.READY
                and not member.backup
                for member in self.members.values()
            )
        return Sample(self.process, tuple(self.members[key] for key in ids), others, dict(self.older))

    def sample(self, ids: Sequence[MemberId]) -> Sample:
        self.samples += 1
        return self.read(ids)

    def peers(self, member_id: MemberId) -> list[Member]:
        return [m for m in self.members.values() if m.id.backend == member_id.backend and m.id != member_id]

    def list_members(self) -> list[Member]:
        return list(self.members.values())

    def traits(self, ids: Sequence[MemberId]) -> Traits:
        return self.known_traits

    def set(self, member_id: MemberId, **different: object) -> None:
        self.members[member_id] = replace(self.members[member_id], **different)  # type: ignore[arg-type]

    def _do(self, command: str) -> bool:
        self.log.append(command)
        if command in self.failing:
            raise self.failing.pop(command)
        return command not in self.deaf

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        if self._do(f"{member_id} {admin.value}"):
            self.set(member_id, admin=admin)

    def resume_checks(self, member: Member) -> None:
        if self._do(f"{member.id} return"):
            self.set(member.id, admin=Admin.DRAIN, fresh=False)

    def check_weight(self, weight: int) -> None:
        """Any weight will do."""

    def set_weight(self, member_id: MemberId, weight: int) -> None:
        if self._do(f"{member_id} weight {weight}"):
            self.set(member_id, weight=weight)

    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        if self._do(f"{member_id} agent {enabled}"):
            self.set(member_id, agent=Agent.ON if enabled else Agent.OFF)

    def cut(self, member_id: MemberId) -> None:
        if self._do(f"{member_id} cut"):
            self.set(member_id, in_flight=0)

    def manual_command(self, member_id: MemberId, admin: Admin) -> str:
        return f"set {member_id} {admin.value}"

    def save(self) -> None:
        self.saved += 1

    def after_restart(self, before: str, after: str) -> None:
        self.log.append(f"restart {before} {after}")


def member(name: str = "web01", backend: str = "web", **different: Any) -> Member:
    """A healthy member that is in service."""
    made = Member(
        id=MemberId(backend, name), status="UP", in_flight=0, queued=0, weight=100, admin=Admin.READY, up=True,
        fresh=True, checked=True,
    )  # fmt: skip
    return replace(made, **different)
