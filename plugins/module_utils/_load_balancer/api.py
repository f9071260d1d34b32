# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every load balancer must be able to do. One provider implements it for one make of load balancer.

What only some can do is in abilities.py.

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
        """The load balancer and its address, for messages."""

    @abstractmethod
    def find(self, member: str, backend: str | None) -> list[MemberId]:
        """The member in every backend that has it. Raises Refused, with suggestions, when there is none."""

    @abstractmethod
    def read(self, ids: Sequence[MemberId]) -> Sample:
        """A full reading: every field of the members is known. May cost more than a sample."""

    @abstractmethod
    def sample(self, ids: Sequence[MemberId]) -> Sample:
        """A cheap reading for use in a loop: its cost does not grow with the number of members."""

    @abstractmethod
    def peers(self, member_id: MemberId) -> list[Member]:
        """The other members of the same backend."""

    @abstractmethod
    def list_members(self) -> list[Member]:
        """Every member of every backend."""

    @abstractmethod
    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        """Ask for a state."""

    @abstractmethod
    def manual_command(self, member_id: MemberId, admin: Admin) -> str:
        """The command with which a person sets a state."""

    @abstractmethod
    def traits(self, ids: Sequence[MemberId]) -> Traits:
        """What makes a drain of these members harder."""
