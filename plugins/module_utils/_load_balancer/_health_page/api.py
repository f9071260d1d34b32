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
from ..errors import LoadBalancerError, Refused, Unreachable
from ..model import Admin, Member, MemberId, Sample, TakenOutBy, Traits
from ..node import Answer, WebNode

BACKEND = "health page"
OUT = ".out"


@dataclass(frozen=True)
class Page:
    """The page, and how the load balancer checks it."""

    url: str
    file: str
    pool: str
    down_after_s: float
    up_after_s: float
    host: str | None = None
    other_urls: tuple[str, ...] = ()


class HealthPageApi(LoadBalancerApi):
    """The load balancer as one node sees it."""

    def __init__(self, node: WebNode, page: Page, clock: Callable[[], float] = time.monotonic) -> None:
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

    def read(self, ids: Sequence[MemberId]) -> Sample:
        return self.sample(ids)

    def sample(self, ids: Sequence[MemberId]) -> Sample:
        on = self._is_on()
        answer = self._request(self._page.url)
        if not on and answer.up:
            raise LoadBalancerError(
                f"The page {self._page.url} still answers with success although its file was renamed ({answer}): the "
                f"load balancer would not notice. health_file must be the file behind that address."
            )
        if not on and not answer.down:
            raise Unreachable(
                f"The page {self._page.url} cannot be requested from the controller ({answer}), so whether it fails "
                f"for the load balancer is not known: a status of 400 or more is expected, or a refused connection."
            )
        in_flight = self._node.in_flight(self._page.pool)
        if in_flight is None:
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
            status="the page answers" if answer.up else f"the page does not answer ({answer})",
            taken_out_by=TakenOutBy.NONE if on and answer.up else self._taken_out_by(on),
            in_flight=in_flight,
            queued=0,
            weight=1,
            admin=admin,
            up=answer.up and not left,
            fresh=True,
            checked=True,
            address=self._page.url,
        )
        return Sample("", (member,), {BACKEND: self._others_up()}, unsettled_s=0.0 if on else left)

    def peers(self, member_id: MemberId) -> list[Member]:
        others = []
        for url in self._page.other_urls:
            answer = self._request(url)
            others.append(
                Member(
                    id=MemberId(BACKEND, url),
                    status="UP" if answer.up else str(answer),
                    in_flight=0,
                    queued=0,
                    weight=1,
                    admin=Admin.READY,
                    up=answer.up,
                )
            )
        return others

    def list_members(self) -> list[Member]:
        return list(self.sample([MemberId(BACKEND, self._node.name)]).members)

    def traits(self, ids: Sequence[MemberId]) -> Traits:
        return Traits()

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        on = admin is Admin.READY
        self._draining = admin is Admin.DRAIN
        if self._is_on() is not on:
            name = self._page.file.rpartition("\\")[2]
            if on:
                self._node.rename(self._page.file + OUT, name)
            else:
                self._node.rename(self._page.file, name + OUT)
            self._changed_at = self._clock()

    def manual_command(self, member_id: MemberId, admin: Admin) -> str:
        file = self._page.file
        old, new = (file + OUT, file) if admin is Admin.READY else (file, file + OUT)
        return f"rename {old} to {new} on the node"

    def _is_on(self) -> bool:
        if self._node.has_file(self._page.file):
            return True
        if self._node.has_file(self._page.file + OUT):
            return False
        raise LoadBalancerError(
            f"Neither {self._page.file} nor {self._page.file}{OUT} is on the node: the file of the health page is "
            f"expected (health_file)."
        )

    def _request(self, url: str) -> Answer:
        return self._node.request(url, self._page.host)

    def _others_up(self) -> int:
        return sum(self._request(url).up for url in self._page.other_urls)

    @staticmethod
    def _taken_out_by(on: bool) -> TakenOutBy:
        return TakenOutBy.HEALTH_CHECK if on else TakenOutBy.ADMINISTRATOR
