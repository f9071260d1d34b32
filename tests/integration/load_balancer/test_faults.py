# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong ends in one sentence, and in the former state or the one that was asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.haproxy.farm import Farm
from lab.haproxy.module import ModuleRun, lb_member
from lab.haproxy.scene import Scene, scene, wait_busy
from lab.haproxy.users import HELD, Kind

NOBODY = 65534


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    """A farm for tests that must not change it; they run one after the other."""
    with scene(Farm(more_backends=("admin",))) as found:
        yield found


@pytest.fixture
def untouched(made: Scene) -> Iterator[Scene]:
    before = (made.balancer.status(), made.balancer.status(backend="admin"), made.balancer.status("web02"))
    assert before == ("UP", "UP", "UP")
    yield made
    assert before == (made.balancer.status(), made.balancer.status(backend="admin"), made.balancer.status("web02"))


def refused(made: Scene, member: str = "web01", state: str = "drained", **args: Any) -> str:
    result = lb_member(member, **{"state": state, "socket": str(made.balancer.admin), "timeout_s": 8, **args})
    assert result["failed"], result
    return str(result["msg"])


def test_unknown_names_come_with_suggestions(untouched: Scene) -> None:
    assert "has no server wbe01 in any backend: did you mean web01" in refused(untouched, "wbe01")
    assert "has no backend wep with servers: did you mean web?" in refused(untouched, backend="wep")


@pytest.mark.parametrize(
    "name", ["web01;disable server web/web02", "web01 state maint\nquit", "web01\t", "", "a b", "ü"]
)
def test_no_name_breaks_out_of_a_command(untouched: Scene, name: str) -> None:
    assert "is not a name of a server in HAProxy" in refused(untouched, name)
    assert "is not a name of a backend in HAProxy" in refused(untouched, backend=name)


def test_a_name_with_a_null_character_is_refused(untouched: Scene) -> None:
    """By the module, or before it by newer versions of Ansible, which cannot log such an argument."""
    message = refused(untouched, "web01\0")
    assert "is not a name of a server in HAProxy" in message or "embedded null character" in message


def test_sockets_that_are_not_there(untouched: Scene, place: Path) -> None:
    assert f"{place}/none (option socket) does not exist" in refused(untouched, socket=f"{place}/none")
    file = place / "file"
    file.touch()
    assert "is not a socket" in refused(untouched, socket=str(file))
    assert "an absolute path of a unix socket, or host:port, is expected" in refused(untouched, socket="haproxy")
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(place / "left"))
        assert "Nobody listens on HAProxy's socket" in refused(untouched, socket=str(place / "left"))
    closed = f"{untouched.balancer.host}:9998"
    assert f"HAProxy's API at {closed} (option socket) cannot be reached" in refused(untouched, socket=closed)


def test_a_master_socket_that_is_not_there(untouched: Scene, place: Path) -> None:
    message = refused(untouched, master_socket=str(place / "none"))
    assert "none (option master_socket) does not exist" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_socket_that_may_not_be_opened(untouched: Scene) -> None:
    untouched.directory.chmod(0o755)
    args = {"member": "web01", "state": "drained", "socket": str(untouched.balancer.admin)}
    message = ModuleRun("lb_member", args, user=NOBODY).result()["msg"]
    assert "may not be opened by user nobody: use become" in message


def test_a_socket_with_too_low_a_level(untouched: Scene) -> None:
    for path in (untouched.balancer.user, untouched.balancer.operator):
        message = refused(untouched, socket=str(path))
        assert "the socket's level is lower than admin" in message
        assert "Nothing was changed." in message


def test_something_that_is_no_runtime_api(untouched: Scene) -> None:
    host, port = untouched.balancer.frontend
    assert "is not understood" in refused(untouched, socket=f"{host}:{port}")


