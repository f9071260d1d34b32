# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case in which a simple drain loses requests, under load, each beside the simple drain that loses them.

A row is a farm, its users, and a way to take web01 out. Afterwards web01 is killed, as an upgrade would stop it, and
the users are counted. Rows run side by side, because most of their time is waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from lab.haproxy.farm import Farm
from lab.haproxy.module import ModuleRun, lb_member
from lab.haproxy.scene import Scene, scene, wait_busy
from lab.haproxy.users import COOKIES, HELD, MIXED, Kind, Tally
from lab.waiting import LIMIT_S

SIDE_BY_SIDE = 4
Act = Callable[[Scene], "dict[str, Any] | None"]


@dataclass
class Seen:
    """What a row showed."""

    tally: Tally
    result: dict[str, Any]
    status: str
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    act: Act
    farm: Farm = field(default_factory=Farm)
    kinds: tuple[Kind, ...] = MIXED
    agent: str = ""
    kill: bool = True
    busy: int = 1


def drained(**args: Any) -> Act:
    """What this collection does."""
    return lambda scene: lb_member(state="drained", socket=str(scene.balancer.admin), timeout_s=60, **args)


def simply(*commands: str, wait_s: float = 0.0) -> Act:
    """A simple drain: commands, and a sleep at the most."""

    def act(scene: Scene) -> None:
        for command in commands:
            assert scene.balancer.ask(command) == "\n"
        time.sleep(wait_s)

    return act


def until_up(command: str) -> Act:
    """A command that somebody else takes back: until then."""

    def act(scene: Scene) -> None:
        assert scene.balancer.ask(command) == "\n"
        scene.balancer.wait_status("UP", timeout_s=LIMIT_S)
        scene.wait_busy(2)

    return act


def until_zero(*commands: str, timeout_s: float = 3.0) -> Act:
    """A better drain: commands, then wait until HAProxy's counters for the server read 0."""

    def act(scene: Scene) -> dict[str, Any]:
        for command in commands:
            assert scene.balancer.ask(command) == "\n"
        deadline = time.monotonic() + timeout_s
        while scene.balancer.column("scur") != "0" or scene.balancer.column("qcur") != "0":
            if time.monotonic() > deadline:
                return {"zero": False}
            time.sleep(0.02)
        return {"zero": True}

    return act


def reload_first(then: Act) -> Act:
    """HAProxy is reloaded just before: its old process still holds what was in flight."""

    def act(scene: Scene) -> dict[str, Any] | None:
        # All who hold a request have it in the old process: none comes late, to the new one.
        held = sum(kind.count for kind in HELD if kind.path == "/hold")
        wait_busy(lambda: sum(int(scene.balancer.column("scur", name)) for name in ("web01", "web02")), held, 30.0)
        scene.balancer.reload()
        return then(scene)

    return act


def drained_and_released(scene: Scene) -> dict[str, Any]:
    """What this collection does, while requests are held until it has said that it sees them in the old process."""
    options = {"member": "web01", "state": "drained", "socket": str(scene.balancer.admin), "timeout_s": 60}
    run = ModuleRun("lb_member", options, progress=scene.directory / "progress")
    run.wait_said("in old processes")
    scene.release()
    return run.result()


def reload_afterwards(drain: Act) -> Act:
    """HAProxy is reloaded after the drain, while the server is being upgraded."""

    def act(scene: Scene) -> dict[str, Any] | None:
        result = drain(scene)
        scene.balancer.reload()
        return result

    return act


DRAIN = "set server web/web01 state drain"
MAINT = "set server web/web01 state maint"
CLOSING = Farm(server_options="on-marked-down shutdown-sessions")
STICKY = (Kind(10), Kind(8, "/slow/0.6"))

