# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over toy nodes: files on this machine, with the roles in toys/ as node drivers. All around them is real.

Lease, ledger, load balancer and probes are those of the lab. What a toy node runs is a file, what answers the probes is
the lab's web01 or web02, which stays on version 1: so a run takes a fraction of one over WinRM.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from lab import ansible_cli, balancer, net
from lab.stack import Lab

TOYS = Path(__file__).parent / "toys"
MEMBERS = ("web01", "web02")


@dataclass(frozen=True)
class Rollout:
    """How a run over toy nodes ended."""

    returncode: int
    output: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def story(self) -> str:
        return ansible_cli.story(self.output)

    @property
    def outcomes(self) -> dict[str, str]:
        return {node: result["outcome"] for node, result in self.report.get("nodes", {}).items()}


def url(lab: Lab, member: str) -> str:
    return f"http://{lab.nodes[member]}:{net.SITE_PORT}"


def release(directory: Path, expand: str = "") -> Path:
    """Release 2.0.0 of an application `toy`, with one expand script or none."""
    bundle = directory / "release"
    bundle.mkdir()
    web = {"artifact": "web.zip", "sha256": sha256(b"").hexdigest()}
    (bundle / "release.yml").write_text(yaml.safe_dump({"app": "toy", "version": "2.0.0", "web": web}))
    if expand:
        (bundle / "db" / "expand").mkdir(parents=True)
        (bundle / "db" / "expand" / "0001_toy.sql").write_text(expand)
    return bundle


def file_nodes(lab: Lab, directory: Path) -> dict[str, dict[str, Any]]:
    """Two nodes for the driver that replaces, on version 1.0.0, each a server of the lab's load balancer."""
    nodes = {}
    for member in MEMBERS:
        root = directory / member
        root.mkdir()
        for name, text in (("1.0.0", "1.0.0"), ("current", "1.0.0"), ("running", "")):
            (root / name).write_text(text)
        nodes[f"toy-{member}"] = {
            "toy_root": str(root),
            "dotnet_node_driver": "toy_files",
            "dotnet_member": member,
            "dotnet_node_url": url(lab, member),
        }
    return nodes


def slot_node(lab: Lab, directory: Path) -> dict[str, dict[str, Any]]:
    """One node for the driver that swaps: slot a serves 1.0.0 as web01, slot b is idle, web02 in maintenance."""
    root = directory / "node"
    for slot in ("a", "b"):
        (root / slot).mkdir(parents=True)
    (root / "serving").write_text("a")
    (root / "a" / "version").write_text("1.0.0")
    (root / "a" / "running").write_text("")
    balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/web02 state maint")
    slots = {slot: {"member": member, "url": url(lab, member)} for slot, member in zip("ab", MEMBERS)}
    return {
        "toy-node": {
            "toy_root": str(root),
            "toy_members": slots,
            "dotnet_node_driver": "toy_slots",
            "dotnet_node_url": url(lab, "web01"),
        }
    }


def write_inventory(lab: Lab, nodes: dict[str, dict[str, Any]], directory: Path) -> Path:
    """The lab's inventory with toy nodes as web servers."""
    inventory = directory / "inventory"
    (inventory / "group_vars").mkdir(parents=True, exist_ok=True)
    for group in ("all", "lb"):
        link = inventory / "group_vars" / group
        if not link.is_symlink():
            link.symlink_to(lab.inventory / "group_vars" / group)
    common = {
        "dotnet_app": "toy",
        "ansible_connection": "local",
        "dotnet_backend": balancer.BACKEND,
        "dotnet_host_header": net.SITE_HOST,
        "toy_socket": str(lab.admin_socket),
        "toy_sqlserver": str(lab.control_socket("sqlserver")),
    }
    groups = {"web": {"hosts": nodes, "vars": common}, "lb": {"hosts": {"lb01": None}}}
    (inventory / "hosts.yml").write_text(yaml.safe_dump(groups))
    return inventory


def roll_out(
    lab: Lab,
    nodes: dict[str, dict[str, Any]],
    bundle: Path,
    *arguments: str,
    playbook: str = "zero_downtime.dotnet.rolling_deploy",
    **extra_vars: Any,
) -> Rollout:
    """Runs a playbook over the nodes, with the report that it wrote."""
    inventory = write_inventory(lab, nodes, bundle.parent)
    report = bundle.parent / "report.json"
    report.unlink(missing_ok=True)
    wanted = {"dotnet_release": str(bundle), "dotnet_soak_s": 0, "dotnet_report": str(report), **extra_vars}
    environ = {**lab.environment, "ANSIBLE_ROLES_PATH": str(TOYS / "roles"), "ANSIBLE_INVENTORY": str(inventory)}
    done = ansible_cli.run(environ, "ansible-playbook", playbook, *arguments, extra_vars=wanted)
    return Rollout(done.returncode, done.output, json.loads(report.read_text()) if report.exists() else {})


def serve(lab: Lab) -> None:
    """Both servers in rotation, whatever the test before did."""
    for member in MEMBERS:
        balancer.command(lab.admin_socket, f"set server {balancer.BACKEND}/{member} state ready")


def state(directory: Path, member: str) -> tuple[str, bool]:
    """The version that a node of `file_nodes` runs, and whether it runs."""
    root = directory / member
    return (root / "current").read_text(), (root / "running").exists()