def test_bad_options(untouched: Scene) -> None:
    assert "timeout_s is -1" in refused(untouched, timeout_s=-1)
    assert "weight goes with state enabled only" in refused(untouched, weight=3)
    assert "0 to 256 is expected" in refused(untouched, state="enabled", weight=300)
    assert "growing percentages" in refused(untouched, state="enabled", weight_steps=[50, 10])


@pytest.mark.beside
def test_tcp_mode_wants_a_policy() -> None:
    with scene(Farm(mode="tcp")) as made:
        message = refused(made)
        assert "web/web01 is in TCP mode" in message
        assert "give on_timeout" in message
        assert made.balancer.status() == "UP"


@pytest.mark.beside
def test_members_left_must_be_able_to_carry_the_load(place: Path) -> None:
    with scene(Farm(server_options="maxconn 2")) as made, made.users((Kind(4, "/hold"),)):
        made.wait_busy(2)
        made.wait_busy(2, "web02")
        assert "the servers left have room for 0 more" in refused(made)
        assert made.balancer.status() == "UP"
        run = running(made, place, "in flight", state="drained", check_capacity=False)
        made.release()
        assert run.result()["changed"]


def running(made: Scene, place: Path, says: str, **args: Any) -> ModuleRun:
    """lb_member, as soon as it has said something."""
    options = {"member": "web01", "socket": str(made.balancer.admin), **args}
    run = ModuleRun("lb_member", options, progress=place / "progress")
    run.wait_said(says)
    return run


@pytest.mark.beside
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_the_former_state_back(number: signal.Signals, place: Path) -> None:
    with scene() as made, made.users(HELD) as users:
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        os.kill(run.pid, number)
        result = run.result()
        assert result["failed"]
        assert f"interrupted by {number.name}. The former state was put back: web/web01 ready." in result["msg"]
        made.balancer.wait_status("UP")
        assert users.tally.failed == 0


@pytest.mark.beside
def test_nobody_left_to_read_the_result_puts_the_former_state_back(place: Path) -> None:
    """The connection is lost, or Ansible's worker was killed: no signal comes."""
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        assert made.balancer.status() == "DRAIN"
        assert run.popen.stdout is not None
        run.popen.stdout.close()
        made.balancer.wait_status("UP")
        run.popen.wait(10)
        assert run.popen.stderr is not None
        run.popen.stderr.close()


@pytest.mark.beside
def test_a_signal_while_coming_back_puts_maintenance_back(place: Path) -> None:
    with scene() as made:
        assert lb_member(state="drained", socket=str(made.balancer.admin))["changed"]
        made.kill_origin("web01")
        run = running(made, place, "waiting for a fresh", state="enabled")
        os.kill(run.pid, signal.SIGTERM)
        assert "The former state was put back: web/web01 maint." in run.result()["msg"]
        assert made.balancer.status() == "MAINT"


@pytest.mark.beside
def test_haproxy_killed_in_the_middle_says_what_is_not_known(place: Path) -> None:
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        made.balancer.kill()
        message = run.result()["msg"]
        assert "ATTENTION: web/web01 could not be put back to ready" in message
        assert "echo 'set server web/web01 state ready' | socat stdio UNIX-CONNECT:" in message


@pytest.mark.beside
def test_haproxy_restarted_in_the_middle_is_set_again(place: Path) -> None:
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        made.balancer.kill()
        made.balancer.start()
        # Which of the two depends on whether a user is quicker than the module to find the new process.
        wait_busy(lambda: int(made.balancer.status() in {"DRAIN", "MAINT"}), 1, 40.0)
        made.release()
        result = run.result()
        assert (result.get("failed", False), result["reloads"], result["state"]) == (False, 1, "drained"), result
        assert made.balancer.status() == "MAINT"


