# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as a person uses them: through Ansible itself, ad hoc and in a playbook over two load balancers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import ansible_cli
from lab.haproxy.balancer import Balancer
from lab.haproxy.farm import Farm
from lab.haproxy.scene import Scene, scene
from lab.haproxy.users import HELD
from lab.waiting import LIMIT_S, wait_until


def environment(made: Scene, place: Path, *, second: Balancer | None = None) -> dict[str, str]:
    """An inventory with the load balancers, as a user writes it: sockets are variables of theirs."""
    lines = [f"lb01 dotnet_lb_socket={made.balancer.admin} dotnet_lb_master_socket={made.balancer.master}"]
    if second is not None:
        lines.append(f"lb02 dotnet_lb_socket={second.tcp} dotnet_lb_master_socket={second.master}")
    inventory = place / "inventory.ini"
    inventory.write_text(
        "\n".join(
            ["[lb]", *lines, "[all:vars]", "ansible_connection=local", f"ansible_python_interpreter={sys.executable}"]
        )
        + "\n"
    )
    return ansible_cli.environment(place / "home", inventory)


def ad_hoc(environ: dict[str, str], args: str, *options: str) -> ansible_cli.Run:
    return ansible_cli.run(environ, "ansible", "lb", "-m", "zero_downtime.dotnet.lb_member", "-a", args, *options)


@pytest.mark.beside
def test_one_line_drains_and_shows_progress(place: Path) -> None:
    with scene() as made:
        environ = environment(made, place)
        with made.users(HELD) as users:
            made.wait_busy(1)
            args = "member=web01 state=drained timeout_s=60"
            log = place / "output"
            with log.open("wb") as output:
                command = ansible_cli.argv("ansible", "lb", "-m", "zero_downtime.dotnet.lb_member", "-a", args)
                run = ansible_cli.start(environ, command, stdout=output, stderr=subprocess.STDOUT)
            shown = re.compile(rb"\[lb01\] web01: .* in flight, oldest ")
            wait_until(lambda: shown.search(log.read_bytes()) or run.poll() is not None, "progress")
            assert run.poll() is None, log.read_text()
            made.release()
            assert run.wait(LIMIT_S) == 0, log.read_text()
            made.kill_origin("web01")
            time.sleep(0.3)
        assert users.tally.failed == 0
        assert made.balancer.status() == "MAINT"
        info = ansible_cli.run(
            environ, "ansible", "lb", "-m", "zero_downtime.dotnet.lb_member_info", "-a", "member=web01"
        )
        members = json.loads(info.output.split("=>", 1)[1])["members"]
        assert [(member["state"], member["in_flight"]) for member in members] == [("drained", 0)]


@pytest.mark.beside
def test_async_and_check_mode(place: Path) -> None:
    with scene() as made:
        environ = environment(made, place)
        run = ad_hoc(environ, "member=web01 state=drained", "--background", "30")
        assert run.returncode != 0
        assert "does not support async" in run.output
        run = ad_hoc(environ, "member=web01 state=drained", "--check", "--diff")
        assert run.returncode == 0
        assert "set web/web01 to drain" in run.output
        assert made.balancer.status() == "UP"


def interrupted(made: Scene, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """ansible in a session of its own, as in a terminal, once the drain has begun."""
    command = ansible_cli.argv(
        "ansible", "lb", "-m", "zero_downtime.dotnet.lb_member", "-a", "member=web01 state=drained timeout_s=60"
    )
    process = ansible_cli.start(
        environ, command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made.balancer.wait_status("DRAIN", timeout_s=LIMIT_S)
    return process


@pytest.mark.beside
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ending_ansible_puts_the_former_state_back(place: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches the whole group; SIGKILL leaves the module without anybody to read its result."""
    with scene() as made:
        environ = environment(made, place)
        with made.users(HELD):
            made.wait_busy(1)
            process = interrupted(made, environ)
            if number is signal.SIGINT:
                os.killpg(process.pid, number)
            else:
                for pid in [process.pid, *(children(process.pid) if number is signal.SIGKILL else [])]:
                    os.kill(pid, number)
            process.wait(LIMIT_S)
            made.balancer.wait_status("UP", timeout_s=LIMIT_S)


def children(parent: int) -> list[int]:
    """Ansible's workers: they die as well, but the modules that they started do not."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


PAIR = """\
- hosts: lb
  gather_facts: false
  tasks:
    - name: Begin on all
      zero_downtime.dotnet.lb_member:
        member: web01
        state: draining
      register: begun
    - name: Wait on all
      zero_downtime.dotnet.lb_member:
        member: web01
        state: drained
        timeout_s: "{{ seconds }}"
        restore_to: "{{ begun.previous_state }}"
"""


@pytest.mark.beside
def test_a_pair_of_load_balancers(place: Path) -> None:
    """Begun on both before either is waited for; at the deadline, each is restored to before the first task."""
    with scene() as made:
        playbook = place / "pair.yml"
        playbook.write_text(PAIR)
        with Balancer(Farm(), made.net, place / "lb02", host=2) as second:
            second.wait_status("UP")
            environ = environment(made, place, second=second)
            with made.users(HELD):
                made.wait_busy(1)
                run = ansible_cli.run(environ, "ansible-playbook", str(playbook), extra_vars={"seconds": 1})
                assert run.returncode != 0, run.output
                assert "The former state was put back: web/web01 ready." in run.output
                assert made.balancer.status() == "UP"
                assert second.status() == "MAINT", "nothing was in flight there: this one has drained"
                made.release()
                run = ansible_cli.run(environ, "ansible-playbook", str(playbook), extra_vars={"seconds": 600})
                assert run.returncode == 0, run.output
            assert (made.balancer.status(), second.status()) == ("MAINT", "MAINT")
            run = ad_hoc(environ, "member=web01 state=enabled")
            assert run.returncode == 0, run.output
            assert (made.balancer.status(), second.status()) == ("UP", "UP")


DELEGATED = """\
- hosts: web01
  gather_facts: false
  tasks:
    - name: Drain
      zero_downtime.dotnet.lb_member:
        member: "{{ inventory_hostname }}"
        state: drained
      delegate_to: lb01
"""


@pytest.mark.beside
def test_a_delegated_task_uses_the_load_balancers_variables(place: Path) -> None:
    with scene() as made:
        playbook = place / "delegated.yml"
        playbook.write_text(DELEGATED)
        environ = environment(made, place)
        with (place / "inventory.ini").open("a") as inventory:
            inventory.write("[web]\nweb01 dotnet_lb_socket=/nonexistent\n")
        run = ansible_cli.run(environ, "ansible-playbook", str(playbook))
        assert run.returncode == 0, run.output
        assert "[web01 -> lb01] web01: 0 in flight" in run.output
        assert made.balancer.status() == "MAINT"
