# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drain and enable have in common: reading in a loop, surviving a reload, and restoring the former state.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable

from .._progress import Progress
from .._text import excerpt
from .._wait import Deadline
from .abilities import AgentChecks, CountsAfterRestart, Explains, RequestAge, SavesState, Weights
from .api import LoadBalancerApi
from .errors import LoadBalancerError, Refused, Unreachable
from .interrupt import Guard
from .model import Admin, Agent, Member, MemberId, Sample
from .report import common_state
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
        self.found: dict[MemberId, Member] = {}
        self.touched: set[MemberId] = set()
        self.process = ""
        self.weight_touched = False

    # The run

    def run(self) -> Outcome:
        """Find, read, plan, apply. On any error restore the former state, and raise LoadBalancerError."""
        try:
            self.ids = self.api.find(self.request.member, self.request.backend)
            self.outcome = Outcome(before=self._read_before())
            self.plan()
            if not self.request.check_mode:
                self.deadline = self.new_deadline(self.request.timeout_s)
                self.apply()
        except Exception as error:
            raise self._failure(error) from error
        self.outcome.waited_ms = self.deadline.elapsed_ms
        return self.outcome

    def _read_before(self) -> Sample:
        """The reading that is restored on failure."""
        before = self.read()
        unknown = [f"{member.id} ({member.status})" for member in before.members if member.admin is None]
        if unknown:
            raise LoadBalancerError(f"{self.api.where} does not tell the administrative state of {', '.join(unknown)}.")
        self.found = {member.id: member for member in before.members}
        self.process = before.process
        return before

    def _failure(self, error: Exception) -> LoadBalancerError:
        """What to raise: the error with a sentence about the present state. Restores the former state."""
        waited_ms = self.deadline.elapsed_ms
        if isinstance(error, LoadBalancerError):
            made = type(error)(f"{error} {self.put_back()}".strip())
        else:
            what = f"{type(error).__name__}: {excerpt(str(error))}"
            made = LoadBalancerError(f"The task was stopped by an unexpected error ({what}). {self.put_back()}")
        if self.found:
            made.facts = {"previous_state": common_state(self.found.values()), "waited_ms": waited_ms}
        return made

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
        weights = Weights.of(self.api)
        self.weight_touched = True
        self.change(member_id, lambda: weights.set_weight(member_id, weight))
        now = self.read().member(member_id).weight
        if now != weight:
            raise LoadBalancerError(f"The weight of {member_id} was set to {weight}, but is {now}.")

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
        targets = self._targets()
        if not targets:
            return self._unchanged()
        failures = []
        for member_id, admin in targets.items():
            try:
                self._put_back_one(member_id, admin)
            except Exception as error:  # the others are restored all the same
                failures.append(
                    f"{member_id} could not be put back to {admin.value} ({excerpt(str(error))}); do it by hand: "
                    f"{self.api.manual_command(member_id, admin)}"
                )
        if failures:
            return "ATTENTION: " + " ".join(failures)
        names = ", ".join(f"{member_id} {admin.value}" for member_id, admin in sorted(targets.items()))
        return f"The former state was put back: {names}.{self._save_after_restoring()}"

    def _targets(self) -> dict[MemberId, Admin]:
        """The members to restore, with the state that each goes back to."""
        targets = {}
        for member_id in self.ids:
            found = self.found.get(member_id)
            admin = self.former(found)
            differs = not self.request.check_mode and (found is None or found.admin is not admin)
            if admin is not None and (member_id in self.touched or differs):
                targets[member_id] = admin
        return targets

    def _unchanged(self) -> str:
        if self.request.restore_to in ADMIN_OF and not self.ids:
            return (
                f"{self.request.member} may still be in the state that a former task set: it was "
                f"{self.request.restore_to} before that."
            )
        return "Nothing was changed."

    def _save_after_restoring(self) -> str:
        try:
            if isinstance(self.api, SavesState):
                self.api.save()
        except LoadBalancerError as error:
            return f" {error}"
        return ""

    def former(self, found: Member | None) -> Admin | None:
        """The state to restore: what was found, or what the user says was there before a former task."""
        if self.request.restore_to in ADMIN_OF:
            return ADMIN_OF[self.request.restore_to]
        return found.admin if found is not None else None

    def _put_back_one(self, member_id: MemberId, admin: Admin) -> None:
        """Restore one member, and check that it was. Raises LoadBalancerError."""
        former = self.found.get(member_id)

        def restore() -> Sample:
            if former is not None:
                self._restore_details(former, admin)
            self.api.set_admin(member_id, admin)
            return self.api.read([member_id])

        guard, self.guard = self.guard, Guard()
        try:
            now = self._patiently(restore).member(member_id)
        finally:
            self.guard = guard
        if now.admin is not admin:
            raise LoadBalancerError(f"it is in {now.admin.value if now.admin else now.status} after that")
        if former is not None and self.weight_touched and now.weight != former.weight:
            raise LoadBalancerError(f"its weight is {now.weight} after that, {former.weight} is expected")

    def _restore_details(self, former: Member, admin: Admin) -> None:
        if self.weight_touched:
            Weights.of(self.api).set_weight(former.id, former.weight)
        if former.agent is not Agent.NONE:
            # A former task that drained the member has stopped its agent-check.
            begun_by_former_task = admin is Admin.READY and former.admin is not Admin.READY
            AgentChecks.of(self.api).set_agent(former.id, former.agent is Agent.ON or begun_by_former_task)

    # Reporting

    def why_busy(self) -> str:
        """What may keep sending requests to a draining member; sentences with a blank before each, or nothing."""
        return self._explained(self.api.explain_busy(self.ids) if isinstance(self.api, Explains) else [])

    def why_out(self, members: Sequence[Member]) -> str:
        """What may keep members out of service; sentences with a blank before each, or nothing."""
        return self._explained(self.api.explain_out(members) if isinstance(self.api, Explains) else [])

    @staticmethod
    def _explained(sentences: list[str]) -> str:
        return "".join(f" {sentence}" for sentence in sentences)

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
