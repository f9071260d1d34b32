# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout says yes only where it saw it: nodes that serve, a ledger that is written, a release that still answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyodbc
import pytest
import yaml
from lab import balancer, secrets_watch
from lab.stack import DATABASE, Lab

from . import toyfarm
from .test_toys import BROKEN

HOOKS = Path(__file__).parent / "hooks"
FREEZE = str(HOOKS / "freeze_ledger.yml")
NOTHING = str(HOOKS / "say.yml")


@pytest.fixture(autouse=True)
def _everything_works(lab: Lab) -> Iterator[None]:
    toyfarm.serve(lab)
    yield
    lab.control("sqlserver", offline=False)
    lab.control("sqlserver", read_only={"database": DATABASE, "on": False})
    if lab.query("SELECT OBJECT_ID('deploy.deployment_lease')")[0][0] is not None:
        lab.query("SET NOCOUNT ON; UPDATE deploy.deployment_lease SET held = 0 WHERE app = N'toy'; SELECT 1")


def _recorded(lab: Lab) -> dict[str, tuple[str, str]]:
    """Version and outcome of each toy node in the ledger."""
    rows = lab.query("SELECT node, version, outcome FROM deploy.deployment_node WHERE app = N'toy'")
    return {str(node): (str(version), str(outcome)) for node, version, outcome in rows}


# -- the ledger
def test_a_ledger_that_cannot_be_written_undoes_nothing(lab: Lab, tmp_path: Path) -> None:
    """It goes away after web01 is enabled: web01 stays on the new release, web02 is not begun, a second run ends it."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    bundle = toyfarm.release(tmp_path)
    done = toyfarm.roll_out(lab, nodes, bundle, dotnet_hooks={"after_enable": FREEZE})
    assert done.returncode == 2, done.story
    assert done.outcomes["toy-web01"] == "succeeded", done.story
    assert toyfarm.state(tmp_path, "web01") == ("2.0.0", True)
    assert toyfarm.state(tmp_path, "web02") == ("1.0.0", True)
    assert set(lab.members().values()) == {"UP"}
    assert "Only the ledger failed" in done.output, done.story
    assert done.report["nodes"]["toy-web01"]["ledger_failure"]

    lab.control("sqlserver", read_only={"database": DATABASE, "on": False})
    lab.query("SET NOCOUNT ON; UPDATE deploy.deployment_lease SET held = 0 WHERE app = N'toy'; SELECT 1")
    again = toyfarm.roll_out(lab, nodes, bundle)
    assert again.returncode == 0, again.story
    assert again.outcomes == {"toy-web01": "unchanged", "toy-web02": "succeeded"}
    assert {version for version, _outcome in _recorded(lab).values()} == {"2.0.0"}


@pytest.mark.long  # a database that is lost is in the suite
def test_a_rollback_works_while_the_ledger_cannot_be_written(lab: Lab, tmp_path: Path) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    hooks = {"before_stop": FREEZE}
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_hooks=hooks, dotnet_smoke_tests=BROKEN)
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}, done.story
    assert toyfarm.state(tmp_path, "web01") == ("1.0.0", True)
    assert set(lab.members().values()) == {"UP"}


OWN = {
    key: str(HOOKS / f"{file}.yml")
    for key, file in {"drain": "drain", "enable": "enable", "confirm": "in_state"}.items()
}
LOST = {
    "between drain and switch": ({**OWN, "drain": str(HOOKS / "drain_and_lose_database.yml")}, []),
    "in the rollback": ({"before_stop": str(HOOKS / "lose_database_in_rollback.yml")}, BROKEN),
}


def _hold_ledger_lock(lab: Lab, stopped: Path, ended: threading.Event, seen: list[str]) -> None:
    """Take the ledger's lock when the node has stopped, and hold it until the node serves again."""
    while not ended.is_set() and not stopped.exists():
        time.sleep(0.05)
    with pyodbc.connect(lab.connection_string("deploy"), timeout=10, autocommit=True) as connection:
        connection.execute(
            "EXEC sp_getapplock @Resource = N'zero_downtime.dotnet/ledger/toy', @LockMode = N'Exclusive', "
            "@LockOwner = N'Session', @LockTimeout = 20000, @DbPrincipal = N'zero_downtime_deploy'"
        )
        seen.append(lab.members()["web01"])
        while not ended.is_set() and lab.members()["web01"] != "UP":
            time.sleep(0.05)
        seen.append(lab.members()["web01"])
    connection.close()


