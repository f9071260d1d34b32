# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that dies during its upgrade: the rollout stops there, fails, and reports the state of every node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.stack import Lab

HOOKS = Path(__file__).parent / "hooks"


def _deploy_and_lose(
    lab: Lab, node: str, tmp_path: Path, *arguments: str, **extra_vars: Any
) -> tuple[int, str, dict[str, Any]]:
    report = tmp_path / "report.json"
    done = lab.deploy(
        "2.0.0",
        *arguments,
        extra_vars={
            "dotnet_hooks": {"before_stop": str(HOOKS / "lose_winrm.yml")},
            "lose_node": node,
            "lose_control": str(lab.control_socket(node)),
            "dotnet_report": str(report),
            "dotnet_soak_s": 1,
            **extra_vars,
        },
    )
    return done.returncode, done.story, json.loads(report.read_text()) if report.exists() else {}


@pytest.fixture(name="whole_farm")
def _whole_farm(farm: Lab) -> Iterator[Lab]:
    """All nodes on version 1 and serving, whatever the test before did."""
    yield farm
    farm.reset()


def test_the_first_node_is_lost_at_serial_1(whole_farm: Lab, tmp_path: Path) -> None:
    returncode, output, report = _deploy_and_lose(whole_farm, "web01", tmp_path)
    assert returncode == 2, output
    outcomes = {node: result["outcome"] for node, result in report["nodes"].items()}
    assert outcomes == {"web01": "failed", "web02": "untouched", "web03": "untouched", "web04": "untouched"}, output
    assert whole_farm.members() == {"web01": "MAINT", "web02": "UP", "web03": "UP", "web04": "UP"}
    versions = whole_farm.versions()
    assert {versions[node] for node in ("web02", "web03", "web04")} == {"1.0.0"}
    assert "web01 failed" in output
    assert not whole_farm.lease()["held"]


@pytest.mark.long
def test_a_node_of_the_first_batch_is_lost_at_serial_2(whole_farm: Lab, tmp_path: Path) -> None:
    """The healthy node of its batch, upgraded or not, does not stay on the new release; the next batch is not begun."""
    returncode, output, report = _deploy_and_lose(whole_farm, "web02", tmp_path, dotnet_serial=2)
    assert returncode == 2, output
    outcomes = {node: result["outcome"] for node, result in report["nodes"].items()}
    assert outcomes["web02"] == "failed", output
    assert outcomes["web01"] == "rolled_back", output
    assert {outcomes[node] for node in ("web03", "web04")} == {"untouched"}, output
    assert whole_farm.members() == {"web01": "UP", "web02": "MAINT", "web03": "UP", "web04": "UP"}
    versions = whole_farm.versions()
    assert {versions[node] for node in ("web01", "web03", "web04")} == {"1.0.0"}
    assert not whole_farm.lease()["held"]


@pytest.mark.long
def test_a_lost_node_with_limit(whole_farm: Lab, tmp_path: Path) -> None:
    returncode, output, report = _deploy_and_lose(whole_farm, "web02", tmp_path, "--limit", "web02,web03")
    assert returncode == 2, output
    outcomes = {node: result["outcome"] for node, result in report["nodes"].items()}
    assert outcomes == {"web02": "failed", "web03": "untouched"}, output
    assert whole_farm.members() == {"web01": "UP", "web02": "MAINT", "web03": "UP", "web04": "UP"}
    assert not whole_farm.lease()["held"]


def test_a_node_that_is_gone_before_the_start(whole_farm: Lab) -> None:
    whole_farm.control("web04", winrm="down")
    before = whole_farm.versions()
    done = whole_farm.deploy("2.0.0")
    assert done.returncode != 0, done.story
    assert "web04" in done.output
    assert whole_farm.versions() == before
    assert set(whole_farm.members().values()) == {"UP"}
    assert not whole_farm.lease()["held"]


def test_the_next_run_resumes_the_node(whole_farm: Lab, tmp_path: Path) -> None:
    two = ("--limit", "web01,web02")
    returncode, output, _unused = _deploy_and_lose(whole_farm, "web02", tmp_path, *two)
    assert returncode == 2, output
    assert whole_farm.members()["web02"] == "MAINT"
    whole_farm.control("web02", winrm="up")
    done = whole_farm.deploy("2.0.0", *two, extra_vars={"dotnet_soak_s": 0})
    assert done.returncode == 0, done.story
    versions = whole_farm.versions()
    assert {versions[node] for node in ("web01", "web02")} == {"2.0.0"}
    assert set(whole_farm.members().values()) == {"UP"}