@pytest.mark.beside
def test_reloads_in_the_middle_are_counted_and_waited_for(place: Path) -> None:
    with scene(Farm(state_file=True)) as made, made.users(HELD) as users:
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained", state_file=str(made.balancer.state_file))
        made.balancer.reload()
        time.sleep(0.3)
        made.balancer.reload()
        time.sleep(0.3)
        made.release()
        result = run.result()
        assert (result.get("failed", False), result["reloads"] in {1, 2}) == (False, True), result
        made.kill_origin("web01")
        time.sleep(0.3)
        assert users.tally.failed == 0


@pytest.mark.beside
def test_somebody_else_puts_the_member_back(place: Path) -> None:
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        made.balancer.ask("set server web/web01 state ready")
        assert "somebody or something else changes it at the same time" in run.result()["msg"]
        assert made.balancer.status() == "UP"


@pytest.mark.beside
def test_the_other_server_dies_meanwhile(place: Path) -> None:
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        run = running(made, place, "in flight", state="drained")
        made.kill_origin("web02")
        message = run.result()["msg"]
        assert "web/web01 stays in service" in message
        assert "The former state was put back: web/web01 ready." in message
        assert made.balancer.status() == "UP"


@pytest.mark.beside
def test_two_drains_at_once_leave_one_server(place: Path) -> None:
    with scene() as made:
        args = {"state": "drained", "socket": str(made.balancer.admin)}
        runs = [ModuleRun("lb_member", {"member": name, **args}) for name in ("web01", "web02")]
        results = [run.result() for run in runs]
        states = {made.balancer.status("web01"), made.balancer.status("web02")}
        assert any(result.get("failed") for result in results)
        assert "UP" in states, results


@pytest.mark.beside
def test_one_member_in_two_backends_is_all_or_nothing(place: Path) -> None:
    with scene(Farm(more_backends=("admin",))) as made:
        made.balancer.ask("set server admin/web02 state maint")
        assert "admin/web01 stays in service" in refused(made)
        assert (made.balancer.status(), made.balancer.status(backend="admin")) == ("UP", "UP")
        made.balancer.ask("set server admin/web02 state ready")
        made.balancer.wait_status("UP", "web02", backend="admin")
        result = lb_member(state="drained", socket=str(made.balancer.admin))
        assert [member["backend"] for member in result["members"]] == ["web", "admin"]
        assert (made.balancer.status(), made.balancer.status(backend="admin")) == ("MAINT", "MAINT")
        result = lb_member(state="enabled", socket=str(made.balancer.admin), backend="admin")
        assert (made.balancer.status(), made.balancer.status(backend="admin")) == ("MAINT", "UP")
        assert lb_member(state="drained", socket=str(made.balancer.admin))["previous_state"] == "mixed"


@contextlib.contextmanager
def cut_off(made: Scene, path: Path, after: bytes) -> Iterator[None]:
    """A socket that passes answers on, but only the first half of those that hold some bytes."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(8)

    def serve() -> None:
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            with client:
                command = client.makefile("rb").readline().decode().strip()
                answer = made.balancer.ask(command).encode()
                client.sendall(answer[: len(answer) // 2] if after in answer else answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize("after", [b"be_id", b"Pid:", b"# pxname"])
def test_an_answer_that_is_cut_off_is_an_error(untouched: Scene, place: Path, after: bytes) -> None:
    with cut_off(untouched, place / "half", after):
        assert "cut off" in refused(untouched, socket=str(place / "half"))


@pytest.mark.beside
def test_an_old_process_that_cannot_be_counted_is_refused() -> None:
    """Without the master socket it is only known that there is one."""
    with scene() as made, made.users(HELD):
        made.wait_busy(1)
        made.balancer.reload()
        made.balancer.wait_master()
        made.balancer.master.rename(made.directory / "elsewhere.sock")
        message = refused(made)
        assert "its old process" in message
        assert "give master_socket" in message
        assert made.balancer.status() == "UP"
        made.release()
        result = lb_member(state="drained", socket=str(made.balancer.admin), old_workers="ignore")
        assert result.get("state") == "drained", result
