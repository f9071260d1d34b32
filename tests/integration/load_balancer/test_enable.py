# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enabling: only after fresh health checks, and with nothing lost while the application is cold."""

from __future__ import annotations

import time

import pytest
from lab.haproxy.farm import Farm
from lab.haproxy.module import ModuleRun, lb_member
from lab.haproxy.scene import Scene, scene
from lab.haproxy.users import COOKIES, MIXED, Kind, Tally
from lab.waiting import LIMIT_S, wait_until

COLD_S = 1.5
"""How long the application stays cold while the module waits for it."""


def _set_state(made: Scene, state: str) -> None:
    assert made.balancer.ask(f"set server web/web01 state {state}") == "\n"


def _ready_again(made: Scene) -> bool:
    """On a busy machine the checks may be quicker than the users: the same once more. Never true."""
    if made.balancer.status().startswith("DOWN"):
        _set_state(made, "maint")
        _set_state(made, "ready")
    return False


def restarted_while_users_are_there(made: Scene, kinds: tuple[Kind, ...], naive: bool) -> Tally:
    socket = str(made.balancer.admin)
    with made.users(kinds) as users:
        made.wait_busy(1)
        assert lb_member(state="drained", socket=socket, bleed_s=0.5)["changed"]
        made.kill_origin("web01")
        warm = made.directory / "warm"
        made.start_origin("web01", "--cold-until", str(warm))
        if naive:
            _set_state(made, "ready")
            wait_until(lambda: users.tally.failed > 0 or _ready_again(made), "a user who meets the cold application")
            warm.touch()
        else:
            options = {"member": "web01", "state": "enabled", "socket": socket}
            run = ModuleRun("lb_member", options, progress=made.directory / "progress")
            run.wait_said("waiting for a fresh")
            time.sleep(COLD_S)
            warm.touch()
            result = run.result()
            assert (result["changed"], result["previous_state"], result["state"]) == (True, "drained", "enabled")
        time.sleep(0.5)
        made.balancer.wait_status("UP")
    return users.tally


@pytest.mark.beside
def test_ready_while_the_application_is_cold_fails_and_enabled_does_not() -> None:
    with scene() as made:
        assert restarted_while_users_are_there(made, MIXED, naive=True).failed > 0
    with scene() as made:
        tally = restarted_while_users_are_there(made, MIXED, naive=False)
        assert (tally.failed, tally.requests > 50) == (0, True)


@pytest.mark.beside
def test_users_with_a_cookie_do_not_reach_a_cold_application() -> None:
    """HAProxy takes a server for healthy until a check fails: clients with session affinity would get through."""
    with scene(Farm(cookie=True)) as made:
        assert restarted_while_users_are_there(made, COOKIES, naive=False).failed == 0


@pytest.mark.beside
def test_one_success_is_told_from_none_where_one_failure_is_enough() -> None:
    with scene(Farm(fall=1, rise=1)) as made:
        assert restarted_while_users_are_there(made, MIXED, naive=False).failed == 0


@pytest.mark.beside
def test_an_application_that_never_gets_well_goes_back_to_where_it_was() -> None:
    with scene() as made:
        socket = str(made.balancer.admin)
        assert lb_member(state="drained", socket=socket)["changed"]
        made.kill_origin("web01")
        result = lb_member(state="enabled", socket=socket, timeout_s=1.5)
        assert result["failed"]
        assert "a fresh successful health check is expected" in result["msg"]
        assert "The former state was put back: web/web01 maint." in result["msg"]
        assert made.balancer.status() == "MAINT"


@pytest.mark.beside
def test_a_server_without_health_checks_is_enabled_at_once_and_that_is_said() -> None:
    with scene(Farm(checks=False)) as made:
        socket = str(made.balancer.admin)
        assert lb_member(state="drained", socket=socket)["changed"]
        run = ModuleRun("lb_member", {"member": "web01", "state": "enabled", "socket": socket})
        result = run.result()
        assert "has no health checks" in str(result["warnings"])
        assert made.balancer.status() == "no check"


@pytest.mark.beside
def test_the_idiom_for_each_state() -> None:
    """Check mode, untouched, apply, done, again, no change."""
    with scene(Farm(agent=True), agent="ready") as made:
        socket = str(made.balancer.admin)
        for state, status, agent in (
            ("draining", "DRAIN", "off"),
            ("drained", "MAINT", "off"),
            ("enabled", "UP", "on"),
            ("disabled", "MAINT", "off"),
            ("enabled", "UP", "on"),
        ):
            before = made.balancer.ask("show servers state web").split()
            planned = lb_member(state=state, socket=socket, _ansible_check_mode=True, _ansible_diff=True)
            assert planned["changed"]
            assert planned["plan"]
            after = made.balancer.ask("show servers state web").split()
            assert [word for word in before if not word.isdigit()] == [word for word in after if not word.isdigit()]
            done = lb_member(state=state, socket=socket, _ansible_diff=True)
            assert done["changed"]
            assert made.balancer.status() == status
            assert (done["diff"], done["plan"]) == (planned["diff"], planned["plan"])
            assert done["diff"]["before"] != done["diff"]["after"]
            assert done["members"][0]["agent_check"] == agent
            again = lb_member(state=state, socket=socket, _ansible_diff=True)
            assert (again["changed"], again["plan"]) == (False, [])
            assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.beside
def test_weight_grows_in_steps_and_is_set() -> None:
    with scene(Farm(server_options="weight 100")) as made:
        socket = str(made.balancer.admin)
        assert lb_member(state="drained", socket=socket)["changed"]
        began = time.monotonic()
        run = ModuleRun(
            "lb_member",
            {"member": "web01", "state": "enabled", "socket": socket, "weight_steps": [10, 50], "step_s": 2.0},
        )
        weights = []
        while run.popen.poll() is None and time.monotonic() - began < LIMIT_S:
            weights.append((made.balancer.status(), made.balancer.column("weight")))
            time.sleep(0.05)
        result = run.result()
        weights.append((made.balancer.status(), made.balancer.column("weight")))
        assert result["changed"], result
        assert [weight for status, weight in dict.fromkeys(weights) if status == "UP"] == ["10", "50", "100"]
        assert lb_member(state="enabled", socket=socket, weight=40)["diff"]["after"]["web/web01"]["weight"] == 40
        assert made.balancer.column("weight") == "40"


@pytest.mark.beside
def test_weight_comes_back_when_the_member_goes_down_in_between() -> None:
    with scene(Farm(server_options="weight 100")) as made:
        socket = str(made.balancer.admin)
        assert lb_member(state="drained", socket=socket)["changed"]
        run = ModuleRun(
            "lb_member", {"member": "web01", "state": "enabled", "socket": socket, "weight_steps": [10], "step_s": 5}
        )
        made.balancer.wait_status("UP")
        made.kill_origin("web01")
        result = run.result()
        assert result["failed"]
        assert "while its weight grew" in result["msg"]
        assert (made.balancer.status(), made.balancer.column("uweight")) == ("MAINT", "100")
