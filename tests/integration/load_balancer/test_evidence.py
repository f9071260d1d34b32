# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""States that a real HAProxy makes by itself, and messages that name what its configuration does."""

from __future__ import annotations

from typing import Any

from lab.haproxy.farm import Farm
from lab.haproxy.module import ModuleRun, lb_member
from lab.haproxy.scene import Scene, scene
from lab.haproxy.users import HELD

RESOLUTION = 0x20
FORCED_MAINT = 0x01


def info(made: Scene, member: str) -> dict[str, Any]:
    """What lb_member_info says of one member."""
    args = {"member": member, "socket": str(made.balancer.admin)}
    (found,) = ModuleRun("lb_member_info", args).result()["members"]
    assert isinstance(found, dict)
    return found


def flags(made: Scene, member: str) -> int:
    """srv_admin_state."""
    for line in made.balancer.ask("show servers state web").splitlines():
        fields = line.split()
        if len(fields) > 6 and fields[3] == member:
            return int(fields[6])
    raise LookupError(member)


def test_a_backup_server_is_not_another_one_up() -> None:
    spare = "server spare 127.0.0.1:9 backup"
    with scene(Farm(backend_lines=(spare,))) as made:
        socket = str(made.balancer.admin)
        assert lb_member("web02", state="drained", socket=socket)["changed"]
        assert info(made, "spare")["up"]
        refused = lb_member(state="drained", socket=socket)
        assert "web/web01 stays in service" in refused["msg"]
        assert "spare is no check (a backup, which does not count)" in refused["msg"]
        assert made.balancer.status() == "UP"


def test_automatic_states_are_told_from_an_administrators_and_only_the_flag_that_was_set_is_put_back() -> None:
    """A host name that does not resolve, and a server that follows another one."""
    lines = (
        "server lost lost.invalid:80 check init-addr none resolvers none",
        "server follows 127.0.0.1:9 track web/web01",
    )
    resolvers = ("resolvers none", "    nameserver none 127.0.0.1:9")
    with scene(Farm(backend_lines=lines, sections=resolvers)) as made:
        socket = str(made.balancer.admin)
        made.balancer.wait_status("MAINT (resolution)", "lost")
        found = info(made, "lost")
        assert (found["state"], found["taken_out_by"], found["up"]) == ("enabled", "resolution", False)
        failed = lb_member("lost", state="enabled", socket=socket, timeout_s=1)
        assert "Its host name does not resolve" in failed["msg"]
        assert flags(made, "lost") == RESOLUTION
        assert lb_member("lost", state="drained", socket=socket)["previous_state"] == "enabled"
        assert flags(made, "lost") == RESOLUTION | FORCED_MAINT
        assert info(made, "lost")["taken_out_by"] == "administrator"
        failed = lb_member("lost", state="enabled", socket=socket, timeout_s=1)
        assert failed["previous_state"] == "drained"
        assert "put back: web/lost maint" in failed["msg"]
        assert flags(made, "lost") == RESOLUTION | FORCED_MAINT

        assert lb_member(state="drained", socket=socket)["changed"]
        assert made.balancer.status("follows") == "MAINT (via web/web01)"
        found = info(made, "follows")
        assert (found["state"], found["taken_out_by"]) == ("enabled", "tracking")
        assert info(made, "web01")["taken_out_by"] == "administrator"


def test_rules_that_keep_a_drain_from_zero_are_named_with_their_lines() -> None:
    rule = "use-server web01 if { path_beg /hold }"
    with scene(Farm(backend_lines=(rule,))) as made, made.users(HELD):
        made.wait_busy(1)
        failed = lb_member(state="drained", socket=str(made.balancer.admin), timeout_s=1)
        config = made.directory / "haproxy.cfg"
        assert f"Requests may go to web/web01 although it drains, because of '{rule}' ({config}:" in failed["msg"]
        assert "The former state was put back: web/web01 ready." in failed["msg"]


def test_a_state_file_that_beats_a_changed_configuration_is_named() -> None:
    with scene(Farm(state_file=True)) as made:
        options = {"socket": str(made.balancer.admin), "state_file": str(made.balancer.state_file)}
        assert lb_member("web02", state="drained", **options)["changed"]
        config = made.directory / "haproxy.cfg"
        text = config.read_text()
        config.write_text(text.replace("balance roundrobin", "balance leastconn"))
        assert config.read_text() != text
        made.balancer.reload()
        assert made.balancer.status("web02") == "MAINT", "the state file keeps it out"
        refused = lb_member(state="drained", **options)
        assert "web02 is MAINT" in refused["msg"]
        assert (
            f"takes the states of its servers from the server-state-file {made.balancer.state_file}" in refused["msg"]
        )


def test_over_tcp_what_cannot_be_seen_is_refused_until_it_is_said() -> None:
    with scene(Farm(cookie=True)) as made:
        refused = lb_member(state="drained", socket=made.balancer.tcp)
        assert "give master_socket, or old_workers=ignore" in refused["msg"]
        refused = lb_member(state="drained", socket=made.balancer.tcp, old_workers="ignore")
        assert "give closes_on_down" in refused["msg"]
        assert made.balancer.status() == "UP"
        options: dict[str, Any] = {"socket": made.balancer.tcp, "old_workers": "ignore", "closes_on_down": False}
        assert lb_member(state="drained", **options)["state"] == "drained"
