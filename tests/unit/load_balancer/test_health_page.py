# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drain of a load balancer without an API: a page, a time, and what the node counts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._health_page.api import (
    OUT,
    HealthPageApi,
    Page,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.drain import DrainSession
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.enable import EnableSession
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    LoadBalancerError,
    OutOfTime,
    Refused,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.node import Answer, WebNode
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.request import Outcome, Request
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from unit.load_balancer.fakes import CountingGuard, Time

URL, OTHER = "http://web01/up.html", "http://web02/up.html"


FILE = "C:\\lb\\up.html"


class FakeNode(WebNode):
    def __init__(self, on: bool = True, flying: int | None = 0) -> None:
        self.files = {FILE if on else FILE + OUT}
        self.flying = flying
        self.said: dict[str, Answer] = {OTHER: Answer(200)}
        self.changes: list[bool] = []

    @property
    def name(self) -> str:
        return "web01"

    @property
    def on(self) -> bool:
        return FILE in self.files

    def check_path(self, path: str, option: str) -> None:
        assert (path, option) == (FILE, "health_file")

    def has_file(self, path: str) -> bool:
        return path in self.files

    def rename(self, path: str, name: str) -> None:
        self.files.remove(path)
        self.files.add(f"C:\\lb\\{name}")
        self.changes.append(self.on)

    def in_flight(self, pool: str) -> int | None:
        assert pool == "Shop"
        return self.flying

    def request(self, url: str, host: str | None) -> Answer:
        assert host == "shop.test"
        return self.said.get(url, Answer(200 if self.on else 404))


def run(node: FakeNode, state: str, time: Time, **options: Any) -> Outcome:
    page = Page(URL, FILE, "Shop", down_after_s=10, up_after_s=4, host="shop.test", other_urls=(OTHER,))
    kind = EnableSession if state == "enabled" else DrainSession
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
    node.said[OTHER] = Answer(503)
    with pytest.raises(Refused, match="stays in service"):
        run(node, "drained", Time())
    assert node.changes == []


def test_a_page_that_still_answers_is_noticed() -> None:
    node = FakeNode()
    node.said[URL] = Answer(200)
    with pytest.raises(LoadBalancerError, match="still answers with success although its file was renamed"):
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


@pytest.mark.parametrize(
    "answer", [Answer(error="the name could not be resolved"), Answer(error="certificate verify failed"), Answer(302)]
)
def test_a_page_that_only_the_controller_cannot_request_is_no_evidence_of_a_drain(answer: Answer) -> None:
    """A redirect is a success for most load balancers; an error without a status may be the controller's own."""
    node = FakeNode()
    time = Time()
    time.at(1, lambda: node.said.update({URL: answer}))
    with pytest.raises(LoadBalancerError, match="The former state was put back"):
        run(node, "drained", time)
    assert node.on


@pytest.mark.parametrize("answer", [Answer(404), Answer(503), Answer(error="refused", refused=True)])
def test_a_failing_status_or_a_refused_connection_is_evidence(answer: Answer) -> None:
    node = FakeNode(on=False)
    node.said[URL] = answer
    assert run(node, "drained", Time()).changed is False


def test_any_error_while_waiting_puts_the_page_back() -> None:
    node = FakeNode()
    time = Time()

    original = node.in_flight

    def broken(pool: str) -> int | None:
        node.in_flight = original  # type: ignore[method-assign]
        raise RuntimeError("bad status line \x1b")

    time.at(1, lambda: setattr(node, "in_flight", broken))
    with pytest.raises(LoadBalancerError, match=r"unexpected error \(RuntimeError: bad status line \?\). The former"):
        run(node, "drained", time)
    assert node.on


def test_an_error_at_the_first_reading_restores_what_was_before_a_former_task() -> None:
    node = FakeNode(on=False)
    node.said[URL] = Answer(200)
    with pytest.raises(LoadBalancerError, match="The former state was put back"):
        run(node, "drained", Time(), restore_to="enabled")
    assert node.on
