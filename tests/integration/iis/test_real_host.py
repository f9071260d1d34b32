# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""These tests against a host from an inventory: what they create, skip and remove.

The host is a simulated one with a site of its own, which the tests know by the inventory only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import ansible_cli, net

from .conftest import INVENTORY
from .real import RealRig
from .simulated import SimulatedRig

pytestmark = pytest.mark.skipif(INVENTORY in os.environ, reason="the host of the inventory is tested by the others")


@pytest.fixture(name="other")
def _other(tmp_path: Path, lab_net: net.Net) -> Iterator[SimulatedRig]:
    """A server as IIS is installed, with one site."""
    rig = SimulatedRig(lab_net, tmp_path)
    try:
        rig.start(
            winrm={"basic": True},
            pools=[{"name": "DefaultAppPool"}],
            sites=[
                {
                    "name": "Default Web Site",
                    "id": 1,
                    "pool": "DefaultAppPool",
                    "path": r"C:\inetpub\wwwroot",
                    "bindings": ["http/*:8000:"],
                }
            ],
        )
        yield rig
    finally:
        rig.stop()


def inventory(rig: SimulatedRig) -> Path:
    path = rig.state / "given.yml"
    path.touch(0o600)
    path.write_text(
        f"""web:
  hosts:
    server01:
      ansible_host: {rig.address}
      ansible_connection: winrm
      ansible_port: 5986
      ansible_winrm_transport: basic
      ansible_winrm_ca_trust_path: {rig.authority.ca}
      ansible_user: deployer
      ansible_password: "{rig.secrets["winrm"]}"
      zero_downtime_test_artifact_address: {rig.net.artifacts}
      zero_downtime_test_artifact_port: 8444
"""
    )
    return path


@pytest.mark.timeout(600)
def test_the_same_tests_run_against_a_host_from_an_inventory(other: SimulatedRig) -> None:
    chosen = "test_stage_stop_switch_start_and_rollback or test_the_quota or too_small"
    before = (other.fault(state=True)["state"], other.snapshot().keys())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-k", chosen, Path(__file__).parent],
        env={**os.environ, INVENTORY: str(inventory(other))},
        cwd=ansible_cli.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "1 passed, 2 skipped" in done.stdout, done.stdout[-3000:]
    assert "only the simulated host" in done.stdout
    transcript = "\n".join(other.fault(transcript=True)["transcript"])
    assert "/physicalPath:C:\\zero_downtime_test\\shop\\2.0" in transcript
    after = (other.fault(state=True)["state"], other.snapshot().keys())
    assert after[0].keys() == before[0].keys()
    assert (after[0]["sites"].keys(), after[0]["pools"].keys()) == (
        before[0]["sites"].keys(),
        before[0]["pools"].keys(),
    )
    assert {name for name in after[1] - before[1] if "applicationHost.json" not in name} == set()


def test_a_host_that_has_such_objects_is_refused_and_not_changed(other: SimulatedRig, tmp_path: Path) -> None:
    (other.drive / "zero_downtime_test").mkdir()
    (tmp_path / "state").mkdir()
    rig = RealRig(str(inventory(other)), tmp_path / "state")
    try:
        with pytest.raises(AssertionError, match=r"server01 already has C:\\zero_downtime_test: remove it"):
            rig.start()
    finally:
        rig.stop()
    assert (other.drive / "zero_downtime_test").is_dir()
    assert not any(" add " in line or " delete " in line for line in other.fault(transcript=True)["transcript"])


def test_an_inventory_without_a_web_host_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yml"
    empty.write_text("all: {hosts: {other: {}}}\n")
    with pytest.raises(ValueError, match="has no host in the group web"):
        RealRig(str(empty), tmp_path)