ROWS: dict[str, Row] = {
    # Held requests are in flight for certain when these end; a short one may have been answered by chance.
    "killed without a drain": Row(simply(), kinds=HELD),
    "killed without a drain, redispatch": Row(simply(), Farm(backend_lines=("option redispatch",)), HELD),
    "maint without waiting": Row(simply(MAINT), kinds=HELD),
    "drain and a short sleep": Row(simply(DRAIN, wait_s=0.2), kinds=HELD),
    "ours": Row(drained()),
    "ours, http-server-close": Row(drained(), Farm(backend_lines=("option http-server-close",))),
    "ours, http-reuse always, prefer-last-server": Row(
        drained(), Farm(backend_lines=("http-reuse always", "option prefer-last-server"))
    ),
    "ours, http-reuse never": Row(drained(), Farm(backend_lines=("http-reuse never",))),
    "cookie: drain until zero": Row(until_zero(DRAIN), Farm(cookie=True), COOKIES),
    "cookie: ours": Row(drained(bleed_s=1.0), Farm(cookie=True), COOKIES),
    "stick table: drain until zero": Row(until_zero(DRAIN), Farm(stick=True), STICKY),
    "stick table: ours": Row(drained(bleed_s=1.0), Farm(stick=True), STICKY),
    "sessions shut down: maint until zero": Row(until_zero(MAINT), CLOSING),
    "sessions shut down: ours": Row(drained(), CLOSING),
    "reload before: maint until zero": Row(reload_first(until_zero(MAINT)), kinds=HELD),
    "reload before: ours": Row(reload_first(drained_and_released), kinds=HELD),
    "reload afterwards: maint until zero": Row(reload_afterwards(until_zero(DRAIN, MAINT))),
    "reload afterwards: ours": Row(
        reload_afterwards(
            lambda scene: lb_member(
                state="drained", socket=str(scene.balancer.admin), state_file=str(scene.balancer.state_file)
            )
        ),
        Farm(state_file=True),
    ),
    "agent-check: drain and wait": Row(until_up(DRAIN), Farm(agent=True), agent="ready"),
    "agent-check: ours": Row(drained(), Farm(agent=True), agent="ready"),
    "last server": Row(simply("set server web/web02 state maint", DRAIN, wait_s=0.5), kill=False),
    "last server: ours": Row(
        lambda scene: [simply("set server web/web02 state maint")(scene), drained()(scene)][1], kill=False
    ),
    "streams: cut": Row(
        lambda scene: lb_member(state="drained", socket=str(scene.balancer.admin), timeout_s=1, on_timeout="cut"),
        kinds=HELD,
    ),
    "streams: restored": Row(
        lambda scene: lb_member(state="drained", socket=str(scene.balancer.admin), timeout_s=1),
        kinds=HELD,
        kill=False,
    ),
    "tcp: cut": Row(
        lambda scene: lb_member(state="drained", socket=str(scene.balancer.admin), timeout_s=1, on_timeout="cut"),
        Farm(mode="tcp"),
        kinds=(Kind(6),),
    ),
    "tcp: restored": Row(
        lambda scene: lb_member(state="drained", socket=str(scene.balancer.admin), timeout_s=1, on_timeout="restore"),
        Farm(mode="tcp"),
        kinds=(Kind(6),),
        kill=False,
    ),
    "queue: ours": Row(
        drained(check_capacity=False), Farm(server_options="maxconn 2"), (Kind(4), Kind(8, "/slow/0.4"))
    ),
}


def play(row: Row) -> Seen:
    with scene(row.farm, agent=row.agent) as made:
        with made.users(row.kinds) as users:
            made.wait_busy(row.busy)
            time.sleep(0.4)
            result = row.act(made)
            time.sleep(0.15)
            if row.kill:
                made.kill_origin("web01")
            status = made.balancer.status()
            time.sleep(0.8)
        return Seen(users.tally, result or {}, status)


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Seen]]:
    """Plays the rows that the selected tests want, several at a time."""
    wanted: dict[str, None] = {}
    for item in request.session.items:
        for mark in item.iter_markers("rows"):
            wanted.update(dict.fromkeys(mark.args))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        plays: dict[str, Future[Seen]] = {name: pool.submit(play, ROWS[name]) for name in wanted}
        yield lambda name: plays[name].result()
        for future in plays.values():
            future.cancel()


