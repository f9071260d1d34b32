# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every load balancer must be able to do. One provider implements it for one make of load balancer.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .model import Admin, Member, MemberId, Sample, Traits


class LoadBalancerApi(ABC):
    """Names come in, readings go out; every change is verified by the caller with another reading."""

    @property
    @abstractmethod
    def where(self) -> str:
        """What is spoken to, for messages."""

    @abstractmethod
    def find(self, member: str, backend: str | None) -> list[MemberId]:
        """Every place of the member. Raises Refused, with suggestions, when there is none."""

    @abstractmethod
    def look(self, ids: Sequence[MemberId]) -> Sample:
        """A full reading: every field of the members is known. May cost more than a sample."""

    @abstractmethod
    def sample(self, ids: Sequence[MemberId]) -> Sample:
        """A cheap reading for use in a loop: its cost does not grow with the number of members."""

    @abstractmethod
    def peers(self, member_id: MemberId) -> list[Member]:
        """The other members of the same backend."""

    @abstractmethod
    def everything(self) -> list[Member]:
        """Every member of every backend."""

    @abstractmethod
    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        """Ask for a state."""

    @abstractmethod
    def begin_return(self, member: Member) -> None:
        """Take a member out of maintenance so far that its checks run, with no new users sent to it."""

    @abstractmethod
    def check_weight(self, weight: int) -> None:
        """Raises Refused for a weight that the load balancer does not have."""

    @abstractmethod
    def set_weight(self, member_id: MemberId, weight: int) -> None:
        """Set the weight, in the load balancer's own unit."""

    @abstractmethod
    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        """Let an agent-check work, or stop it."""

    @abstractmethod
    def cut(self, member_id: MemberId) -> None:
        """Close what is still open to the member."""

    @abstractmethod
    def by_hand(self, member_id: MemberId, admin: Admin) -> str:
        """The command with which a person sets a state."""

    @abstractmethod
    def traits(self, ids: Sequence[MemberId]) -> Traits:
        """What there is to know about the members' place before they are taken out."""

    def oldest_s(self, ids: Sequence[MemberId]) -> int | None:
        """Seconds that the oldest request in flight has run, for progress; None: not known."""
        return None

    def save(self) -> None:
        """Called after each change, so that a restart of the load balancer does not forget it."""
        return

    @abstractmethod
    def after_restart(self, before: str, after: str) -> None:
        """Called when the process has changed. Raises if what the former one holds cannot be known."""
