# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/architecture.md says is enough to add a node driver or a strategy, is enough.

The drivers in toys/roles have the task files of roles/web_node/README.md, toys/strategy.yml is a playbook of stages;
nothing else knows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import balancer
from lab.stack import Lab

from . import toyfarm

BROKEN: list[dict[str, Any]] = [{"path": "/nothing-is-here", "timeout_s": 1}]
STRATEGY = str(toyfarm.TOYS / "strategy.yml")


@pytest.fixture(autouse=True)
def _all_serve(lab: Lab) -> None:
    toyfarm.serve(lab)


def test_a_driver_that_replaces_and_a_strategy_of_stages(lab: Lab, tmp_path: Path) -> None:
    """The strategy takes the first node alone, in a play of its own."""
    nodes = toyfarm.file_nodes(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), playbook=STRATEGY)
    assert done.returncode == 0, done.story
    assert done.outcomes == {"toy-web01": "succeeded", "toy-web02": "succeeded"}
    for member in toyfarm.MEMBERS:
        assert toyfarm.state(tmp_path, member) == ("2.0.0", True)
        rows = [row.split() for row in (tmp_path / member / "at_stop").read_text().splitlines()]
        # `show servers state`: backend, name and administrative state; the bit 1 is maintenance.
        states = {row[3]: int(row[6]) for row in rows if len(row) > 6 and row[1] == balancer.BACKEND}
        assert states[member] & 1, states
    assert set(lab.members().values()) == {"UP"}
    begun = [done.output.index(f"Begin to drain {member}]") for member in toyfarm.MEMBERS]
    assert "PLAY [Roll out]" in done.output[begun[0] : begun[1]]


@pytest.mark.long  # test_evidence.py rolls back such a driver too
def test_a_driver_that_replaces_rolls_back(lab: Lab, tmp_path: Path) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    lines = [f"line {number}" for number in range(20)]
    (tmp_path / "web01" / "log").write_text("\n".join([*lines, "\x1b[31mfail\x1b[0m: no \x07price list", "y" * 5000]))
    release = toyfarm.release(tmp_path)
    done = toyfarm.roll_out(lab, nodes, release, dotnet_smoke_tests=BROKEN, dotnet_log_lines=4)
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}
    assert toyfarm.state(tmp_path, "web01") == ("1.0.0", True)
    assert set(lab.members().values()) == {"UP"}
    failure = done.report["nodes"]["toy-web01"]["failure"]
    for evidence in ("Smoke test", "/nothing-is-here", "status is 404", "expected 200", "nothing at GET"):
        assert evidence in failure
    end = failure.partition("The end of the log of the application: ")[2]
    assert end == f"line 18 | line 19 | fail: no ?price list | {'y' * 297}..."
    detail = lab.query("SELECT detail FROM deploy.deployment_node WHERE app = N'toy' AND node = N'toy-web01'")[0][0]
    assert detail == failure


def test_a_release_that_does_not_start_shows_its_log_without_secrets(lab: Lab, tmp_path: Path) -> None:
    nodes = toyfarm.file_nodes(lab, tmp_path)
    (tmp_path / "web01" / "log").write_text("no answer of Server=sql01;Password=s3cr3t;\nsigned in with hunter2\n")
    known = {"dotnet_artifact_password": "hunter2"}
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), toy_broken="2.0.0", **known)
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}
    failure = done.report["nodes"]["toy-web01"]["failure"]
    assert failure.endswith(
        "the toy does not start. The end of the log of the application: "
        "no answer of Server=sql01;Password=********; | signed in with ********"
    )


def test_a_driver_that_swaps(lab: Lab, tmp_path: Path) -> None:
    done = toyfarm.roll_out(lab, toyfarm.slot_node(lab, tmp_path), toyfarm.release(tmp_path))
    assert done.returncode == 0, done.story
    assert done.outcomes == {"toy-node": "succeeded"}
    node = tmp_path / "node"
    assert (node / "serving").read_text() == "b"
    assert (node / "b" / "running").exists()
    assert not (node / "a" / "running").exists()
    assert lab.members() == {"web01": "MAINT", "web02": "UP"}


@pytest.mark.long
def test_a_driver_that_swaps_rolls_back(lab: Lab, tmp_path: Path) -> None:
    nodes = toyfarm.slot_node(lab, tmp_path)
    done = toyfarm.roll_out(lab, nodes, toyfarm.release(tmp_path), dotnet_smoke_tests=BROKEN)
    assert done.returncode == 2, done.story
    assert done.outcomes == {"toy-node": "rolled_back"}
    node = tmp_path / "node"
    assert (node / "serving").read_text() == "a"
    assert (node / "a" / "running").exists()
    assert not (node / "b" / "running").exists()
    assert lab.members() == {"web01": "UP", "web02": "MAINT"}
