# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drain and enable have in common: reading in a loop, surviving a reload, and restoring the former state.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Callable

from .._progress import Progress
from .._wait import Deadline
from .abilities import AgentChecks, CountsAfterRestart, RequestAge, SavesState, Weights
from .api import LoadBalancerApi
from .errors import Interrupted, LoadBalancerError, Refused, Unreachable
from .interrupt import Guard
from .model import Admin, Agent, Member, MemberId, Sample
from .request import ADMIN_OF, Outcome, Request

#: How long a load balancer that restarts may be unreachable in the middle of a wait.
GRACE_S = 5.0
_FIRST_SLEEP_S = 0.05


class Session(ABC):
    """One task on one load balancer: plan, then apply, or restore what was found."""

    def __init__(
        self,
        api: LoadBalancerApi,
        request: Request,
        progress: Progress,
        guard: Guard,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.api = api
        self.request = request
        self.progress = progress
        self.guard = guard
        self.clock = clock
        self.pause = pause
        self.deadline = self.new_deadline(request.timeout_s)
        self.ids: list[MemberId] = []
        self.touched: set[MemberId] = set()
        self.process = ""
        self.weight_touched = False

    # The run

    def run(self) -> Outcome:
        """Find, plan, apply; when applying fails, restore the former state."""
        self.ids = self.api.find(self.request.member, self.request.backend)
        before = self.read()
        self.process = before.process
        self.outcome = Outcome(before=before)
        try:
            self.plan()
            if self.request.check_mode:
                return self.outcome
            self.deadline = self.new_deadline(self.request.timeout_s)
            self.apply()
        except LoadBalancerError as error:
            self.outcome.waited_ms = self.deadline.elapsed_ms
            raise type(error)(f"{error} {self.put_back()}".strip()) from error
        self.outcome.waited_ms = self.deadline.elapsed_ms
        return self.outcome

    @abstractmethod
    def plan(self) -> None:
        """Check what must hold, and fill the outcome's plan, changed and intended. Changes nothing."""

    @abstractmethod
    def apply(self) -> None:
        """Carry out the plan and wait for its effect."""

    @abstractmethod
    def apply_again(self) -> None:
        """Set everything again: a reload of the load balancer may have lost it."""

    # Steps

    def new_deadline(self, timeout_s: float) -> Deadline:
        longest = self.request.poll_ms / 1000
        return Deadline(timeout_s, min(_FIRST_SLEEP_S, longest), longest, clock=self.clock, pause=self.pause)

    def change(self, member_id: MemberId, action: Callable[[], None]) -> None:
        """Change a member, and record that it was touched."""
        self.guard.check()
        first = member_id not in self.touched
        self.touched.add(member_id)
        try:
            action()
        except Refused:
            if first:
                self.touched.discard(member_id)
            raise

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        self.change(member_id, lambda: self.api.set_admin(member_id, admin))

    def set_weight(self, member_id: MemberId, weight: int) -> None:
        self.weight_touched = True
        weights = Weights.of(self.api)
        self.change(member_id, lambda: weights.set_weight(member_id, weight))

    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        agents = AgentChecks.of(self.api)
        self.change(member_id, lambda: agents.set_agent(member_id, enabled))

    def save(self) -> None:
        """Save the changes where the load balancer can, so that a restart keeps them."""
        if self.touched and isinstance(self.api, SavesState):
            self.api.save()

    def read(self) -> Sample:
        """A full reading; a load balancer that does not answer for a moment is waited for."""
        return self._patiently(lambda: self.api.read(self.ids))

    def sample(self) -> Sample:
        """A cheap reading; if the process has changed, the state is set again first."""
        self.guard.check()
        sample = self._patiently(lambda: self.api.sample(self.ids))
        if sample.process != self.process:
            former, self.process = self.process, sample.process
            self.outcome.reloads += 1
            self.outcome.warnings.append(
                f"{self.api.where} was reloaded meanwhile (process {former} before, {sample.process} now); the state "
                f"was set again."
            )
            self.apply_again()
            self.save()
            CountsAfterRestart.of(self.api).after_restart(former, sample.process)
            sample = self._patiently(lambda: self.api.sample(self.ids))
        return sample

    def _patiently(self, read: Callable[[], Sample]) -> Sample:
        grace = Deadline(GRACE_S, _FIRST_SLEEP_S, 0.5, clock=self.clock, pause=self.pause)
        while True:
            try:
                return read()
            except Unreachable:
                if grace.expired:
                    raise
                self.guard.check()
                grace.sleep()

    # Restoring

    def put_back(self) -> str:
        """Restore the former state of all that was touched; returns a sentence that says what the state is now."""
        targets = {member.id: self.former(member) for member in self.outcome.before.members}
        if not self.request.check_mode:
            self.touched |= {member.id for member in self.outcome.before.members if member.admin != targets[member.id]}
        if not self.touched:
            return "Nothing was changed."
        failures = []
        for member in self.outcome.before.members:
            if member.id not in self.touched:
                continue
            try:
                self._put_back_one(member, targets[member.id])
            except LoadBalancerError as error:
                manually = self.api.manual_command(member.id, targets[member.id])
                failures.append(
                    f"{member.id} could not be put back to {targets[member.id].value} ({error}); "
                    f"do it by hand: {manually}"
                )
        if failures:
            return "ATTENTION: " + " ".join(failures)
        self.outcome.restored = True
        try:
            self.save()
        except LoadBalancerError as error:
            failures.append(str(error))
        names = ", ".join(f"{member_id} {targets[member_id].value}" for member_id in sorted(self.touched))
        return " ".join([f"The former state was put back: {names}.", *failures])

    def former(self, member: Member) -> Admin:
        """The state to restore: what was found, or what the user says was there before a former task."""
        if self.request.restore_to in ADMIN_OF:
            return ADMIN_OF[self.request.restore_to]
        return member.admin or Admin.READY

    def _put_back_one(self, member: Member, admin: Admin) -> None:
        def restore() -> Sample:
            if self.weight_touched:
                Weights.of(self.api).set_weight(member.id, member.weight)
            if member.agent is not Agent.NONE:
                AgentChecks.of(self.api).set_agent(member.id, member.agent is Agent.ON)
            self.api.set_admin(member.id, admin)
            return self.api.read([member.id])

        guard, self.guard = self.guard, Guard()
        try:
            found = self._patiently(restore).member(member.id)
        except Interrupted:
            raise
        finally:
            self.guard = guard
        if found.admin is not admin:
            raise LoadBalancerError(f"it is in {found.admin.value if found.admin else found.status} after that")

    # Reporting

    def intend(self, admin: Admin, **others: object) -> None:
        """Record the intended state of the members, for the diff."""
        self.outcome.intended = tuple(
            replace(member, admin=admin, **others)  # type: ignore[arg-type]
            for member in self.outcome.before.members
        )

    def counts(self, sample: Sample) -> str:
        """The numbers of a sample, for a line of progress."""
        old = f" ({sum(sample.older.values())} of them in old processes)" if sample.older else ""
        oldest = None
        if self.progress.wanted and sample.in_flight and isinstance(self.api, RequestAge):
            oldest = self.api.oldest_s(self.ids)
        age = f", oldest {oldest} s" if oldest is not None else ""
        noticing = f", {sample.unsettled_s:.0f} s until the load balancer has noticed" if sample.unsettled_s else ""
        left = f"{self.deadline.left_s:.0f} s left"
        return f"{sample.in_flight} in flight{old}{age}, {sample.queued} queued{noticing}, {left}"
