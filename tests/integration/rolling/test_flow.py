# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One farm under load: check mode, a release that fails, the release, the same again, the naive deployment.

The tests share one lab and run in this order; each says what it starts from.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import balancer, secrets_watch
from lab.loadrun import LoadRun
from lab.observer import Observer
from lab.stack import ROOT, Lab
from lab.watch import Watched, watch_playbook

RATE = {"rate": 70.0, "slow_rate": 4.0}


def _deploy(lab: Lab, tmp_path: Path, version: str, *arguments: str, playbook: str = "rolling_deploy") -> Watched:
    """The release under load, watched from outside, with -vvv and its output searched for secrets."""
    report = tmp_path / "report.json"
    run = f"{version}-{playbook}".replace(".", "-").replace("/", "-")
    with LoadRun(lab, run, tmp_path, **RATE) as load, secrets_watch.ProcessListWatch(lab.secrets) as processes:
        watched = watch_playbook(
            lab,
            load,
            playbook,
            "-vvv",
            "--diff",
            *arguments,
            extra_vars={"dotnet_release": str(lab.build(version)), "dotnet_report": str(report), "dotnet_soak_s": 3},
        )
    if report.exists():
        watched.report = json.loads(report.read_text())
    assert secrets_watch.found_in(watched.output, lab.secrets) == []
    assert processes.found == set()
    assert processes.samples > 20
    return watched


def _nothing_lost(watched: Watched) -> None:
    load = watched.load
    assert load["failed_by_kind"] == {}
    assert (load["lost_writes"], load["duplicated_writes"]) == (0, 0)
    assert load["acknowledged_writes"] > 50
    assert (watched.observer.min_up or 0) >= 1


def test_check_mode_changes_nothing_and_reports_what_it_would_do(lab: Lab, tmp_path: Path) -> None:
    before = lab.fingerprint()
    done = lab.deploy("2.0.0", "--check", "--diff", "-vvv")
    assert done.returncode == 0, done.story
    assert lab.fingerprint() == before
    assert not lab.lease()["held"]
    assert secrets_watch.found_in(done.output, lab.secrets) == []
    for would in ("spFindAllThings_2", "2.0.0", "web02"):
        assert would in done.output


def test_a_release_that_fails_its_smoke_test_is_rolled_back(lab: Lab, tmp_path: Path) -> None:
    watched = _deploy(lab, tmp_path, "2.0.1-broken")
    assert watched.returncode == 2, watched.story
    _nothing_lost(watched)
    assert lab.versions() == {"web01": "1.0.0", "web02": "1.0.0"}
    assert lab.members() == {"web01": "UP", "web02": "UP"}
    assert watched.observer.left == {"web01"}
    assert watched.outcomes() == {"web01": "rolled_back", "web02": "untouched"}
    assert "was NOT released" in watched.output
    assert not lab.lease()["held"]


def test_the_release_loses_nothing(lab: Lab, tmp_path: Path) -> None:
    watched = _deploy(lab, tmp_path, "2.0.0")
    assert watched.returncode == 0, watched.story
    _nothing_lost(watched)
    assert lab.versions() == {"web01": "2.0.0", "web02": "2.0.0"}
    assert lab.members() == {"web01": "UP", "web02": "UP"}
    assert watched.outcomes() == {"web01": "succeeded", "web02": "succeeded"}
    for node in lab.nodes:
        drain = watched.observer.first_drain(node)
        assert drain is not None
        assert drain.seconds is not None
        assert watched.slow_in_flight(node) >= 2
    assert not lab.lease()["held"]


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    before = lab.fingerprint()
    done = lab.deploy("2.0.0")
    assert done.returncode == 0, done.story
    assert " changed=0 " in done.output
    assert "changed=1" not in done.output
    assert lab.fingerprint() == before


def test_the_naive_deployment_fails_requests(lab: Lab, tmp_path: Path) -> None:
    """The proof that the checks above can fail."""
    naive = str(ROOT / "tests" / "lab" / "playbooks" / "naive_deploy.yml")
    watched = _deploy(lab, tmp_path, "2.0.1", playbook=naive)
    assert watched.returncode == 0, watched.story
    assert watched.load["failed_requests"] >= 10, watched.load


@pytest.mark.parametrize("state", ["drain", "enable"])
def test_one_node_by_hand(lab: Lab, state: str) -> None:
    done = lab.playbook(state, "--limit", "web01")
    assert done.returncode == 0, done.story
    expected = {"drain": {"web01": "MAINT", "web02": "UP"}, "enable": {"web01": "UP", "web02": "UP"}}
    assert lab.members() == expected[state]


def test_ad_hoc_and_the_last_server(lab: Lab) -> None:
    out = ("lb", "-m", "zero_downtime.dotnet.lb_member", "-a")
    where = f"socket={lab.admin_socket}"
    assert lab.adhoc(*out, f"member=web01 state=drained {where}").returncode == 0
    refused = lab.adhoc(*out, f"member=web02 state=drained {where}")
    assert refused.returncode == 2
    assert "web02" in refused.output
    assert lab.members() == {"web01": "MAINT", "web02": "UP"}
    assert lab.adhoc(*out, f"member=web01 state=enabled {where}").returncode == 0
    assert {row["status"] for row in balancer.servers(lab.admin_socket).values()} == {"UP"}


def test_the_observer_is_not_blind(lab: Lab) -> None:
    """The twin of `left == {"web01"}` above: a server that is taken out by hand is seen."""
    observer = Observer(lab.admin_socket)
    balancer.command(lab.admin_socket, "set server shop/web02 state maint")
    observer.sample()
    balancer.command(lab.admin_socket, "set server shop/web02 state ready")
    assert observer.left == {"web02"}
    assert observer.min_up == 1
