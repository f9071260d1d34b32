# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_app_pool's behaviour, command by command."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd import Appcmd
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import ConnectionLost, IisError
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.pool import PoolOptions, PoolTask
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.pool_info import describe_pools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.reporter import TaskReporter

from .conftest import Clock, ScriptedNode, pool, request, worker, xml

POOLS = "appcmd list apppool /config:* /xml"
WORKERS = "appcmd list wp /xml"
REQUESTS = "appcmd list requests /xml"
STOP = "appcmd stop apppool /apppool.name:Shop"
START = "appcmd start apppool /apppool.name:Shop"
RECYCLE = "appcmd recycle apppool /apppool.name:Shop"


@pytest.fixture
def run(appcmd: Appcmd, reporter: TaskReporter, clock: Clock) -> Any:
    def call(state: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        wanted = PoolOptions(name="shop", state=state, **options)
        return PoolTask(AppcmdPools(appcmd), wanted, reporter, check_mode, clock, clock.sleep).run()

    return call


def test_stop_waits_for_requests_the_worker_and_the_state(
    run: Any, node: ScriptedNode, clock: Clock, shown: list[str]
) -> None:
    other = request("Other", 9)
    node.expect(POOLS, xml(pool("Shop", "Started"), pool("Other", "Started")))
    node.expect(WORKERS, xml(worker(4004, "Shop"), worker(9, "Other")))
    node.expect(REQUESTS, xml(request("Shop", 4004), request("Shop", 4004), other))
    for _dummy in range(10):
        node.expect(REQUESTS, xml(request("Shop", 4004, ms=2500), other))
    node.expect(REQUESTS, xml(other))
    node.expect(STOP, '"Shop" successfully stopped')
    node.expect(WORKERS, xml(worker(4004, "Shop")))
    node.expect(WORKERS, xml(worker(9, "Other")))
    node.expect(POOLS, xml(pool("Shop", "Stopping")))
    node.expect(POOLS, xml(pool("Shop", "Stopped")))
    node.expect(WORKERS, xml(worker(9, "Other")))
    result = run("stopped")
    node.done()
    assert result["changed"] is True
    assert (result["previous_state"], result["state"]) == ("Started", "Stopped")
    assert (result["in_flight_at_start"], result["in_flight_killed"]) == (2, 0)
    assert (result["previous_worker_pids"], result["worker_pids"]) == ([4004], [])
    assert result["diff"] == {
        "before": {"name": "Shop", "state": "Started", "worker_pids": [4004]},
        "after": {"name": "Shop", "state": "Stopped", "worker_pids": []},
    }
    assert result["waited_ms"] == round(sum(clock.sleeps) * 1000)
    assert clock.sleeps[0] == pytest.approx(0.1)
    assert max(clock.sleeps) <= 0.5
    assert any("1 request in flight, the oldest: GET /slow, 2.5 s" in line for line in shown)
    assert not any("token" in line for line in shown)


def test_a_stopped_pool_is_left_alone(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    result = run("stopped")
    node.done()
    assert result["changed"] is False


def test_a_pool_that_is_stopping_already_is_waited_for(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopping"))).expect(WORKERS, xml(worker(4, "Shop")))
    node.expect(WORKERS, xml(worker(4, "Shop"))).expect(WORKERS, xml())
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    result = run("stopped", in_flight="skip")
    node.done()
    assert (result["changed"], result["in_flight_at_start"]) == (False, None)


def test_requests_that_do_not_end_leave_the_pool_as_it_is(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop")))
    node.repeat(REQUESTS, xml(request("Shop", 4)))
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop")))
    with pytest.raises(IisError, match=r"1 request in flight in pool Shop after 2 s .*Nothing was changed") as caught:
        run("stopped", timeout_s=2)
    node.done()
    assert caught.value.facts == {
        "name": "Shop",
        "in_flight": 1,
        "previous_state": "Started",
        "previous_worker_pids": [4],
        "state": "Started",
        "worker_pids": [4],
        "changed": False,
    }
    assert not any("stop" in command.arguments for command in node.seen)


def test_on_timeout_stop_counts_the_killed_requests(run: Any, node: ScriptedNode, reporter: TaskReporter) -> None:
    still = xml(request("Shop", 4), request("Shop", 4))
    node.expect(POOLS, xml(pool("Shop", "Started", limit="00:00:03"))).expect(WORKERS, xml(worker(4, "Shop")))
    for _dummy in range(8):
        node.expect(REQUESTS, still)
    node.expect(STOP)
    for _dummy in range(9):
        node.expect(REQUESTS, still)
    node.expect(REQUESTS, xml()).expect(WORKERS, xml())
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    result = run("stopped", timeout_s=2, on_timeout="stop")
    node.done()
    assert result["in_flight_killed"] == 2
    assert "because of on_timeout=stop" in reporter.warnings[0]


def test_requests_that_end_before_the_limit_were_not_killed(run: Any, node: ScriptedNode) -> None:
    still = xml(request("Shop", 4))
    node.expect(POOLS, xml(pool("Shop", "Started", limit="00:01:30"))).expect(WORKERS, xml(worker(4, "Shop")))
    node.expect(REQUESTS, still).expect(STOP).expect(REQUESTS, still).expect(REQUESTS, xml())
    node.expect(WORKERS, xml()).expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    result = run("stopped", timeout_s=0, on_timeout="stop")
    node.done()
    assert result["in_flight_killed"] == 0


def test_a_worker_that_does_not_exit_is_a_failure(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop"))).expect(REQUESTS, xml())
    node.expect(STOP)
    node.repeat(WORKERS, xml(worker(4, "Shop")))
    node.expect(POOLS, xml(pool("Shop", "Stopping"))).expect(WORKERS, xml(worker(4, "Shop")))
    with pytest.raises(
        IisError, match=r"not stopped 3 s after the stop began: worker 4 still runs.*exit_timeout_s"
    ) as failed:
        run("stopped", exit_timeout_s=3)
    assert failed.value.message.endswith("The pool was Started and is Stopping now.")


def test_a_pool_that_is_started_again_is_a_failure(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml()).expect(STOP)
    node.repeat(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml())
    with pytest.raises(IisError, match="another program or person started it"):
        run("stopped", in_flight="skip")


def test_without_the_role_service_nothing_is_stopped(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml())
    node.expect(REQUESTS, "ERROR ( message:x )", 50)
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml())
    with pytest.raises(IisError, match="Web-Request-Monitor"):
        run("stopped")
    node.done()


def test_check_mode_reads_only(run: Any, node: ScriptedNode) -> None:
    for state, reads in (("stopped", [REQUESTS]), ("recycled", [REQUESTS])):
        node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop")))
        for line in reads:
            node.expect(line, xml())
        assert run(state, check_mode=True)["changed"] is True
        node.done()
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    assert run("started", check_mode=True)["state"] == "Started"
    node.done()


def test_start_waits_for_the_worker_of_an_always_running_pool(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopped", "AlwaysRunning"))).expect(WORKERS, xml()).expect(START)
    node.expect(POOLS, xml(pool("Shop", "Starting", "AlwaysRunning")))
    node.expect(POOLS, xml(pool("Shop", "Started", "AlwaysRunning"))).expect(WORKERS, xml())
    node.expect(POOLS, xml(pool("Shop", "Started", "AlwaysRunning"))).expect(WORKERS, xml(worker(5, "Shop")))
    result = run("started")
    node.done()
    assert (result["state"], result["worker_pids"], result["changed"]) == ("Started", [5], True)


def test_an_always_running_pool_without_a_site_gets_a_warning(
    run: Any, node: ScriptedNode, reporter: TaskReporter
) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopped", "AlwaysRunning"))).expect(WORKERS, xml()).expect(START)
    for _dummy in range(60):
        node.expect(POOLS, xml(pool("Shop", "Started", "AlwaysRunning"))).expect(WORKERS, xml())
    assert run("started")["state"] == "Started"
    assert "does a site use it" in reporter.warnings[0]


def test_a_pool_that_stops_again_at_once_is_a_failure(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml()).expect(START)
    node.repeat(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    with pytest.raises(IisError, match="is Stopped 5 s after its start"):
        run("started", timeout_s=5)


def test_recycle_waits_for_the_new_worker_and_the_old_ones_exit(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop"))).expect(REQUESTS, xml())
    node.expect(RECYCLE)
    node.expect(WORKERS, xml(worker(4, "Shop")))
    node.expect(WORKERS, xml(worker(4, "Shop"), worker(5, "Shop")))
    node.expect(WORKERS, xml(worker(5, "Shop")))
    result = run("recycled")
    node.done()
    assert (result["worker_pids"], result["changed"]) == ([5], True)


def test_recycle_is_refused_where_it_would_leave_a_gap(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started", gap="true"))).expect(WORKERS, xml(worker(4, "Shop")))
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop")))
    with pytest.raises(IisError, match="disallowOverlappingRotation"):
        run("recycled")
    node.done()


def test_recycle_of_a_stopped_pool_is_refused(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    with pytest.raises(IisError, match="Stopped, Started was expected"):
        run("recycled")


def test_an_unknown_pool_is_named_with_the_known_ones(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Blue", "Started"), pool("Azure", "Started")))
    with pytest.raises(IisError, match="no application pool 'shop'; it has: Azure, Blue"):
        run("stopped")
    node.done()


def test_a_connection_lost_during_the_stop_reports_the_possible_states(
    run: Any, node: ScriptedNode, reporter: TaskReporter
) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml()).expect(REQUESTS, xml())
    node.expect_raise(STOP, ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        run("stopped")
    assert reporter.step == "stopping the pool Shop"
    assert "Started, Stopping or Stopped" in reporter.if_lost


def test_a_connection_lost_before_any_change_says_so(run: Any, node: ScriptedNode, reporter: TaskReporter) -> None:
    node.expect_raise(POOLS, ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        run("stopped")
    assert reporter.if_lost == "Nothing was changed by this task."


def test_info_returns_pools_workers_and_requests(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"), pool("Other", "Stopped")))
    node.expect(WORKERS, xml(worker(4, "Shop")))
    node.expect(REQUESTS, xml(request("Shop", 4, ms=100), request("Shop", 4, ms=900)))
    found = describe_pools(AppcmdPools(appcmd), None)
    assert found["request_monitor"] is True
    assert [(p["name"], p["state"], p["worker_pids"], p["in_flight"], p["oldest_ms"]) for p in found["pools"]] == [
        ("Shop", "Started", [4], 2, 900),
        ("Other", "Stopped", [], 0, 0),
    ]


def test_info_of_a_node_that_cannot_list_requests(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml()).expect(REQUESTS, "ERROR", 50)
    found = describe_pools(AppcmdPools(appcmd), "shop")
    assert found["request_monitor"] is False
    assert (found["pools"][0]["in_flight"], found["pools"][0]["oldest_ms"]) == (None, None)


def test_a_refused_stop_by_appcmd_returns_the_state_that_the_pool_was_left_in(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop"))).expect(REQUESTS, xml())
    node.expect(STOP, "ERROR", 5)
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "Shop")))
    with pytest.raises(IisError, match="access denied") as caught:
        run("stopped")
    node.done()
    assert (caught.value.facts["state"], caught.value.facts["changed"]) == ("Started", False)


def test_a_failure_whose_state_cannot_be_read_says_that_it_is_unknown(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml()).expect(REQUESTS, xml())
    node.expect(STOP, "ERROR", 5).expect(POOLS, "ERROR", 5)
    with pytest.raises(IisError) as caught:
        run("stopped")
    assert (caught.value.facts["state"], caught.value.facts["worker_pids"]) == (None, None)
    assert caught.value.facts["changed"] is True  # it may have


def test_a_pool_that_is_starting_is_stopped_too(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Starting"))).expect(WORKERS, xml()).expect(REQUESTS, xml()).expect(STOP)
    node.expect(POOLS, xml(pool("Shop", "Stopped"))).expect(WORKERS, xml())
    assert run("stopped")["changed"] is True
    node.done()


@pytest.mark.parametrize("state", ["started", "stopped", "recycled"])
def test_a_pool_in_an_unknown_state_is_refused(run: Any, node: ScriptedNode, state: str) -> None:
    node.expect(POOLS, xml(pool("Shop", "Unknown")))
    with pytest.raises(IisError, match="has the state 'Unknown'"):
        run(state)
    node.done()


def test_a_pool_without_a_configuration_is_refused(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml('<APPPOOL APPPOOL.NAME="Shop" state="Started"/>'))
    with pytest.raises(IisError, match="no configuration of the pool Shop"):
        run("recycled")
    node.done()


def test_requests_and_workers_are_found_however_the_name_is_spelt(run: Any, node: ScriptedNode) -> None:
    node.expect(POOLS, xml(pool("Shop", "Started"))).expect(WORKERS, xml(worker(4, "SHOP")))
    node.expect(REQUESTS, xml(request("shop", 4)))
    result = run("stopped", check_mode=True)
    assert (result["in_flight_at_start"], result["previous_worker_pids"]) == (1, [4])
