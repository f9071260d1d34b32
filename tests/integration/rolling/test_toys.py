# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/architecture.md says is enough to add a node driver or a strategy, is enough.

The toys are files on this machine; lease, ledger, load balancer and probes are real. The drivers are roles with the
task files of roles/web_node/README.md, the strategy is a playbook of stages; nothing else knows them.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab import ansible_cli, balancer, net
from lab.ansible_cli import Run
from lab.stack import Lab

TOYS = Path(__file__).parent / "toys"
BROKEN: list[dict[str, Any]] = [{"path": "/nothing-is-here", "timeout_s": 1}]


@pytest.fixture(name="release")
def _release(tmp_path: Path) -> Path:
    directory = tmp_path / "release"
    directory.mkdir()
    web = {"artifact": "web.zip", "sha256": sha256(b"").hexdigest()}
    (directory / "release.yml").write_text(yaml.safe_dump({"app": "toy", "version": "2.0.0", "web": web}))
    return directory


@pytest.fixture(autouse=True)
def _both_servers_serve(lab: Lab) -> None:
    for member in ("web01", "web02"):
        balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/{member} state ready")


def _url(lab: Lab, member: str) -> str:
    return f"http://{lab.nodes[member]}:{net.SITE_PORT}"


def _play(
    lab: Lab, playbook: str, driver: str, nodes: dict[str, dict[str, Any]], release: Path, **extra_vars: Any
) -> tuple[Run, dict[str, str]]:
    """Runs a playbook over toy nodes; also the outcome of each."""
    inventory = release.parent / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    for group in ("all", "lb"):
        (inventory / "group_vars" / group).symlink_to(lab.inventory / "group_vars" / group)
    common = {
        "ansible_connection": "local",
        "dotnet_node_driver": driver,
        "dotnet_backend": balancer.BACKEND,
        "dotnet_host_header": net.SITE_HOST,
        "toy_socket": str(lab.admin_socket),
    }
    groups = {"web": {"hosts": nodes, "vars": common}, "lb": {"hosts": {"lb01": None}}}
    (inventory / "hosts.yml").write_text(yaml.safe_dump(groups))
    report = release.parent / "report.json"
    report.unlink(missing_ok=True)
    wanted = {"dotnet_release": str(release), "dotnet_soak_s": 0, "dotnet_report": str(report), **extra_vars}
    environ = {**lab.environment, "ANSIBLE_ROLES_PATH": str(TOYS / "roles"), "ANSIBLE_INVENTORY": str(inventory)}
    done = ansible_cli.run(environ, "ansible-playbook", playbook, extra_vars=wanted)
    results = json.loads(report.read_text())["nodes"] if report.exists() else {}
    return done, {node: result["outcome"] for node, result in results.items()}


# -- a driver that replaces, by a strategy that takes the first node alone
def _file_nodes(lab: Lab, tmp_path: Path) -> dict[str, dict[str, Any]]:
    nodes = {}
    for member in ("web01", "web02"):
        root = tmp_path / member
        root.mkdir()
        for name, text in (("1.0.0", "1.0.0"), ("current", "1.0.0"), ("running", "")):
            (root / name).write_text(text)
        nodes[f"toy-{member}"] = {"toy_root": str(root), "dotnet_member": member, "dotnet_node_url": _url(lab, member)}
    return nodes


def _state(root: Path) -> tuple[str, bool]:
    return (root / "current").read_text(), (root / "running").exists()


def _strategy(lab: Lab, tmp_path: Path, release: Path, **extra_vars: Any) -> tuple[Run, dict[str, str]]:
    nodes = _file_nodes(lab, tmp_path)
    return _play(lab, str(TOYS / "strategy.yml"), "toy_files", nodes, release, **extra_vars)


def test_a_driver_that_replaces_and_a_strategy_of_stages(lab: Lab, tmp_path: Path, release: Path) -> None:
    done, outcomes = _strategy(lab, tmp_path, release)
    assert done.returncode == 0, done.story
    assert outcomes == {"toy-web01": "succeeded", "toy-web02": "succeeded"}
    for member in ("web01", "web02"):
        assert _state(tmp_path / member) == ("2.0.0", True)
        at_stop = (tmp_path / member / "at_stop").read_text()
        # Field 6 of `show servers state`: administrative state, 1 is maintenance.
        states = {row.split()[3]: row.split()[6] for row in at_stop.splitlines() if f" {balancer.BACKEND} " in row}
        assert states[member] == "1", at_stop
    assert set(lab.members().values()) == {"UP"}
    first, others = (
        done.output.index(f"TASK [zero_downtime.dotnet.lb_member : Begin to drain {m}]") for m in ("web01", "web02")
    )
    assert "PLAY [Roll out]" in done.output[first:others]


def test_a_driver_that_replaces_rolls_back(lab: Lab, tmp_path: Path, release: Path) -> None:
    done, outcomes = _strategy(lab, tmp_path, release, dotnet_smoke_tests=BROKEN)
    assert done.returncode == 2, done.story
    assert outcomes == {"toy-web01": "rolled_back", "toy-web02": "untouched"}
    assert _state(tmp_path / "web01") == ("1.0.0", True)
    assert set(lab.members().values()) == {"UP"}


# -- a driver that swaps: one node, two slots, two servers in the load balancer
def _slots(lab: Lab, tmp_path: Path) -> dict[str, dict[str, Any]]:
    root = tmp_path / "node"
    for slot in ("a", "b"):
        (root / slot).mkdir(parents=True)
    (root / "serving").write_text("a")
    (root / "a" / "version").write_text("1.0.0")
    (root / "a" / "running").write_text("")
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    slots = {"a": {"member": "web01", "url": _url(lab, "web01")}, "b": {"member": "web02", "url": _url(lab, "web02")}}
    return {
        "toy-node": {
            "toy_root": str(root),
            "toy_members": slots,
            "dotnet_member": "web01",
            "dotnet_node_url": _url(lab, "web01"),
        }
    }


def _swap(lab: Lab, tmp_path: Path, release: Path, **extra_vars: Any) -> tuple[Run, dict[str, str]]:
    nodes = _slots(lab, tmp_path)
    return _play(lab, "zero_downtime.dotnet.rolling_deploy", "toy_slots", nodes, release, **extra_vars)


def test_a_driver_that_swaps(lab: Lab, tmp_path: Path, release: Path) -> None:
    done, outcomes = _swap(lab, tmp_path, release)
    assert done.returncode == 0, done.story
    assert outcomes == {"toy-node": "succeeded"}
    node = tmp_path / "node"
    assert (node / "serving").read_text() == "b"
    assert (node / "b" / "running").exists()
    assert not (node / "a" / "running").exists()
    assert lab.members() == {"web01": "MAINT", "web02": "UP"}


def test_a_driver_that_swaps_rolls_back(lab: Lab, tmp_path: Path, release: Path) -> None:
    done, outcomes = _swap(lab, tmp_path, release, dotnet_smoke_tests=BROKEN)
    assert done.returncode == 2, done.story
    assert outcomes == {"toy-node": "rolled_back"}
    node = tmp_path / "node"
    assert (node / "serving").read_text() == "a"
    assert (node / "a" / "running").exists()
    assert not (node / "b" / "running").exists()
    assert lab.members() == {"web01": "UP", "web02": "MAINT"}