@pytest.mark.parametrize(
    "moment", ["between drain and switch", pytest.param("in the rollback", marks=pytest.mark.long)]
)
def test_a_database_that_is_lost_leaves_every_node_serving(lab: Lab, tmp_path: Path, moment: str) -> None:
    hooks, smoke_tests = LOST[moment]
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_hooks=hooks, dotnet_smoke_tests=smoke_tests)
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}, done.story
    assert [toyfarm.state(tmp_path, member) for member in ("web01", "web02")] == [("1.0.0", True)] * 2
    assert set(lab.members().values()) == {"UP"}
    # What could not be recorded is in the report, and so is the lease that was not released.
    assert "is not reachable" in done.report["nodes"]["toy-web01"]["ledger_failure"]
    assert "the lease could not be released" in done.output, done.story


@pytest.mark.parametrize("another", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_lease_that_is_gone_stops_a_rollback_only_when_another_run_has_it(
    lab: Lab, tmp_path: Path, another: bool
) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(
        lab,
        nodes,
        toyfarm.release(tmp_path),
        dotnet_hooks={**OWN, "drain": str(HOOKS / "drain_and_forget_lease.yml")},
        toy_another_run=another,
    )
    assert done.returncode == 2, done.story
    found = done.report["nodes"]["toy-web01"]
    assert found["outcome"] == ("failed" if another else "rolled_back"), done.story
    assert lab.members()["web01"] == ("MAINT" if another else "UP")
    assert toyfarm.state(tmp_path, "web01") == ("1.0.0", True)
    assert "does not hold the lease" in found["failure"] and "does not hold the lease" in found["ledger_failure"]


@pytest.mark.long
def test_a_lock_that_somebody_holds_delays_a_rollback_and_does_not_stop_it(lab: Lab, tmp_path: Path) -> None:
    """From the moment that the node is out until it serves again, nobody can write to the ledger."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    ended, seen = threading.Event(), list[str]()
    squatter = threading.Thread(target=_hold_ledger_lock, args=(lab, tmp_path / "web01" / "at_stop", ended, seen))
    squatter.start()
    try:
        done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_smoke_tests=BROKEN)
    finally:
        ended.set()
        squatter.join()
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}, done.story
    assert toyfarm.state(tmp_path, "web01") == ("1.0.0", True)
    assert set(lab.members().values()) == {"UP"}
    assert seen == ["MAINT", "UP"], "the lock was not held from the stop of the node until it served again"
    # It could be written again in the end.
    assert _recorded(lab)["toy-web01"] == ("1.0.0", "rolled_back")
    assert "the lease is released" in done.output, done.story


def test_a_write_to_the_ledger_that_never_ran_is_not_a_yes(lab: Lab, tmp_path: Path) -> None:
    """A module that fails before it asks the ledger says nothing about the ledger: that is no success either."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_drain_timeout_s=100000)
    assert done.returncode == 2, done.story
    assert "ttl_s is 100120, 1 to 86400 seconds are expected" in done.report["nodes"]["toy-web01"]["failure"]
    assert set(lab.members().values()) == {"UP"}


@pytest.mark.long  # mssql/test_rights.py has what each login may do
def test_the_ledger_is_written_with_a_login_of_its_own(lab: Lab, tmp_path: Path) -> None:
    """The scripts run as another one; a wrong password shows that no other login is tried."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    bundle = toyfarm.release(tmp_path)
    login = {"dotnet_ledger_user": "shop", "dotnet_ledger_password": "not-it"}
    refused = toyfarm.roll_out(lab, nodes, bundle, **login)
    assert refused.returncode == 2, refused.story
    assert "refused the login 'shop'" in refused.output, refused.story
    login["dotnet_ledger_password"] = lab.sql_users["shop"]
    done = toyfarm.roll_out(lab, nodes, bundle, "-vvv", "--limit", "toy-web01", **login)
    assert done.returncode == 0, done.story
    run_id = done.report["run_id"]
    rows = lab.query(f"SELECT DISTINCT login_name FROM deploy.deployment_event WHERE run_id = N'{run_id}'")
    assert rows == [("shop",)]
    # What -vvv shows of the tasks has the password nowhere.
    assert secrets_watch.found_in(done.output, {"password of the ledger": lab.sql_users["shop"]}) == []


# -- the application
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "a release of another application": ({"dotnet_app": "shop"}, "is a release of the application toy, but"),
    "an inventory that names none": ({"dotnet_app": ""}, "dotnet_app is not set"),
    "a node that serves another one": ({"toy_app": "shop"}, "serves 1.0.0 of the application shop, but"),
}


@pytest.mark.parametrize(
    "mistake", [pytest.param(name, marks=[pytest.mark.long] if at else []) for at, name in enumerate(OTHERS)]
)
def test_another_application_is_not_deployed_beside_this_one(lab: Lab, tmp_path: Path, mistake: str) -> None:
    """Under another name it would have a lease of its own."""
    given, message = OTHERS[mistake]
    nodes = toyfarm.file_nodes(lab, tmp_path)
    bundle = toyfarm.release(tmp_path)
    done = toyfarm.roll_out(lab, nodes, bundle, **given)
    assert done.returncode == 2, done.story
    assert message in " ".join(done.output.split()), done.story
    assert toyfarm.state(tmp_path, "web01") == ("1.0.0", True)
    assert not (tmp_path / "web01" / "2.0.0").exists()


# -- in and out of rotation
def test_a_node_that_a_person_took_out_stays_out(lab: Lab, tmp_path: Path) -> None:
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    nodes = toyfarm.file_nodes(lab, tmp_path)
    # The other one cannot leave: it is the last. So the rollout is for the node that is out.
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), "--limit", "toy-web02")
    assert done.returncode == 0, done.story
    assert toyfarm.state(tmp_path, "web02") == ("2.0.0", True)
    assert lab.members() == {"web01": "UP", "web02": "MAINT"}
    assert "stays out of rotation" in done.output, done.story


def test_a_node_that_cannot_be_drained_is_refused_before_anything_is_staged(lab: Lab, tmp_path: Path) -> None:
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path))
    assert done.returncode == 2, done.story
    assert "web01 stays in service" in done.story
    assert not (tmp_path / "web01" / "2.0.0").exists()
    assert lab.members() == {"web01": "UP", "web02": "MAINT"}


def test_a_batch_that_leaves_too_few_servers_is_refused_before_anything_is_staged(lab: Lab, tmp_path: Path) -> None:
    """Each node of it could leave alone."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_serial="100%")
    assert done.returncode == 2, done.story
    assert "web02 is UP (leaves at the same time)" in done.story
    assert not (tmp_path / "web01" / "2.0.0").exists()
    assert set(lab.members().values()) == {"UP"}


def test_options_that_refuse_the_enable_are_refused_before_anything_is_staged(lab: Lab, tmp_path: Path) -> None:
    """Else the node is drained, upgraded, and left out: its rollback meets the same."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_enable_options={"weight": 1000})
    assert done.returncode == 2, done.story
    assert "weight" in done.story
    assert not (tmp_path / "web01" / "2.0.0").exists()
    assert set(lab.members().values()) == {"UP"}


@pytest.mark.long  # test_lost_node.py resumes a node too
def test_a_node_that_an_earlier_run_left_out_does_not_make_the_other_one_the_last(lab: Lab, tmp_path: Path) -> None:
    """It is upgraded first, and serves again before the other one leaves."""
    lease = {"app": "toy", "run_id": "earlier"}
    assert lab.lease_module(state="leased", owner="test", version="2.0.0", **lease).returncode == 0
    for outcome in ("started", "failed"):
        row = {"state": "recorded", "node": "toy-web02", "outcome": outcome, "version": "1.0.0"}
        assert lab.lease_module(**row, **lease).returncode == 0
    assert lab.lease_module(state="released", **lease).returncode == 0
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    done = toyfarm.roll_out(lab, toyfarm.file_nodes(lab, tmp_path), toyfarm.release(tmp_path))
    assert done.returncode == 0, done.story
    assert set(done.outcomes.values()) == {"succeeded"}
    assert set(lab.members().values()) == {"UP"}


# -- a load balancer that the user's own tasks drive


def test_hooks_that_do_what_they_say_are_confirmed(lab: Lab, tmp_path: Path) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), "--limit", "toy-web01", dotnet_hooks=OWN)
    assert done.returncode == 0, done.story
    assert done.outcomes == {"toy-web01": "succeeded"}
    assert set(lab.members().values()) == {"UP"}


@pytest.mark.parametrize(
    ("hook", "found"),
    [
        ("drain", "enabled, drained was expected"),
        pytest.param("enable", "drained, enabled was expected", marks=pytest.mark.long),
    ],
)
def test_a_hook_that_does_nothing_is_noticed_by_the_hook_that_confirms(
    lab: Lab, tmp_path: Path, hook: str, found: str
) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    hooks = {**OWN, hook: NOTHING}
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), "--limit", "toy-web01", dotnet_hooks=hooks)
    assert done.returncode == 2, done.story
    assert f"web01 is {found}" in done.report["nodes"]["toy-web01"]["failure"]
    # A node that was never drained stays on its release; one that is not enabled is out, and the report says so.
    assert done.outcomes["toy-web01"] == {"drain": "rolled_back", "enable": "failed"}[hook]


@pytest.mark.long
def test_a_node_that_a_person_took_out_stays_out_with_hooks_too(lab: Lab, tmp_path: Path) -> None:
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), "--limit", "toy-web02", dotnet_hooks=OWN)
    assert done.returncode == 0, done.story
    assert toyfarm.state(tmp_path, "web02") == ("2.0.0", True)
    assert lab.members() == {"web01": "UP", "web02": "MAINT"}
    assert "stays out of rotation" in done.output, done.story


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([{"name": "Nothing", "ansible.builtin.debug": {"msg": "enabled"}}], "it says nothing"),
        pytest.param(
            [{"name": "Yes", "ansible.builtin.set_fact": {"lb_member_confirmed": "{{ [lb_member_state] }}"}}],
            "it says ['']",
            marks=pytest.mark.long,
        ),
        pytest.param(
            [{"name": "Ask", "ansible.builtin.command": "false", "delegate_to": "localhost"}],
            "(Ask: non-zero return code)",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_confirm_hook_that_says_nothing_is_refused(
    lab: Lab, tmp_path: Path, tasks: list[dict[str, Any]], said: str
) -> None:
    """Whatever does not fail would have confirmed everything."""
    hook = tmp_path / "confirm.yml"
    hook.write_text(yaml.safe_dump(tasks))
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_hooks={**OWN, "confirm": str(hook)})
    assert done.returncode == 2, done.story
    assert "dotnet_hooks.confirm does not say whether web01 is drained or enabled" in done.story
    assert said in done.story
    assert not (tmp_path / "web01" / "2.0.0").exists()


def test_a_node_that_stops_serving_after_its_upgrade_fails_the_rollout(lab: Lab, tmp_path: Path) -> None:
    """web01 leaves the load balancer while web02 is upgraded: the report sees it."""
    hooks = {"before_stop": str(HOOKS / "take_first_out.yml")}
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_hooks=hooks, dotnet_min_up=0)
    assert done.returncode == 2, done.story
    assert done.outcomes["toy-web01"] == "failed", done.story


ADHOC: dict[str, dict[str, Any]] = {
    "no load balancer": {"dotnet_lb_hosts": "nothere"},
    "a drain hook alone": {"dotnet_hooks": {"drain": NOTHING}},
    "an enable hook alone": {"dotnet_hooks": {"enable": NOTHING}},
    "hooks that nothing confirms": {"dotnet_hooks": {"drain": NOTHING, "enable": NOTHING}},
}


@pytest.mark.parametrize(
    ("playbook", "mistake"),
    [
        # Each mistake once, and each playbook; the rest of the table is long.
        pytest.param(playbook, mistake, marks=() if at % 3 == of else pytest.mark.long)
        for at, mistake in enumerate(ADHOC)
        for of, playbook in enumerate(("rolling_deploy", "drain", "enable"))
    ],
)
def test_zero_load_balancers_are_refused(lab: Lab, tmp_path: Path, playbook: str, mistake: str) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    target = f"zero_downtime.dotnet.{playbook}"
    done = toyfarm.roll_out(
        lab, nodes, toyfarm.release(tmp_path), "--limit", "toy-web01", playbook=target, **ADHOC[mistake]
    )
    assert done.returncode == 2, done.story
    assert "Nothing was touched" in done.output, done.story
    assert set(lab.members().values()) == {"UP"}


# -- the database, for a release that has no scripts
@pytest.fixture(name="journal")
def _journal(lab: Lab) -> Iterator[None]:
    yield
    lab.query("SET NOCOUNT ON; DELETE FROM deploy.migration_journal WHERE app = N'toy'; SELECT 1")


BEGUN = "SET NOCOUNT ON; UPDATE deploy.migration_journal SET state = 'begun' WHERE app = N'toy'; SELECT 1"


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize(
    ("phase", "then", "message"),
    [
        ("contract", "SELECT 1", "3.0.0 is the rollback horizon"),
        pytest.param("expand", BEGUN, "0001_toy.sql of 3.0.0 was begun at", marks=pytest.mark.long),
    ],
)
def test_a_release_without_scripts_is_refused_by_the_state_of_the_database(
    lab: Lab, tmp_path: Path, phase: str, then: str, message: str
) -> None:
    other = tmp_path / "other"
    (other / phase).mkdir(parents=True)
    (other / phase / "0001_toy.sql").write_text("SELECT 1;\nGO\n")
    done = lab.migration_module(app="toy", release="3.0.0", phase=phase, action="baseline", path=str(other))
    assert done.returncode == 0, done.output
    lab.query(then)
    nodes = toyfarm.file_nodes(lab, tmp_path)
    refused = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path))
    assert refused.returncode == 2, refused.story
    assert message in refused.story
    assert "Nothing was touched" in refused.story
    assert not (tmp_path / "web01" / "2.0.0").exists()


# -- the release that runs
def test_a_script_that_breaks_the_running_release_stops_the_rollout_before_a_node_is_taken_out(
    lab: Lab, tmp_path: Path
) -> None:
    """Lint cannot know everything: here the waiver lets it through, and /things fails on every node."""
    script = "-- lint: allow drop-module we are sure that nobody calls it\nDROP PROCEDURE dbo.spFindAllThings;\nGO\n"
    bundle = toyfarm.release(tmp_path, expand=script)
    nodes = toyfarm.file_nodes(lab, tmp_path)
    health = {"path": "/things", "timeout_s": 3}
    done = toyfarm.roll_out(lab, nodes, bundle, dotnet_health=health)
    assert done.returncode == 2, done.story
    assert set(done.outcomes.values()) == {"untouched"}
    for node in done.report["nodes"].values():
        assert "after 0001_toy.sql" in node["failure"], done.story
    assert "Begin to drain" not in done.output
