# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy does around a drain: the path for smoke tests and canaries, and the switch between two arrays."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from pathlib import Path

from lab.haproxy.farm import Farm
from lab.haproxy.module import lb_member
from lab.haproxy.scene import Scene, scene
from lab.waiting import LIMIT_S, wait_until


def _asked(made: Scene, server: str, host: str, backend: str = "web") -> bool:
    """Whether a request with that host name is answered by that server."""
    before = int(made.balancer.column("stot", server, backend=backend))
    connection = HTTPConnection(*made.balancer.frontend, timeout=LIMIT_S)
    connection.request("GET", "/fast", headers={"Host": host})
    assert connection.getresponse().status == 200
    connection.close()
    return int(made.balancer.column("stot", server, backend=backend)) == before + 1


def test_a_host_name_of_its_own_reaches_a_draining_member_and_no_drained_one() -> None:
    rule = "use-server web01 if { req.hdr(Host) -i web01.smoke.test }"
    with scene(Farm(backend_lines=(rule,))) as made:
        socket = str(made.balancer.admin)
        assert lb_member(state="draining", socket=socket)["state"] == "draining"
        assert _asked(made, "web01", "web01.smoke.test")
        assert not _asked(made, "web01", "shop.test")
        assert lb_member(state="drained", socket=socket)["state"] == "drained"
        assert not _asked(made, "web01", "web01.smoke.test")


def test_two_arrays_are_switched_by_a_map_and_nothing_fails(tmp_path: Path) -> None:
    live = tmp_path / "live.map"
    live.write_text("live web\n")
    rule = f"use_backend %[str(live),map({live},web)]"
    with scene(Farm(frontend_lines=(rule,), more_backends=("green",))) as made:
        with made.users() as users:
            made.wait_busy(1)
            assert made.balancer.ask(f"set map {live} live green").strip() == ""
            wait_until(lambda: int(made.balancer.column("stot", "web01", backend="green")) > 20, "traffic to green")
            old = int(made.balancer.column("stot", "web01"))
            time.sleep(0.5)
            assert int(made.balancer.column("stot", "web01")) == old
        assert users.tally.failed == 0
        assert users.tally.requests > 50
