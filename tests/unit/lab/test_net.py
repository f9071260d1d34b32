# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nets of the lab: addresses, and that two labs never share one."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lab import net

TESTS = Path(__file__).resolve().parents[2]


def test_addresses_of_a_net_do_not_collide() -> None:
    addresses = net.Net(7).every_address()
    assert addresses[:3] == ["127.77.7.1", "127.77.7.5", "127.77.7.11"]
    assert len(set(addresses)) == len(addresses) == net.MAX_NODES + 3


@pytest.mark.parametrize("number", [0, 251, -1])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 250 expected"):
        net.Net(number)


@pytest.mark.parametrize("index", [0, 10])
def test_a_node_never_gets_the_address_of_the_database(index: int) -> None:
    with pytest.raises(ValueError, match="node number"):
        net.Net(7).web(index)


def test_two_labs_get_different_nets() -> None:
    with net.allocate() as one, net.allocate() as other:
        assert one.number != other.number


def test_a_net_where_something_listens_is_not_free() -> None:
    with net.allocate() as where:
        free = where.number
    with socket.create_server((where.sqlserver, 0)), net.allocate(first=free) as other:
        assert other.number != free


def test_a_net_in_use_is_refused_by_number_and_free_afterwards() -> None:
    with net.allocate() as where:
        in_use = f"lab net {where.number} is in use"
        with pytest.raises(RuntimeError, match=in_use), net.hold(where.number):
            pass
    with net.hold(where.number) as again:
        assert again == where


def test_a_killed_lab_leaves_no_lock() -> None:
    with net.allocate() as where:
        pass
    code = f"from lab import net, proc\nimport os\nwith net.hold({where.number}):\n    os.kill(os.getpid(), 9)"
    ended = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(TESTS)}, check=False)
    assert ended.returncode == -9
    with net.hold(where.number):
        pass