Player = Callable[[str], Seen]


def rows(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.rows(*names)


NAIVE = (
    "killed without a drain",
    "killed without a drain, redispatch",
    "maint without waiting",
    "drain and a short sleep",
    "cookie: drain until zero",
    "stick table: drain until zero",
    "sessions shut down: maint until zero",
    "reload before: maint until zero",
    "reload afterwards: maint until zero",
    "agent-check: drain and wait",
    "last server",
)
OURS = (
    "ours",
    "ours, http-server-close",
    "ours, http-reuse always, prefer-last-server",
    "ours, http-reuse never",
    "cookie: ours",
    "stick table: ours",
    "sessions shut down: ours",
    "reload before: ours",
    "reload afterwards: ours",
    "agent-check: ours",
    "queue: ours",
)


@pytest.mark.parametrize("name", [pytest.param(name, marks=rows(name)) for name in NAIVE])
def test_a_simple_drain_loses_requests(seen: Player, name: str) -> None:
    found = seen(name)
    assert found.tally.failed > 0, found


@pytest.mark.parametrize("name", [pytest.param(name, marks=rows(name)) for name in OURS])
def test_ours_loses_none(seen: Player, name: str) -> None:
    found = seen(name)
    assert not found.result.get("failed"), found.result
    assert found.tally.failed == 0, found
    assert found.tally.requests > 20
    assert found.result["state"] == "drained"
    assert found.status == "MAINT"


@rows("cookie: ours", "stick table: ours")
def test_the_share_of_users_who_move_is_told(seen: Player) -> None:
    for name in ("cookie: ours", "stick table: ours"):
        assert 10 < seen(name).result["clients_moved_percent"] < 90


@rows("reload before: ours", "reload before: maint until zero")
def test_after_a_reload_the_old_process_is_counted(seen: Player) -> None:
    assert seen("reload before: maint until zero").result == {"zero": True}, "the new process reads 0 at once"
    assert seen("reload before: ours").result["in_flight_at_start"] > 0


@rows("agent-check: ours")
def test_the_agent_check_is_off_while_the_member_is_out(seen: Player) -> None:
    assert seen("agent-check: ours").result["members"][0]["agent_check"] == "off"


@rows("last server: ours")
def test_the_last_server_stays(seen: Player) -> None:
    found = seen("last server: ours")
    assert found.result["failed"]
    assert "web/web01 stays in service" in found.result["msg"]
    assert "web02 is MAINT" in found.result["msg"]
    assert (found.tally.failed, found.status) == (0, "UP")


@rows("streams: cut")
def test_streams_are_cut_when_the_user_asked_for_it_and_counted(seen: Player) -> None:
    found = seen("streams: cut")
    assert found.result["cut"] > 0
    assert found.tally.failed == found.result["cut"]
    assert found.status == "MAINT"


@rows("streams: restored")
def test_at_the_deadline_the_former_state_comes_back(seen: Player) -> None:
    found = seen("streams: restored")
    assert found.result["failed"]
    assert "requests in flight" in found.result["msg"]
    assert "The former state was put back: web/web01 ready." in found.result["msg"]
    assert (found.tally.failed, found.status) == (0, "UP")


@rows("tcp: cut", "tcp: restored")
def test_tcp_mode_ends_as_the_user_wants(seen: Player) -> None:
    restored = seen("tcp: restored")
    assert restored.result["failed"]
    assert (restored.tally.failed, restored.status) == (0, "UP")
    cut = seen("tcp: cut")
    assert cut.result["cut"] >= 1
    assert cut.status == "MAINT"
    assert cut.tally.failed + cut.tally.idle_closed >= cut.result["cut"]
