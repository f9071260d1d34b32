# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enabling a member once fresh health checks have shown that it works.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from .abilities import ResumesChecks, Weights
from .errors import LoadBalancerError, OutOfTime, Refused
from .model import Admin, Agent, Member, MemberId, Sample, TakenOutBy
from .session import Session

_ADVICE = {
    TakenOutBy.RESOLUTION: "Its host name does not resolve: check the load balancer's DNS.",
    TakenOutBy.TRACKING: "It follows another member: enable that one.",
    TakenOutBy.AGENT: "Its agent-check keeps it out: check the agent on the member.",
}


class EnableSession(Session):
    """Puts a member back into service."""

    wanted: Admin = Admin.DRAIN

    def plan(self) -> None:
        if self.request.weight is not None:
            Weights.of(self.api).check_weight(self.request.weight)
        if self.request.weight_steps:
            Weights.of(self.api)
        for member in self.outcome.before.members:
            self._refuse_no_weight(member)
            self.outcome.plan += self._steps(member)
            self._warn_of_weight(member)
        self.outcome.changed = bool(self.outcome.plan)
        weight = self.request.weight
        self.intend(Admin.READY, **({} if weight is None else {"weight": weight}))

    def apply(self) -> None:
        away = [member for member in self.outcome.before.members if member.admin is not Admin.READY]
        for member in away:
            if member.admin is Admin.MAINT:
                self._begin(member)
        self._wait_for_checks(away)
        self.wanted = Admin.READY
        for member in self.outcome.before.members:
            self._open(member)
        self._wait_until_up()
        self._grow(away)
        self.save()
        self.outcome.after = self._verified()

    def apply_again(self) -> None:
        for member in self.outcome.before.members:
            # A reload restores the configured weight; the next step sets its own.
            if member.admin is Admin.READY or self.wanted is Admin.READY:
                self.set_admin(member.id, Admin.READY)
            else:
                self._begin(member)

    # Planning

    def _steps(self, member: Member) -> list[str]:
        steps = []
        if member.admin is Admin.MAINT and self._gated(member) and isinstance(self.api, ResumesChecks):
            steps.append(f"set {member.id} to drain, so that its health checks run")
        if member.admin is not Admin.READY:
            if self._gated(member):
                steps.append(f"wait for fresh successful health checks of {member.id}")
            steps.append(f"set {member.id} to ready")
        for weight in self._weights(member):
            steps.append(f"give {member.id} weight {weight} for {self.request.step_s:g} s")
        if self.request.weight is not None and self.request.weight != member.weight:
            steps.append(f"set the weight of {member.id} from {member.weight} to {self.request.weight}")
        if member.agent is Agent.OFF:
            steps.append(f"start the agent-check of {member.id}")
        return steps

    @staticmethod
    def _gated(member: Member) -> bool:
        return member.checked or bool(member.tracks)

    def _refuse_no_weight(self, member: Member) -> None:
        """Enabled and up, such a member serves nobody, and the next one to be drained may be the last that does."""
        if self._final_weight(member) == 0:
            raise Refused(
                f"{member.id} would be enabled with weight 0, with which it gets no clients: give weight, or take it "
                f"out of service by its state instead."
            )

    def _warn_of_weight(self, member: Member) -> None:
        """A task that was killed while a weight grew leaves a small one behind."""
        if self.request.weight is None and member.initial_weight not in {None, member.weight}:
            self.outcome.warnings.append(
                f"The weight of {member.id} is {member.weight}, and its configuration says {member.initial_weight}: "
                f"give weight={member.initial_weight} if it was not set on purpose."
            )

    # Applying

    def _begin(self, member: Member) -> None:
        resuming = self.api
        if self._gated(member) and isinstance(resuming, ResumesChecks):
            self.change(member.id, lambda: resuming.resume_checks(member))

    def _wait_for_checks(self, away: list[Member]) -> None:
        gated = [member.id for member in away if self._gated(member)]
        for member in away:
            if not self._gated(member):
                self.outcome.warnings.append(
                    f"{member.id} has no health checks, so it was enabled at once: whether it works was not checked."
                )
        self.deadline.hurry()
        while gated:
            sample = self.sample()
            waiting = [member for member in sample.members if member.id in gated and not member.fresh]
            if not waiting:
                return
            self._tick(waiting[0], sample, "a fresh successful health check")

    def _final_weight(self, member: Member) -> int:
        return member.weight if self.request.weight is None else self.request.weight

    def _weights(self, member: Member) -> list[int]:
        """The weights before the final one, none of them 0; no weights for a member that serves already."""
        final = self._final_weight(member)
        if member.admin is Admin.READY:
            return []
        least = Weights.of(self.api).least_weight if self.request.weight_steps else 1
        steps = [max(least, round(final * percent / 100)) for percent in self.request.weight_steps]
        return [step for step in dict.fromkeys(steps) if step < final]

    def _open(self, member: Member) -> None:
        weight = (self._weights(member) or [self._final_weight(member)])[0]
        if weight != member.weight:
            self.set_weight(member.id, weight)
        if member.admin is not Admin.READY:
            self.set_admin(member.id, Admin.READY)
        if member.agent is Agent.OFF:
            self.set_agent(member.id, True)

    def _grow(self, away: list[Member]) -> None:
        """Raise the weight step by step, as long as the member stays up."""
        plans = {member.id: [*self._weights(member), self._final_weight(member)] for member in away}
        if self.request.weight_steps:
            for member in away:
                if len(plans[member.id]) == 1:
                    self.outcome.warnings.append(
                        f"The weight of {member.id} is {self._final_weight(member)} and cannot be divided into "
                        f"steps: it got its whole share at once. Give the servers weights like 100."
                    )
        for place in range(1, max((len(weights) for weights in plans.values()), default=1)):
            step = self.new_deadline(self.request.step_s)
            while not step.expired:
                self._stays_up()
                step.sleep()
            for member_id, weights in plans.items():
                weight = weights[min(place, len(weights) - 1)]
                self.set_weight(member_id, weight)
                self.progress.say(f"{self.request.member}: weight {weight} of {weights[-1]}")

    def _stays_up(self) -> None:
        for member in self.sample().members:
            if not member.up:
                raise LoadBalancerError(
                    f"{member.id} became {member.status} (last check {member.check_status or 'unknown'}) while its "
                    f"weight grew."
                )

    def _wait_until_up(self) -> None:
        self.deadline.hurry()
        while True:
            sample = self.sample()
            waiting = [member for member in sample.members if not (member.up and self._open_for_clients(member))]
            if not waiting:
                return
            self._tick(waiting[0], sample, "being up")

    def _verified(self) -> Sample:
        """A full reading, which must show the members enabled with their final weights."""
        sample = self.read()
        for member in sample.members:
            weight = self._final_weight(self.found[member.id])
            if member.admin is not Admin.READY or member.weight != weight:
                raise LoadBalancerError(
                    f"{member.id} was enabled with weight {weight}, but is {member.status} with weight "
                    f"{member.weight} now: somebody or something else changes it at the same time."
                )
        return sample

    @staticmethod
    def _open_for_clients(member: Member) -> bool:
        return member.admin is Admin.READY or member.weight == 0

    def _advice(self, member_id: MemberId) -> str:
        """What to do about a member that does not come up, from a full reading."""
        member = self.read().member(member_id)
        advice = _ADVICE.get(member.taken_out_by, "Check that the application answers its health check.")
        return f"{advice}{self.why_out([member])}"

    def _tick(self, member: Member, sample: Sample, wanted: str) -> None:
        check = f", last check {member.check_status}" if member.check_status else ""
        agent = f", agent {member.agent_status}" if member.agent_status else ""
        if self.deadline.expired:
            raise OutOfTime(
                f"{member.id} is {member.status}{check}{agent} after {self.request.timeout_s:g} s: {wanted} is "
                f"expected. {self._advice(member.id)}"
            )
        self.progress.tell(
            lambda: (
                f"{self.request.member}: {member.status}{check}, waiting for {wanted}, "
                f"{self.deadline.left_s:.0f} s left"
            )
        )
        self.deadline.sleep()
