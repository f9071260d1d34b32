# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The iis_* modules through the real ansible-playbook, against a simulated Windows host or a real one.

Without further settings, each module of tests starts a simulated host (tests/lab/windows).

With ZERO_DOWNTIME_TEST_INVENTORY, the path of an Ansible inventory, the same tests run against the first host of its
group `web`. It needs:

- Windows Server 2019 or newer with IIS, the role service Web-Request-Monitor, the ASP.NET Core hosting bundle, and
  Python on the system's PATH, because the application of the tests is a Python program behind the ASP.NET Core Module;
- a curl.exe that supports --cacert;
- connection variables for the connection winrm as literal values, with a user who is an administrator;
- a way for the node to reach the machine of the tests by HTTPS, and for that machine to reach the node's site.

The tests create what they need and remove it: two sites, three pools, a directory, a firewall rule, and an artifact
server on the machine of the tests. They refuse to start when the host has objects of these names. Variables of the
host, or environment variables of the same names in capitals, set:

    zero_downtime_test_artifact_address   address of the machine of the tests, as the node reaches it (required)
    zero_downtime_test_artifact_port      8443
    zero_downtime_test_site               ZeroDowntimeTest, the name of the site and its pool
    zero_downtime_test_site_port          8080
    zero_downtime_test_directory          C:\zero_downtime_test
    zero_downtime_test_python             python

Tests that need injected faults are skipped, with the reason. This has not run on Windows yet. test_real_host.py runs it
against a simulated host that comes from an inventory, which shows that it creates and removes what it should.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import net

from .real import RealRig
from .rig import Rig
from .simulated import SimulatedRig

INVENTORY = "ZERO_DOWNTIME_TEST_INVENTORY"


@pytest.fixture(name="rig", scope="module")
def _rig(tmp_path_factory: pytest.TempPathFactory, lab_net_of_module: net.Net) -> Iterator[Rig]:
    """A real host where an inventory is given, else a simulated one; shared by the tests of a module."""
    inventory = os.environ.get(INVENTORY)
    state = tmp_path_factory.mktemp("iis")
    rig: Rig = RealRig(inventory, state) if inventory else SimulatedRig(lab_net_of_module, state)
    try:
        rig.start()
        yield rig
    finally:
        rig.stop()


@pytest.fixture(name="simulated")
def _simulated(rig: Rig) -> SimulatedRig:
    """A simulated host; skips the test on a real one."""
    if not isinstance(rig, SimulatedRig):
        pytest.skip("it injects faults, which only the simulated host can do")
    return rig


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path, lab_net: net.Net) -> Iterator[SimulatedRig]:
    """A newer host, in German, whose drive holds 3 MiB."""
    if os.environ.get(INVENTORY):
        pytest.skip("it needs a full disk, which only the simulated host has")
    rig = SimulatedRig(lab_net, tmp_path)
    try:
        rig.start(drive_limit_bytes=3 * 1024 * 1024, language="de", windows="2022")
        yield rig
    finally:
        rig.stop()
