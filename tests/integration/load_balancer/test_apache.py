# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same drain behind a real Apache with mod_proxy_balancer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from lab.haproxy.apache import PASSWORD, USER, Apache, apache
from lab.haproxy.module import ModuleRun, lb_member
from lab.haproxy.users import COOKIES, HELD
from lab.waiting import wait_until


def options(made: Apache, **different: Any) -> dict[str, Any]:
    return {
        "provider": "apache",
        "manager_url": made.manager,
        "status_url": made.server_status,
        "url_username": USER,
        "url_password": PASSWORD,
        "timeout_s": 60,
        **different,
    }


def status(made: Apache) -> str:
    return made.worker("web01", "status")


def drains(made: Apache) -> None:
    wait_until(lambda: "Drn" in status(made), "a drain")


@pytest.mark.beside
def test_a_life_under_load() -> None:
    with apache() as made:
        with made.users() as users:
            made.wait_busy()
            result = lb_member(state="drained", **options(made))
            assert result["state"] == "drained", result
            assert result["in_flight_at_start"] > 0
            assert status(made) == "Init Dis"
            time.sleep(0.1)
            made.kill_origin("web01")
            assert lb_member(state="drained", **options(made))["changed"] is False
            made.start_origin("web01", "--cold", "1.5")
            result = lb_member(state="enabled", **options(made))
            assert result["state"] == "enabled", result
            assert result["waited_ms"] > 0
            assert status(made) == "Init Ok"
            time.sleep(0.5)
        assert users.tally.failed == 0, users.tally
        assert users.tally.requests > 100


@pytest.mark.beside
def test_disabled_without_waiting_loses_requests() -> None:
    with apache() as made, made.users(HELD) as users:
        made.wait_busy(1)
        assert lb_member(state="disabled", **options(made))["changed"]
        made.kill_origin("web01")
        wait_until(lambda: users.tally.failed > 0, "a failed request")


@pytest.mark.beside
def test_sticky_sessions() -> None:
    with apache(sticky=True) as made, made.users(COOKIES) as users:
        made.wait_busy(1)
        result = lb_member(state="drained", bleed_s=1, **options(made))
        assert result["state"] == "drained", result
        assert 0 < result["clients_moved_percent"] < 100
        time.sleep(0.1)
        made.kill_origin("web01")
        time.sleep(0.8)
    assert users.tally.failed == 0, users.tally


@pytest.mark.beside
def test_a_graceful_restart_in_the_middle_is_waited_for() -> None:
    with apache() as made:
        with made.users(HELD) as users:
            made.wait_busy(1)
            run = ModuleRun("lb_member", {"member": "web01", "state": "drained", **options(made)})
            drains(made)
            made.graceful()
            drains(made)
            made.release()
            result = run.result()
            assert (result.get("state"), result["reloads"]) == ("drained", 1), result
            assert "Dis" in status(made)
            made.kill_origin("web01")
            time.sleep(0.3)
        assert users.tally.failed == 0, users.tally


@pytest.mark.beside
def test_what_is_refused() -> None:
    with apache() as made:

        def message(member: str = "web01", **different: Any) -> str:
            result = lb_member(member, **{"state": "drained", **options(made), **different})
            assert result["failed"], result
            assert PASSWORD not in str(result)
            return str(result["msg"])

        assert "has no worker 'web1' in any balancer: did you mean web01" in message("web1")
        assert "has no balancer 'wep'" in message(backend="wep")
        assert "cannot close what is open to one member" in message(on_timeout="cut")
        assert "url_username and url_password" in message(url_password="wrong")
        assert "did not answer in XML" in message(manager_url=made.base + "/nowhere")
        assert "cannot be reached" in message(manager_url=made.base + "/stream/x")
        assert "100 to 10000 is expected" in message(state="enabled", weight=5)
        assert "cannot be reached" in message(manager_url="http://127.77.99.99:9/manager")
        assert "an http or https address without a query is expected" in message(manager_url=None)
        assert status(made) == "Init Ok"
        assert lb_member("web02", state="drained", **options(made))["changed"]
        assert "web/web01 stays in service" in message()
        assert status(made) == "Init Ok"


@pytest.mark.beside
def test_check_mode_changes_nothing() -> None:
    with apache() as made:
        for state in ("draining", "drained", "disabled"):
            result = lb_member(state=state, **options(made), _ansible_check_mode=True)
            assert result["changed"]
            assert status(made) == "Init Ok"
        shown = ModuleRun("lb_member_info", {k: v for k, v in options(made).items() if k != "timeout_s"}).result()
        assert [(m["member"], m["state"], m["health_checks"]) for m in shown["members"]] == [
            ("web01", "enabled", True),
            ("web02", "enabled", True),
        ]
