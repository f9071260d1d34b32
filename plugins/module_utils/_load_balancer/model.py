# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one server behind a load balancer, whatever the load balancer's make.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Admin(str, Enum):
    """What the administrator has asked of a member."""

    READY = "ready"
    DRAIN = "drain"
    MAINT = "maint"


class Agent(str, Enum):
    """An agent-check: a program on the member that may set the member's state by itself."""

    NONE = "none"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, order=True)
class MemberId:
    """One member of one backend."""

    backend: str
    member: str

    def __str__(self) -> str:
        return f"{self.backend}/{self.member}"


@dataclass(frozen=True)
class Member:
    """One reading of one member of one backend."""

    id: MemberId
    status: str
    in_flight: int
    queued: int
    weight: int
    admin: Admin | None = None
    """None: this reading does not tell."""
    up: bool = False
    """Takes part in serving, apart from what the administrator says: up, and not on its way down."""
    fresh: bool = False
    """Its health checks have succeeded since they were resumed."""
    checked: bool = False
    """Has health checks of its own."""
    tracks: str = ""
    """Its health is that of this other member."""
    mode: str = "http"
    agent: Agent = Agent.NONE
    agent_status: str = ""
    check_status: str = ""
    address: str = ""
    backup: bool = False
    persistent: bool = False
    """Users stick to it, by a cookie or a table."""
    limit: int | None = None
    """The most requests it takes at once, if limited."""
    served: int = 0
    """Requests since the start."""
    initial_weight: int | None = None

    @property
    def busy(self) -> int:
        return self.in_flight + self.queued

    @property
    def state(self) -> str:
        """The word that users know this state by."""
        if self.admin is Admin.READY:
            return "enabled"
        if self.admin is Admin.DRAIN:
            return "draining"
        if self.admin is Admin.MAINT:
            return "disabled" if self.busy else "drained"
        return "unknown"


@dataclass(frozen=True)
class Sample:
    """One reading of some members, all from the same process at the same time."""

    process: str
    members: tuple[Member, ...]
    others_up: dict[str, int] = field(default_factory=dict)
    """For each backend: how many other members serve now."""
    older: dict[str, int] = field(default_factory=dict)
    """Requests in flight in processes that a reload has left behind, by process."""

    unsettled_s: float = 0.0
    """Seconds until the load balancer is sure to have noticed the last change."""

    @property
    def quiet(self) -> bool:
        """Nothing is there to wait for."""
        return self.busy == 0 and self.unsettled_s <= 0

    @property
    def in_flight(self) -> int:
        return sum(member.in_flight for member in self.members) + sum(self.older.values())

    @property
    def queued(self) -> int:
        return sum(member.queued for member in self.members)

    @property
    def busy(self) -> int:
        return self.in_flight + self.queued

    def member(self, member_id: MemberId) -> Member:
        return next(member for member in self.members if member.id == member_id)


@dataclass(frozen=True)
class Traits:
    """What about a member's place makes leaving it harder."""

    persistent: bool = False
    """Users stick to members, so a draining member still gets requests."""
    share_percent: float | None = None
    """The share of the users that will move to other members, as far as it can be estimated."""
    closes_on_down: bool = False
    """Maintenance closes what is in flight, so it must not come before zero."""
    can_cut: bool = True
    """The load balancer is able to close what is open to one member."""
    uncounted: str = ""
    """Old processes that may hold requests which cannot be counted, as a sentence."""
