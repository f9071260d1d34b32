# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that the integration tests share: a free loopback net, a whole lab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from lab import net
from lab.stack import Lab


@pytest.fixture(name="lab_net")
def _lab_net() -> Iterator[net.Net]:
    """A loopback net for one test."""
    with net.allocate() as where:
        yield where


@pytest.fixture(name="lab_net_of_module", scope="module")
def _lab_net_of_module() -> Iterator[net.Net]:
    """A loopback net for all tests of a module."""
    with net.allocate() as where:
        yield where


def _whole_lab(request: pytest.FixtureRequest, where: net.Net, nodes: int) -> Iterator[Lab]:
    failed_before = request.session.testsfailed
    lab = Lab(where, nodes)
    with lab:
        yield lab
        ended = lab.processes.ended()
    if request.session.testsfailed == failed_before:
        shutil.rmtree(lab.state, ignore_errors=True)
    assert not [process.name for process in ended if process.name != "load"], "a part of the lab ended by itself"


@pytest.fixture(name="lab", scope="module")
def _lab(request: pytest.FixtureRequest, lab_net_of_module: net.Net) -> Iterator[Lab]:
    """Two web nodes on version 1, serving; shared by the tests of a module, which run in their order."""
    yield from _whole_lab(request, lab_net_of_module, 2)


@pytest.fixture(name="farm", scope="module")
def _farm(request: pytest.FixtureRequest, lab_net_of_module: net.Net) -> Iterator[Lab]:
    """Four web nodes on version 1."""
    yield from _whole_lab(request, lab_net_of_module, 4)
