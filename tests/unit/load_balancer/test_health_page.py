# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drain of a load balancer without an API: a page, a time, and what the node counts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._health_page.api import (
    HealthPage,
    HealthPageApi,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._health_page.node import HealthNode
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.drain import Departure
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.enable import Return
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    LoadBalancerError,
    OutOfTime,
    Refused,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.request import Outcome, Request
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from unit.load_balancer.fakes import CountingGuard, Time

URL, OTHER = "http://web01/up.html", "http://web02/up.html"


class FakeNode(HealthNode):
    def __init__(self, on: bool = True, flying: int | None = 0) -> None:
        self.on = on
        self.flying = flying
        self.said: dict[str, str | None] = {OTHER: None}
        self.changes: list[bool] = []

    @property
    def name(self) -> str:
        return "web01"

    def page_is_on(self) -> bool:
        return self.on

    def set_page(self, on: bool) -> None:
        self.changes.append(on)
        self.on = on

    def in_flight(self) -> int | None:
        return self.flying

    def answers(self, url: str) -> str | None:
        default = None if self.on else "status 404"
        return self.said.get(url, default)


def run(node: FakeNode, state: str, time: Time, **options: Any) -> Outcome:
    page = HealthPage(URL, down_after_s=10, up_after_s=4, other_urls=(OTHER,))
    kind = Return if state == "enabled" else Departure
    api = HealthPageApi(node, page, time.clock)
    return kind(api, Request("web01", state, **options), Progress(""), CountingGuard(), time.clock, time.pause).run()


def test_the_balancer_must_have_noticed_and_the_node_must_be_quiet() -> None:
    time, node = Time(), FakeNode()
    outcome = run(node, "drained", time)
    assert (outcome.changed, node.on) == (True, False)
    assert 10 <= time.now < 11
    time, node = Time(), FakeNode(flying=3)
    time.at(15, lambda: setattr(node, "flying", 0))
    assert run(node, "drained", time).waited_ms >= 15_000


def test_again_is_no_change_and_still_waits_because_the_time_of_the_change_is_not_known() -> None:
    time, node = Time(), FakeNode(on=False)
    assert run(node, "drained", time).changed is False
    assert time.now >= 10
    assert node.changes == []


def test_at_the_deadline_the_page_comes_back() -> None:
    node = FakeNode(flying=1)
    with pytest.raises(OutOfTime, match="The former state was put back"):
        run(node, "drained", Time(), timeout_s=20)
    assert node.changes == [False, True]


def test_the_last_node_stays() -> None:
    node = FakeNode()
    node.said[OTHER] = "status 503"
    with pytest.raises(Refused, match="stays in service"):
        run(node, "drained", Time())
    assert node.changes == []


def test_a_page_that_still_answers_is_noticed() -> None:
    node = FakeNode()
    node.said[URL] = None
    with pytest.raises(LoadBalancerError, match="still answers with success although its file is away"):
        run(node, "drained", Time())
    assert node.on


def test_a_node_that_cannot_count_is_refused() -> None:
    node = FakeNode(flying=None)
    with pytest.raises(Refused, match="Request Monitor"):
        run(node, "drained", Time())
    assert node.changes == []


def test_coming_back_waits_until_the_balancer_has_noticed() -> None:
    time, node = Time(), FakeNode(on=False)
    outcome = run(node, "enabled", time)
    assert (outcome.changed, node.on) == (True, True)
    assert time.now >= 4
    time = Time()
    assert run(node, "enabled", time).changed is False
    assert time.now < 1


def test_check_mode_changes_nothing() -> None:
    node = FakeNode()
    assert run(node, "drained", Time(), check_mode=True).plan
    assert node.changes == []
