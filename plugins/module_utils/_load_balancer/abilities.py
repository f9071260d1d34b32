# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What some load balancers can do and others cannot. A provider's API inherits the abilities that it has.

An ability that a provider does not have is absent: ``Cutting.of(api)`` refuses with a sentence, and
``isinstance(api, SavesState)`` asks where the ability is only used if it is there.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from .api import LoadBalancerApi
from .errors import Refused
from .model import Member, MemberId

_A = TypeVar("_A", bound="Ability")


class Ability(ABC):
    """Base of all abilities."""

    ABSENT: ClassVar[str]
    """The end of the sentence that refuses a request for this ability."""

    @classmethod
    def of(cls: type[_A], api: LoadBalancerApi) -> _A:
        """The API with this ability. Raises Refused where the API does not have it."""
        found: object = api
        if isinstance(found, cls):
            return found
        raise Refused(f"{api.where} {cls.ABSENT}")


class Cutting(Ability):
    """Closes what is still open to a member."""

    ABSENT = "cannot close what is open to one member: use on_timeout=restore."

    @abstractmethod
    def cut(self, member_id: MemberId) -> None:
        """Close requests and connections to the member."""


class Weights(Ability):
    """Members have weights that can be changed."""

    ABSENT = "has no weights: leave out weight and weight_steps."

    least_weight: ClassVar[int] = 1
    """The least weight with which a member gets clients."""

    @abstractmethod
    def check_weight(self, weight: int) -> None:
        """Raises Refused for a weight that the load balancer cannot have."""

    @abstractmethod
    def set_weight(self, member_id: MemberId, weight: int) -> None:
        """Set the weight, in the load balancer's own unit."""


class AgentChecks(Ability):
    """A program on the member may set the member's state, and can be stopped from doing so."""

    ABSENT = "has no agent-checks."

    @abstractmethod
    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        """Start or stop the agent-check of a member."""


class ResumesChecks(Ability):
    """A member in maintenance is not health-checked; its checks can be resumed before it gets clients."""

    ABSENT = "cannot resume health checks."

    @abstractmethod
    def resume_checks(self, member: Member) -> None:
        """Let the checks of a member in maintenance run, and send no new clients to it."""


class RequestAge(Ability):
    """Knows how long requests have been running, for progress."""

    ABSENT = "does not know the age of requests."

    @abstractmethod
    def oldest_s(self, ids: Sequence[MemberId]) -> int | None:
        """Seconds that the oldest request in flight has run. None: not known."""


class Explains(Ability):
    """Finds reasons in the load balancer's configuration, for messages."""

    ABSENT = "cannot explain its state."

    @abstractmethod
    def explain_busy(self, ids: Sequence[MemberId]) -> list[str]:
        """What may keep sending requests to members that drain, each as a sentence."""

    @abstractmethod
    def explain_out(self, members: Sequence[Member]) -> list[str]:
        """What may keep members out of service, each as a sentence."""


class SavesState(Ability):
    """Writes the members' states where a restart reads them."""

    ABSENT = "cannot save its state."

    @abstractmethod
    def save(self) -> None:
        """Called after each change, so that a restart of the load balancer does not forget it."""


class CountsAfterRestart(Ability):
    """Counts what the processes from before a restart or reload still hold."""

    ABSENT = "was restarted meanwhile, and the requests that its old process may still hold cannot be counted."

    @abstractmethod
    def after_restart(self, before: str, after: str) -> None:
        """Called when the process has changed. Raises if what the former one holds cannot be known."""
