# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer without an API of its own: it follows a health page, and the node counts its requests.

The page is taken away, the load balancer's checks notice that within a time which the user states, and then what the
node still works on is waited for. Works with everything that has health checks: F5, ARR, and those of clouds.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from ..api import LoadBalancerApi
from ..errors import LoadBalancerError, Refused
from ..model import Admin, Member, MemberId, Sample, Traits
from .node import HealthNode

BACKEND = "health page"


@dataclass(frozen=True)
class HealthPage:
    """How the load balancer checks."""

    url: str
    down_after_s: float
    up_after_s: float
    other_urls: tuple[str, ...] = ()


class HealthPageApi(LoadBalancerApi):
    """The load balancer as one node sees it."""

    def __init__(self, node: HealthNode, page: HealthPage, clock: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._page = page
        self._clock = clock
        self._changed_at: float | None = None
        self._draining = False

    @property
    def where(self) -> str:
        return f"the health page {self._page.url} of {self._node.name}"

    def find(self, member: str, backend: str | None) -> list[MemberId]:
        return [MemberId(BACKEND, member)]

    def look(self, ids: Sequence[MemberId]) -> Sample:
        return self.sample(ids)

    def sample(self, ids: Sequence[MemberId]) -> Sample:
        on = self._node.page_is_on()
        said = self._node.answers(self._page.url)
        if not on and said is None:
            raise LoadBalancerError(
                f"The page {self._page.url} still answers with success although its file is away: the load balancer "
                f"would not notice. Is health_file the file behind that address?"
            )
        flying = self._node.in_flight()
        if flying is None:
            raise Refused(
                f"{self._node.name} cannot tell its requests in flight: the role service Request Monitor is expected."
            )
        waited = self._page.up_after_s if on else self._page.down_after_s
        if self._changed_at is None:
            self._changed_at = self._clock() if not on else self._clock() - waited
        left = max(0.0, self._changed_at + waited - self._clock())
        admin = Admin.READY if on else Admin.DRAIN if self._draining else Admin.MAINT
        member = Member(
            id=ids[0],
            status="the page answers" if said is None else f"the page does not answer ({said})",
            in_flight=flying,
            queued=0,
            weight=1,
            admin=admin,
            up=said is None and not left,
            fresh=True,
            checked=True,
            address=self._page.url,
        )
        return Sample("", (member,), {BACKEND: len(self._serving())}, unsettled_s=0.0 if on else left)

    def peers(self, member_id: MemberId) -> list[Member]:
        others = []
        for url in self._page.other_urls:
            said = self._node.answers(url)
            others.append(
                Member(
                    id=MemberId(BACKEND, url),
                    status="UP" if said is None else said,
                    in_flight=0,
                    queued=0,
                    weight=1,
                    admin=Admin.READY,
                    up=said is None,
                )
            )
        return others

    def _serving(self) -> list[str]:
        return [url for url in self._page.other_urls if self._node.answers(url) is None]

    def everything(self) -> list[Member]:
        return list(self.sample([MemberId(BACKEND, self._node.name)]).members)

    def traits(self, ids: Sequence[MemberId]) -> Traits:
        return Traits(can_cut=False)

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        on = admin is Admin.READY
        self._draining = admin is Admin.DRAIN
        if self._node.page_is_on() is not on:
            self._node.set_page(on)
            self._changed_at = self._clock()

    def begin_return(self, member: Member) -> None:
        """Nothing: the page comes back when the member does."""

    def check_weight(self, weight: int) -> None:
        raise Refused("A health page has no weight.")

    def set_weight(self, member_id: MemberId, weight: int) -> None:
        raise LoadBalancerError("A health page has no weight.")

    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        raise LoadBalancerError("A health page has no agent-check.")

    def cut(self, member_id: MemberId) -> None:
        raise LoadBalancerError("A health page cannot close requests.")

    def by_hand(self, member_id: MemberId, admin: Admin) -> str:
        return f"{'put the file back' if admin is Admin.READY else 'take the file away'} behind {self._page.url}"

    def after_restart(self, before: str, after: str) -> None:
        """There is no process to watch."""
