# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible inventory of a lab, written as a user would write the one of his own servers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Inventory:
    """hosts.yml plus group_vars, secrets in files of their own with mode 600."""

    nodes: Mapping[str, str]
    """Name of each web node and its address."""
    all_vars: Mapping[str, Any] = field(default_factory=dict)
    web_vars: Mapping[str, Any] = field(default_factory=dict)
    lb_vars: Mapping[str, Any] = field(default_factory=dict)
    all_secrets: Mapping[str, Any] = field(default_factory=dict)
    web_secrets: Mapping[str, Any] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        hosts = {
            "web": {"hosts": {name: {"ansible_host": address} for name, address in self.nodes.items()}},
            "lb": {"hosts": {"lb01": None}},
        }
        directory.mkdir(parents=True, exist_ok=True)
        _write_yaml(directory / "hosts.yml", {"all": {"children": hosts}})
        _write_yaml(directory / "group_vars" / "all" / "main.yml", self.all_vars)
        _write_yaml(directory / "group_vars" / "all" / "secrets.yml", self.all_secrets, mode=0o600)
        _write_yaml(directory / "group_vars" / "web" / "main.yml", self.web_vars)
        _write_yaml(directory / "group_vars" / "web" / "secrets.yml", self.web_secrets, mode=0o600)
        _write_yaml(directory / "group_vars" / "lb" / "main.yml", self.lb_vars)


def _write_yaml(path: Path, content: Mapping[str, Any], mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        # By way of JSON, so that no alias and no Python object can appear in the file.
        file.write("---\n" + yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False, width=200))
