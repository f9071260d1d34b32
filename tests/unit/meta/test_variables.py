# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of variables, the playbooks, the examples and the survey speak of the same variables."""

from __future__ import annotations

import json
import re

from .conftest import ROOT

# What the playbooks make for themselves; nobody sets it.
INTERNAL = {
    "dotnet_bundle",
    "dotnet_default_release_root",
    "dotnet_mssql",
    "dotnet_unchecked_nodes",
    "dotnet_outcomes",
    "dotnet_rollout_complete",
    "dotnet_rollout_stopped",
    "dotnet_schema_ready",
    "dotnet_expanded",
    "dotnet_serves",
    "dotnet_ledger_failed",
    "dotnet_out_of_rotation",
    "dotnet_deployment",
    "dotnet_to_roll_back",
}


def used_in(*patterns: str) -> set[str]:
    """The variables that files below the root name."""
    found: set[str] = set()
    for pattern in patterns:
        for path in ROOT.glob(pattern):
            found |= set(re.findall(r"\bdotnet_[a-z0-9_]+\b", path.read_text(encoding="utf-8")))
    return found - INTERNAL


def documented() -> set[str]:
    page = (ROOT / "docs/variables.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(dotnet_[a-z0-9_]+)`", row)}


def test_every_variable_of_the_playbooks_is_documented_and_no_other() -> None:
    used = used_in(
        "playbooks/**/*.yml",
        "roles/variables/vars/main.yml",
        "roles/*/tasks/*.yml",
        "plugins/action/*.py",
        "plugins/plugin_utils/**/*.py",
        "plugins/module_utils/_load_balancer/*/provider.py",
    )
    assert used - documented() == set()
    assert documented() - used == set()


def test_the_examples_and_pages_use_no_unknown_variable() -> None:
    named = used_in("examples/*.yml", "examples/inventory/**/*.yml", "README.md", "docs/*.md")
    assert named - documented() == set()


def test_the_survey_asks_for_known_variables() -> None:
    survey = json.loads((ROOT / "examples/awx_survey.json").read_text(encoding="utf-8"))
    asked = {question["variable"] for question in survey["spec"]}
    assert asked
    assert asked <= documented()
