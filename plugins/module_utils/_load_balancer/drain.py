# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a member out of service: draining, drained and disabled. docs/draining.md has the same steps.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from .abilities import Cutting
from .errors import LoadBalancerError, OutOfTime, Refused
from .model import Admin, Agent, Member, Sample
from .request import ADMIN_OF, CUT, DISABLED, DRAINED, DRAINING
from .session import Session

#: How long requests may take to end after they were cut.
_CUT_S = 5.0
#: Pause between two readings of zero.
_ZERO_S = 0.025


class DrainSession(Session):
    """Takes a member out of service."""

    wanted: Admin = Admin.DRAIN

    def plan(self) -> None:
        state, before = self.request.state, self.outcome.before
        self._check_policy(before)
        self.traits = self.api.traits(self.ids)
        if self.request.on_timeout == CUT:
            Cutting.of(self.api)
        if self.traits.uncounted and state == DRAINED:
            raise Refused(self.traits.uncounted)
        if state == DRAINED and self.traits.closes_on_down is None and self._may_close_before_zero():
            raise Refused(
                f"Whether maintenance closes the requests in flight to {self.request.member} is not known, because the "
                f"configuration of {self.api.where} cannot be read, and clients with session affinity would be closed "
                f"out before zero: give closes_on_down."
            )
        busy = state == DRAINED and not before.quiet
        moving = [member for member in before.members if not self._satisfied(member)]
        self.moving = moving
        self._check_others()
        for member in moving:
            self.outcome.plan += self._steps(member)
        self.outcome.changed = bool(moving)
        if busy and not moving:
            self.outcome.plan.append(f"wait until nothing is in flight (now {before.busy})")
        if moving and self.traits.share_percent is not None:
            self.outcome.share_percent = self.traits.share_percent
            self.outcome.plan.append(
                f"about {self.traits.share_percent:g} % of the clients, which have session affinity, move to others"
            )
        self.intend(ADMIN_OF[state])
        if state == DRAINING:
            self.outcome.intended = tuple(
                member if self._satisfied(member) else intended
                for member, intended in zip(before.members, self.outcome.intended)
            )

    def apply(self) -> None:
        for member in self.moving:
            self._stop_agent(member)
        self._check_others()
        first = Admin.MAINT if self.request.state == DISABLED else Admin.DRAIN
        self.wanted = first
        for member in self.moving:
            if member.admin is not first:
                self.set_admin(member.id, first)
        self._check_others()
        self.save()
        if self.request.state == DRAINED:
            self._bleed()
            self._close()
        self.outcome.after = self._verified()

    def apply_again(self) -> None:
        for member in self.outcome.before.members:
            self.set_admin(member.id, Admin.MAINT if member.admin is Admin.MAINT else self.wanted)
            self._stop_agent(member)

    # Conditions

    def _satisfied(self, member: Member) -> bool:
        if self.request.state == DRAINING:
            return member.admin in {Admin.DRAIN, Admin.MAINT}
        return member.admin is Admin.MAINT

    def _check_policy(self, before: Sample) -> None:
        tcp = [str(member.id) for member in before.members if member.mode == "tcp"]
        if tcp and self.request.on_timeout is None and self.request.state != DISABLED:
            raise Refused(
                f"{', '.join(tcp)} is in TCP mode, where a client may keep its connection for ever: give on_timeout "
                f"(restore or cut) to say what is to happen to connections that are still open at the deadline."
            )

    def _check_others(self) -> None:
        # Members already out of service need no peer check.
        for member in self.moving:
            peers = self.api.peers(member.id)
            serving = [peer for peer in peers if _serves(peer) and not self._leaves(peer)]
            if len(serving) >= self.request.min_up:
                self._check_capacity([member, *filter(self._leaves, peers)], serving)
                continue
            others = ", ".join(map(self._named, peers[:10])) or "there is no other"
            raise Refused(
                f"{member.id} stays in service: without it {len(serving)} servers of backend {member.id.backend} "
                f"would be up and not draining, and min_up is {self.request.min_up} ({others}). Bring another one up "
                f"first, or lower min_up.{self.why_out(peers)}"
            )

    def _leaves(self, peer: Member) -> bool:
        return peer.id.member in self.request.leaving

    def _named(self, peer: Member) -> str:
        notes = " (a backup, which does not count)" if peer.backup else ""
        return f"{peer.id.member} is {peer.status}{notes}{' (leaves at the same time)' if self._leaves(peer) else ''}"

    def _check_capacity(self, leaving: list[Member], serving: list[Member]) -> None:
        """Where every remaining member is limited, they must have room for what those that leave carry now."""
        limits = [peer.limit for peer in serving if peer.limit]
        if not self.request.check_capacity or not serving or len(limits) < len(serving) or self.touched:
            return
        room = sum(limits) - sum(peer.busy for peer in serving)
        busy = sum(member.busy for member in leaving)
        if busy > room:
            subject = "it carries" if len(leaving) == 1 else "it and those that leave at the same time carry"
            raise Refused(
                f"{leaving[0].id} stays in service: {subject} {busy} requests now, and the servers left have room "
                f"for {max(room, 0)} more (their limits are {sum(limits)} in total). Wait for less traffic, raise the "
                f"limits, or give check_capacity=false."
            )

    def _steps(self, member: Member) -> list[str]:
        steps = []
        if member.agent is Agent.ON:
            steps.append(f"stop the agent-check of {member.id}")
        if self.request.state == DISABLED:
            steps.append(f"set {member.id} to maint without waiting")
            return steps
        if member.admin is Admin.READY:
            steps.append(f"set {member.id} to drain")
        if self.request.state == DRAINED:
            steps.append(f"wait until nothing is in flight to {member.id} (now {member.busy})")
            steps.append(f"set {member.id} to maint and check that nothing is in flight")
        return steps

    # Waiting

    def _stop_agent(self, member: Member) -> None:
        if member.agent is Agent.ON:
            self.set_agent(member.id, False)

    def _bleed(self) -> None:
        """Step 4: no new clients come, except those with session affinity; requests in flight finish."""
        if all(member.admin is Admin.MAINT for member in self.outcome.before.members):
            return
        limit = self._bleed_limit()
        while True:
            sample = self._watched()
            if sample.quiet or self.deadline.expired:
                return
            if limit is not None and self.deadline.elapsed_s >= limit:
                self.progress.say(
                    f"{self.request.member}: bled for {limit:g} s, closing for clients with session affinity"
                )
                return
            self.progress.tell(lambda sample=sample: self._line(sample))  # type: ignore[misc]
            self.deadline.sleep()

    def _may_close_before_zero(self) -> bool:
        """Whether maintenance may be set while requests are in flight."""
        return self.traits.affinity or self.request.bleed_s is not None

    def _bleed_limit(self) -> float | None:
        if self.traits.closes_on_down:
            return None  # maintenance would close what is in flight
        if self.request.bleed_s is not None:
            return self.request.bleed_s
        if self.traits.affinity:
            return self.request.timeout_s / 2
        return None

    def _close(self) -> None:
        """Steps 5 and 6: no client gets through any more; zero must be seen several times."""
        if self.deadline.expired:
            self._give_up(self._watched())
        self.wanted = Admin.MAINT
        for member in self.outcome.before.members:
            if member.admin is not Admin.MAINT:
                self.set_admin(member.id, Admin.MAINT)
        self.save()
        self.deadline.hurry()
        zeros = 0
        while True:
            sample = self._watched()
            zeros = zeros + 1 if sample.quiet else 0
            if zeros >= self.request.zero_samples:
                return
            if self.deadline.expired and zeros == 0:
                self._give_up(sample)
                return
            self.progress.tell(lambda sample=sample: self._line(sample))  # type: ignore[misc]
            self._short_sleep(zeros)

    def _short_sleep(self, zeros: int) -> None:
        if zeros:
            self.pause(min(_ZERO_S, self.request.poll_ms / 1000))
        else:
            self.deadline.sleep()

    def _give_up(self, sample: Sample) -> None:
        """The deadline has passed: fail, so that the former state is restored, or cut, as the user wants."""
        if sample.quiet:
            return
        if self.request.on_timeout != CUT:
            raise OutOfTime(
                f"{self.request.member} still had {sample.in_flight} requests in flight and {sample.queued} queued "
                f"after {self.request.timeout_s:g} s: raise timeout_s, or give on_timeout=cut to end them."
                f"{self.why_busy()}"
            )
        cutting = Cutting.of(self.api)
        for member_id in self.ids:
            self.set_admin(member_id, Admin.MAINT)
        self.wanted = Admin.MAINT
        sample = self.sample()
        self.outcome.cut = sample.busy
        self.progress.say(f"{self.request.member}: cutting {sample.busy} requests at the deadline")
        for member_id in self.ids:
            self.change(member_id, lambda member_id=member_id: cutting.cut(member_id))  # type: ignore[misc]
        after = self.new_deadline(_CUT_S)
        while not self.sample().quiet:
            if after.expired:
                raise OutOfTime(f"{self.request.member} still had requests in flight {_CUT_S:g} s after they were cut.")
            after.sleep()
        self.outcome.warnings.append(
            f"{self.outcome.cut} requests or connections to {self.request.member} were cut at the deadline."
        )

    def _watched(self) -> Sample:
        """A sample that is checked: nobody else has enabled the member, and enough others are up."""
        sample = self.sample()
        odd = [member for member in sample.members if member.admin not in {None, self.wanted, Admin.MAINT}]
        if odd:
            odd = [member for member in self.read().members if member.admin not in {self.wanted, Admin.MAINT}]
        if odd:
            raise LoadBalancerError(
                f"{odd[0].id} was set to {self.wanted.value}, but is {odd[0].status} now: somebody or something else "
                f"changes it at the same time."
            )
        if self.request.leaving or any(others < self.request.min_up for others in sample.others_up.values()):
            self._check_others()
        return sample

    def _verified(self) -> Sample:
        """A full reading, which must show the state that was asked for."""
        sample = self.read()
        for member in sample.members:
            if member.admin is not ADMIN_OF[self.request.state] and not self._satisfied(member):
                raise LoadBalancerError(f"{member.id} was set to {self.wanted.value}, but is {member.status} now.")
        return sample

    def _line(self, sample: Sample) -> str:
        return f"{self.request.member}: {self.counts(sample)}"


def _serves(peer: Member) -> bool:
    """Whether another member takes over clients. A backup member does not: it is for when no other one is up."""
    return peer.up and peer.admin is Admin.READY and peer.weight > 0 and not peer.backup
