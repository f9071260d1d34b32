# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings of servers behind a load balancer of any make.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Admin(str, Enum):
    """The administrative state of a member."""

    READY = "ready"
    DRAIN = "drain"
    MAINT = "maint"


class Agent(str, Enum):
    """An agent-check: a program on the member that may set the member's state by itself."""

    NONE = "none"
    OFF = "off"
    ON = "on"


class TakenOutBy(str, Enum):
    """Why a member gets no new clients. Only the first two are somebody's decision about this member."""

    NONE = "none"
    """It may get clients."""
    ADMINISTRATOR = "administrator"
    """The administrative interface: a person, this collection, or another program."""
    CONFIGURATION = "configuration"
    """The configuration file."""
    AGENT = "agent"
    """The agent-check has set the state, or may have set it."""
    RESOLUTION = "resolution"
    """The member's host name does not resolve."""
    TRACKING = "tracking"
    """The state of the member that this one tracks."""
    HEALTH_CHECK = "health_check"
    """The health check."""


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
    """The administrative state alone, without what the load balancer does by itself. None: not known from this
    reading."""
    taken_out_by: TakenOutBy = TakenOutBy.NONE
    """Known from a full reading."""
    up: bool = False
    """Its health allows requests, whatever its administrative state: up, and not on its way down."""
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
    affinity: bool = False
    """Clients have session affinity with it, by a cookie or a table."""
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
        """The value of the option ``state`` for this."""
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
        """Nothing is in flight or queued, and the load balancer has noticed the last change."""
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
    """What makes a drain of a member harder."""

    affinity: bool = False
    """Clients have session affinity, so a draining member still gets requests."""
    share_percent: float | None = None
    """The share of the clients that will move to other members, as far as it can be estimated."""
    closes_on_down: bool | None = False
    """Maintenance closes what is in flight, so it must not come before zero. None: not known."""
    uncounted: str = ""
    """A sentence where old processes may hold requests that cannot be counted, and what to do about it."""
