# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of drain and enable, against a load balancer in memory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.drain import DrainSession
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.enable import EnableSession
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    Interrupted,
    LoadBalancerError,
    OutOfTime,
    Refused,
    Unreachable,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.model import (
    Admin,
    Agent,
    MemberId,
    TakenOutBy,
    Traits,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.request import Outcome, Request
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from unit.load_balancer.fakes import CountingGuard, FakeBalancer, Time, member

WEB01 = MemberId("web", "web01")


def pair(time: Time, **first: Any) -> FakeBalancer:
    return FakeBalancer(time, member("web01", **first), member("web02"))


def run(balancer: FakeBalancer, state: str, guard: CountingGuard | None = None, **options: Any) -> Outcome:
    request = Request("web01", state, **options)
    kind = EnableSession if state == "enabled" else DrainSession
    progress = Progress("")
    session = kind(balancer, request, progress, guard or CountingGuard(), balancer.time.clock, balancer.time.pause)
    return session.run()


def test_a_drain_is_drain_then_zero_then_maint_then_zero() -> None:
    time = Time()
    balancer = pair(time, in_flight=3)
    time.at(2.0, lambda: balancer.set(WEB01, in_flight=0))
    outcome = run(balancer, "drained")
    assert balancer.log == ["web/web01 drain", "web/web01 maint"]
    assert outcome.changed
    assert 2000 <= outcome.waited_ms < 2350
    assert balancer.saved == 2


def test_already_drained_is_seen_and_not_trusted() -> None:
    time = Time()
    balancer = pair(time, admin=Admin.MAINT)
    outcome = run(balancer, "drained")
    assert (balancer.log, outcome.changed) == ([], False)
    assert balancer.samples >= 3
    busy = pair(time, admin=Admin.MAINT, in_flight=1)
    with pytest.raises(OutOfTime):
        run(busy, "drained", timeout_s=1)


def test_zero_must_be_seen_again_after_maint() -> None:
    """A client with session affinity comes back between the last zero and maintenance."""
    time = Time()
    balancer = pair(time)
    balancer.set_admin = lambda key, admin: balancer.set(key, admin=admin, in_flight=int(admin is Admin.MAINT))  # type: ignore[method-assign, assignment]
    time.at(1.0, lambda: balancer.set(WEB01, in_flight=0))
    assert run(balancer, "drained").waited_ms >= 1000


def test_requests_in_old_processes_count() -> None:
    time = Time()
    balancer = pair(time)
    balancer.older = {"99": 4}
    time.at(3.0, balancer.older.clear)
    assert run(balancer, "drained").waited_ms >= 3000


def test_clients_with_session_affinity_are_bled_to_a_limit_and_then_closed_out() -> None:
    time = Time()
    balancer = pair(time, in_flight=2)
    balancer.known_traits = Traits(affinity=True, share_percent=50.0)
    closed: list[float] = []
    original = balancer.set_admin

    def set_admin(key: MemberId, admin: Admin) -> None:
        original(key, admin)
        if admin is Admin.MAINT:
            closed.append(time.now)
            time.at(time.now + 1.0, lambda: balancer.set(WEB01, in_flight=0))

    balancer.set_admin = set_admin  # type: ignore[method-assign, assignment]
    outcome = run(balancer, "drained", timeout_s=10)
    assert closed
    assert 5.0 <= closed[0] < 5.2
    assert outcome.share_percent == 50.0
    assert outcome.waited_ms >= 6000


def test_where_maintenance_closes_requests_it_never_comes_before_zero() -> None:
    time = Time()
    balancer = pair(time, in_flight=2)
    balancer.known_traits = Traits(affinity=True, closes_on_down=True)
    with pytest.raises(OutOfTime):
        run(balancer, "drained", timeout_s=10, bleed_s=1)
    assert balancer.log == ["web/web01 drain", "web/web01 ready"]


def test_at_the_deadline_the_former_state_comes_back() -> None:
    time = Time()
    balancer = pair(time, in_flight=2, agent=Agent.ON)
    with pytest.raises(OutOfTime, match=r"2 requests in flight.*The former state was put back: web/web01 ready\."):
        run(balancer, "drained", timeout_s=5)
    assert balancer.members[WEB01].admin is Admin.READY
    assert balancer.members[WEB01].agent is Agent.ON
    assert 5.0 <= time.now < 5.5


def test_cut_at_the_deadline_is_counted() -> None:
    time = Time()
    balancer = pair(time, in_flight=7, mode="tcp")
    outcome = run(balancer, "drained", timeout_s=5, on_timeout="cut")
    assert outcome.cut == 7
    assert balancer.log[:3] == ["web/web01 drain", "web/web01 maint", "web/web01 cut"]
    assert "7 requests or connections" in outcome.warnings[0]


@pytest.mark.parametrize("state", ["drained", "draining"])
def test_tcp_mode_wants_a_policy(state: str) -> None:
    balancer = pair(Time(), mode="tcp")
    with pytest.raises(Refused, match="TCP mode"):
        run(balancer, state)
    assert balancer.log == []


def test_the_last_one_stays() -> None:
    time = Time()
    balancer = FakeBalancer(time, member("web01"), member("web02", admin=Admin.DRAIN), member("web03", up=False))
    with pytest.raises(Refused, match="0 servers of backend web would be up"):
        run(balancer, "drained")
    assert balancer.log == []
    assert run(balancer, "drained", min_up=0).changed


def test_min_up_counts_the_ones_left() -> None:
    balancer = FakeBalancer(Time(), *(member(f"web0{n}") for n in range(1, 4)))
    with pytest.raises(Refused, match="min_up is 3"):
        run(balancer, "drained", min_up=3)
    assert run(balancer, "drained", min_up=2).changed


def test_those_that_leave_at_the_same_time_do_not_count() -> None:
    """A batch is refused before its first server has left."""
    balancer = FakeBalancer(Time(), *(member(f"web0{n}") for n in range(1, 4)))
    with pytest.raises(Refused, match=r"without it 0 servers of backend web would be up.*web03 is UP \(leaves at the"):
        run(balancer, "drained", check_mode=True, leaving=("web02", "web03"))
    assert run(balancer, "drained", check_mode=True, leaving=("web02",)).changed
    # One of another backend, or one that is out already, takes nothing away.
    assert run(balancer, "drained", check_mode=True, min_up=2, leaving=("other",)).changed
    balancer.set(MemberId("web", "web03"), admin=Admin.MAINT)
    assert run(balancer, "drained", check_mode=True, leaving=("web03",)).changed
    assert balancer.log == []


def test_the_others_must_carry_what_leaves_at_the_same_time() -> None:
    balancer = FakeBalancer(
        Time(), member("web01", in_flight=5), member("web02", in_flight=4), member("web03", in_flight=2, limit=10)
    )
    with pytest.raises(Refused, match="carry 9 requests now, and the servers left have room for 8 more"):
        run(balancer, "drained", check_mode=True, leaving=("web02",))


def test_when_the_others_go_meanwhile_it_comes_back() -> None:
    time = Time()
    balancer = pair(time, in_flight=1)
    time.at(1.0, lambda: balancer.set(MemberId("web", "web02"), up=False, status="DOWN"))
    with pytest.raises(Refused, match=r"web02 is DOWN.*put back: web/web01 ready"):
        run(balancer, "drained")


def test_what_the_others_cannot_carry_is_not_given_to_them() -> None:
    balancer = FakeBalancer(Time(), member("web01", in_flight=10, limit=20), member("web02", in_flight=12, limit=20))
    with pytest.raises(Refused, match="room for 8 more"):
        run(balancer, "drained")
    assert balancer.log == []
    with pytest.raises(OutOfTime):
        run(balancer, "drained", check_capacity=False, timeout_s=1)


def test_a_reload_is_noticed_and_the_state_set_again() -> None:
    time = Time()
    balancer = pair(time, in_flight=1, agent=Agent.ON)

    def reload() -> None:
        balancer.process = "200"
        balancer.set(WEB01, admin=Admin.READY, in_flight=0, agent=Agent.ON)
        balancer.older = {"100": 1}

    time.at(1.0, reload)
    time.at(3.0, lambda: setattr(balancer, "older", {}))
    outcome = run(balancer, "drained")
    assert outcome.reloads == 1
    assert "restart 100 200" in balancer.log
    assert balancer.members[WEB01].admin is Admin.MAINT
    assert balancer.members[WEB01].agent is Agent.OFF
    assert outcome.waited_ms >= 3000


def test_members_already_out_of_service_need_no_peer_check() -> None:
    time = Time()
    balancer = FakeBalancer(time, member("web01", admin=Admin.MAINT, in_flight=1), member("web02", up=False))
    time.at(1.0, lambda: balancer.set(WEB01, in_flight=0))
    assert run(balancer, "drained").changed is False


def test_after_a_reload_what_was_in_maintenance_goes_back_to_maintenance() -> None:
    time = Time()
    balancer = FakeBalancer(
        time,
        member("web01", in_flight=1),
        member("web02"),
        member("web01", "admin", admin=Admin.MAINT),
        member("web02", "admin"),
    )
    time.at(1.0, lambda: setattr(balancer, "process", "200"))
    time.at(2.0, lambda: balancer.set(WEB01, in_flight=0))
    run(balancer, "drained")
    assert "admin/web01 drain" not in balancer.log


def test_somebody_else_who_puts_it_back_is_noticed() -> None:
    time = Time()
    balancer = pair(time, in_flight=1)
    time.at(1.0, lambda: balancer.set(WEB01, admin=Admin.READY))
    with pytest.raises(LoadBalancerError, match="somebody or something else"):
        run(balancer, "drained")


def test_a_command_without_effect_is_noticed() -> None:
    balancer = pair(Time())
    balancer.deaf = {"web/web01 drain"}
    with pytest.raises(LoadBalancerError, match="was set to drain, but is UP"):
        run(balancer, "draining")


def test_a_load_balancer_that_is_away_for_a_moment_is_waited_for() -> None:
    time = Time()
    balancer = pair(time, in_flight=1)
    original = balancer.sample
    away = iter([Unreachable("away")] * 3)

    def sample(ids: Any) -> Any:
        if time.now > 1.0:
            for error in away:
                raise error
        return original(ids)

    balancer.sample = sample  # type: ignore[method-assign]
    time.at(2.5, lambda: balancer.set(WEB01, in_flight=0))
    assert run(balancer, "drained").changed


def test_what_cannot_be_put_back_says_so_and_how_to_do_it() -> None:
    balancer = pair(Time(), in_flight=1)
    balancer.failing = {"web/web01 ready": LoadBalancerError("gone")}
    with pytest.raises(OutOfTime, match=r"ATTENTION: web/web01 could not be put back to ready \(gone\).*set web/web01"):
        run(balancer, "drained", timeout_s=1)


def test_a_second_task_puts_back_what_was_before_the_first() -> None:
    balancer = pair(Time(), admin=Admin.DRAIN, in_flight=1)
    with pytest.raises(OutOfTime, match="put back: web/web01 ready"):
        run(balancer, "drained", timeout_s=1, restore_to="enabled")
    balancer = pair(Time(), admin=Admin.DRAIN, in_flight=1)
    with pytest.raises(OutOfTime, match="Nothing was changed"):
        run(balancer, "drained", timeout_s=1)


def test_several_backends_are_all_or_nothing() -> None:
    time = Time()
    balancer = FakeBalancer(
        time, member("web01"), member("web02"), member("web01", "admin", in_flight=1), member("web02", "admin")
    )
    with pytest.raises(OutOfTime):
        run(balancer, "drained", timeout_s=2)
    assert {key: found.admin for key, found in balancer.members.items()} == dict.fromkeys(balancer.members, Admin.READY)


def test_coming_back_waits_for_fresh_checks_then_opens_and_sees_it_up() -> None:
    time = Time()
    balancer = pair(time, admin=Admin.MAINT, up=False, agent=Agent.OFF)
    time.at(2.0, lambda: balancer.set(WEB01, fresh=True, up=True))
    outcome = run(balancer, "enabled")
    assert balancer.log == ["web/web01 return", "web/web01 ready", "web/web01 agent True"]
    assert outcome.waited_ms >= 2000


def test_coming_back_too_late_goes_back_to_maintenance() -> None:
    balancer = pair(Time(), admin=Admin.MAINT)
    with pytest.raises(OutOfTime, match="put back: web/web01 maint"):
        run(balancer, "enabled", timeout_s=3)
    assert "web/web01 ready" not in balancer.log


def test_in_service_already_but_down_is_an_error_and_no_change() -> None:
    balancer = pair(Time(), up=False, status="DOWN")
    with pytest.raises(OutOfTime, match=r"web/web01 is DOWN.*Nothing was changed"):
        run(balancer, "enabled", timeout_s=3)


def scenario(state: str, guard: CountingGuard) -> tuple[FakeBalancer, Outcome | None]:
    time = Time()
    if state == "enabled":
        first: dict[str, Any] = {"admin": Admin.MAINT, "agent": Agent.OFF}
        end: dict[str, Any] = {"fresh": True, "up": True}
    else:
        first = {"in_flight": 3, "agent": Agent.ON}
        end = {"in_flight": 0}
    balancer = FakeBalancer(
        time, member("web01", **first), member("web02"), member("web01", "admin", **first), member("web02", "admin")
    )
    balancer.known_traits = Traits(affinity=True)
    for key in (WEB01, MemberId("admin", "web01")):
        time.at(1.0, lambda key=key: balancer.set(key, **end))  # type: ignore[misc]
    steps = {"weight_steps": (10, 50), "step_s": 0.5} if state == "enabled" else {}
    try:
        return balancer, run(balancer, state, guard, **steps)
    except Interrupted as error:
        assert "put back" in str(error) or "Nothing was changed" in str(error)
        return balancer, None


@pytest.mark.parametrize("state", ["draining", "drained", "disabled", "enabled"])
def test_interrupted_at_every_step_the_state_is_the_former_one_or_the_asked_one(state: str) -> None:
    counting = CountingGuard()
    _balancer, outcome = scenario(state, counting)
    assert outcome is not None
    assert counting.checks > 3
    before = scenario(state, CountingGuard(1))[0].members
    for step in range(1, counting.checks + 1):
        balancer, outcome = scenario(state, CountingGuard(step))
        assert outcome is None
        now = {key: (found.admin, found.agent, found.weight) for key, found in balancer.members.items()}
        former = {key: (found.admin, found.agent, found.weight) for key, found in before.items()}
        assert now == former, f"interrupted at step {step}"


def test_check_mode_changes_nothing_and_has_the_plan_of_the_run() -> None:
    for state in ("draining", "drained", "disabled", "enabled"):
        planned, _unused = scenario_plan(state, check_mode=True)
        balancer, outcome = planned
        assert balancer.log == []
        (_balancer, done), _unused = scenario_plan(state, check_mode=False)
        assert outcome.plan == done.plan
        assert outcome.intended == done.intended


def scenario_plan(state: str, check_mode: bool) -> tuple[tuple[FakeBalancer, Outcome], Time]:
    time = Time()
    balancer = pair(time, admin=Admin.MAINT if state == "enabled" else Admin.READY)
    time.at(0.5, lambda: balancer.set(WEB01, fresh=True))
    return (balancer, run(balancer, state, check_mode=check_mode)), time


def test_a_backup_is_not_another_one_up() -> None:
    balancer = FakeBalancer(Time(), member("web01"), member("spare", backup=True))
    with pytest.raises(Refused, match=r"0 servers of backend web.*spare is UP \(a backup, which does not count\)"):
        run(balancer, "drained")
    assert balancer.log == []


def test_a_backup_that_is_all_that_is_left_meanwhile_is_not_enough() -> None:
    time = Time()
    balancer = FakeBalancer(time, member("web01", in_flight=1), member("web02"), member("spare", backup=True))
    time.at(1.0, lambda: balancer.set(MemberId("web", "web02"), up=False, status="DOWN"))
    with pytest.raises(Refused, match=r"web02 is DOWN.*put back: web/web01 ready"):
        run(balancer, "drained")


def automatic(time: Time, **different: Any) -> FakeBalancer:
    """A member that the load balancer has taken out by itself."""
    found = {"status": "MAINT (resolution)", "up": False, "taken_out_by": TakenOutBy.RESOLUTION, **different}
    return FakeBalancer(time, member("web01", **found), member("web02"))


def test_an_automatic_state_is_not_taken_for_an_administrators() -> None:
    balancer = automatic(Time())
    outcome = run(balancer, "drained")
    assert (outcome.changed, balancer.log) == (True, ["web/web01 drain", "web/web01 maint"])
    assert outcome.before.members[0].state == "enabled"
    busy = automatic(Time(), in_flight=1)
    with pytest.raises(OutOfTime, match="put back: web/web01 ready"):
        run(busy, "drained", timeout_s=1)


def test_what_keeps_a_member_out_is_said() -> None:
    with pytest.raises(OutOfTime, match=r"host name does not resolve.*Nothing was changed"):
        run(automatic(Time()), "enabled", timeout_s=1)


@pytest.mark.parametrize("error", [RuntimeError("bad status line"), KeyError("status"), OSError(5, "broken")])
@pytest.mark.parametrize("state", ["drained", "enabled"])
def test_any_error_puts_the_former_state_back(state: str, error: Exception) -> None:
    time = Time()
    admin = Admin.READY if state == "drained" else Admin.MAINT
    balancer = pair(time, in_flight=1, admin=admin, agent=Agent.ON, fresh=False)

    def fail(_ids: Any) -> Any:
        raise error

    time.at(1.0, lambda: setattr(balancer, "sample", fail))
    with pytest.raises(LoadBalancerError, match=f"unexpected error.*put back: web/web01 {admin.value}") as caught:
        run(balancer, state)
    assert (balancer.members[WEB01].admin, balancer.members[WEB01].agent) == (admin, Agent.ON)
    assert caught.value.facts["previous_state"] == ("enabled" if state == "drained" else "disabled")


def test_an_error_while_one_is_put_back_does_not_leave_the_others_out() -> None:
    balancer = FakeBalancer(
        Time(), member("web01", in_flight=1), member("web02"), member("web01", "admin"), member("web02", "admin")
    )
    original = balancer.set_admin

    def set_admin(key: MemberId, admin: Admin) -> None:
        if key == WEB01 and admin is Admin.READY:
            raise RuntimeError("gone")
        original(key, admin)

    balancer.set_admin = set_admin  # type: ignore[method-assign, assignment]
    with pytest.raises(OutOfTime, match=r"ATTENTION: web/web01 could not be put back to ready \(gone\)"):
        run(balancer, "drained", timeout_s=1)
    assert balancer.members[MemberId("admin", "web01")].admin is Admin.READY


def test_the_first_reading_fails_and_what_was_before_a_former_task_is_restored() -> None:
    balancer = pair(Time(), admin=Admin.DRAIN)
    original = balancer.read

    def read(ids: Any) -> Any:
        balancer.read = original  # type: ignore[method-assign]
        raise RuntimeError("bad status line")

    balancer.read = read  # type: ignore[method-assign]
    with pytest.raises(LoadBalancerError, match="put back: web/web01 ready"):
        run(balancer, "drained", restore_to="enabled")
    assert balancer.members[WEB01].admin is Admin.READY


def test_the_agent_check_that_a_former_task_stopped_is_started_again() -> None:
    balancer = pair(Time(), admin=Admin.DRAIN, agent=Agent.OFF, in_flight=1)
    with pytest.raises(OutOfTime, match="put back: web/web01 ready"):
        run(balancer, "drained", timeout_s=1, restore_to="enabled")
    assert balancer.members[WEB01].agent is Agent.ON


def test_a_state_that_is_not_known_is_not_taken_for_any() -> None:
    balancer = pair(Time(), admin=None, status="strange")
    with pytest.raises(LoadBalancerError, match=r"does not tell the administrative state of web/web01 \(strange\)"):
        run(balancer, "drained")
    assert balancer.log == []


def test_a_weight_that_was_not_set_is_noticed_and_the_former_one_restored() -> None:
    time = Time()
    balancer = pair(time, admin=Admin.MAINT)
    balancer.deaf = {"web/web01 weight 40"}
    time.at(0.5, lambda: balancer.set(WEB01, fresh=True))
    with pytest.raises(LoadBalancerError, match=r"was set to 40, but is 100.*put back: web/web01 maint"):
        run(balancer, "enabled", weight=40)


def test_a_weight_that_somebody_else_changes_is_noticed() -> None:
    time = Time()
    balancer = pair(time, up=False)
    time.at(0.5, lambda: balancer.set(WEB01, weight=1, up=True))
    with pytest.raises(LoadBalancerError, match="enabled with weight 100, but is UP with weight 1"):
        run(balancer, "enabled")


def test_where_it_is_not_known_whether_maintenance_closes_requests_it_is_not_set_before_zero() -> None:
    balancer = pair(Time(), in_flight=1)
    balancer.known_traits = Traits(affinity=True, closes_on_down=None)
    with pytest.raises(Refused, match="give closes_on_down"):
        run(balancer, "drained")
    balancer.known_traits = Traits(closes_on_down=None)
    with pytest.raises(Refused, match="give closes_on_down"):
        run(balancer, "drained", bleed_s=1)
    assert balancer.log == []
    balancer.set(WEB01, in_flight=0)
    assert run(balancer, "drained").changed, "without affinity maintenance comes at zero only"


@pytest.mark.parametrize(("found", "given"), [(100, {"weight": 0}), (0, {})])
@pytest.mark.parametrize("admin", [Admin.READY, Admin.MAINT])
def test_a_member_is_not_enabled_with_a_weight_that_gets_no_clients(
    found: int, given: dict[str, Any], admin: Admin
) -> None:
    balancer = pair(Time(), weight=found, admin=admin)
    with pytest.raises(Refused, match="web/web01 would be enabled with weight 0"):
        run(balancer, "enabled", **given)
    assert balancer.log == []
    assert run(balancer, "enabled", weight=5, check_mode=True).changed


def test_a_weight_that_a_killed_task_has_left_is_told() -> None:
    outcome = run(pair(Time(), weight=10, initial_weight=100), "enabled")
    assert "weight of web/web01 is 10, and its configuration says 100: give weight=100" in outcome.warnings[0]
    assert run(pair(Time(), weight=10, initial_weight=10), "enabled").warnings == []
    assert run(pair(Time(), weight=10, initial_weight=100), "enabled", weight=10).warnings == []
