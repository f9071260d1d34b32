# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of a module that is an action plugin equals its argument spec: no other check compares them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from .conftest import ROOT

PLUGINS = "ansible_collections.zero_downtime.dotnet.plugins.action"
COMPARED = {"type": "str", "required": False, "default": None, "elements": None}


def action_specs() -> dict[str, dict[str, Any]]:
    """Argument specs by name, of the action plugins that have one."""
    found = {}
    for path in sorted(Path(ROOT / "plugins/action").glob("*.py")):
        plugin = importlib.import_module(f"{PLUGINS}.{path.stem}").ActionModule
        if hasattr(plugin, "ARGUMENT_SPEC"):
            found[path.stem] = plugin.ARGUMENT_SPEC
    return found


def differences(documented: dict[str, Any], spec: dict[str, Any], at: str) -> list[str]:
    """How documented options differ from an argument spec, one sentence each."""
    found = [f"{at}{name} is documented and not in the spec" for name in sorted(documented.keys() - spec.keys())]
    found += [f"{at}{name} is in the spec and not documented" for name in sorted(spec.keys() - documented.keys())]
    for name in sorted(documented.keys() & spec.keys()):
        said, real = documented[name], spec[name]
        for key, usual in COMPARED.items():
            if said.get(key, usual) != real.get(key, usual):
                found.append(
                    f"{at}{name}: {key} is documented as {said.get(key, usual)!r}, but it is {real.get(key, usual)!r}"
                )
        for key in ("choices", "aliases"):
            choices = said.get(key) or []
            if sorted(choices) != sorted(real.get(key) or []):
                found.append(f"{at}{name}: {key} are documented as {list(choices)}, but they are {real.get(key)}")
        found += differences(said.get("suboptions") or {}, real.get("options") or {}, f"{at}{name}.")
    return found


def test_documentation_equals_the_argument_spec(documentation: dict[str, Any]) -> None:
    specs = action_specs()
    assert {name for name in documentation if name.startswith("iis_")} <= specs.keys()
    for name, spec in specs.items():
        assert differences(documentation[name]["doc"]["options"], spec, f"{name}.") == []


def test_the_comparison_sees_each_kind_of_difference() -> None:
    spec = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["a", "b"], "default": "a"},
        "files": {"type": "list", "elements": "dict", "options": {"path": {"type": "path"}}},
    }
    same: dict[str, dict[str, Any]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["b", "a"], "default": "a"},
        "files": {"type": "list", "elements": "dict", "suboptions": {"path": {"type": "path"}}},
    }
    assert differences(same, spec, "") == []
    for option, key, value in (
        ("name", "required", False),
        ("name", "type", "path"),
        ("state", "default", "b"),
        ("state", "choices", ["a"]),
        ("files", "elements", "str"),
        ("files", "suboptions", {}),
        ("name", "aliases", ["pool"]),
    ):
        changed = {**same, option: {**same[option], key: value}}
        assert len(differences(changed, spec, "")) == 1, (option, key)
    assert differences({}, {"name": {}}, "") == ["name is in the spec and not documented"]
    assert differences({"name": {}}, {}, "") == ["name is documented and not in the spec"]
