# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new rule touches its family file only; a new family touches the list of families too. Nothing else knows a rule."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULE_UTILS = Path(__file__).resolve().parents[3] / "plugins" / "module_utils"
TOY = """

NO_PRINT = FAMILY.rule(
    "no-print",
    "W",
    "a script prints",
    reason="Nobody reads it.",
    instead="leave it out",
)


@FAMILY.on("PRINT")
def no_print(context: Context, unit: Unit) -> None:
    context.report(unit, NO_PRINT, "prints something", advice=Advice("Leave it out."))
"""
HEAD = """from __future__ import annotations

from ..analysis import Unit
from ..findings import Advice
from .family import Context, Family

FAMILY = Family()
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    copy = tmp_path / "plugins" / "module_utils"
    shutil.copytree(MODULE_UTILS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy / "_tsql"


def lint(package: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(package), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout


def check_the_toy(package: Path, tmp_path: Path) -> None:
    script = tmp_path / "0001.sql"
    script.write_text("PRINT N'hello';\n-- lint: allow no-print a good reason\nPRINT N'again';\n", encoding="utf-8")
    found = json.loads(lint(package, "--format", "json", "--severity", "no-print=error", str(script)))
    [finding] = found["findings"]
    assert (finding["rule"], finding["severity"], finding["line"]) == ("no-print", "error", 1)
    assert (finding["message"], finding["reason"]) == ("prints something", "Nobody reads it.")
    [waived] = found["waived"]
    assert (waived["rule"], waived["line"]) == ("no-print", 3)
    assert "no-print" in lint(package, "--rules")
    rules = json.loads(lint(package, "--format", "sarif", str(script)))["runs"][0]["tool"]["driver"]["rules"]
    assert "no-print" in [rule["id"] for rule in rules]


def test_a_rule_in_a_family_that_exists(package: Path, tmp_path: Path) -> None:
    family = package / "rules" / "scripts.py"
    family.write_text(family.read_text(encoding="utf-8") + TOY, encoding="utf-8")
    check_the_toy(package, tmp_path)


def test_a_rule_in_a_family_of_its_own(package: Path, tmp_path: Path) -> None:
    (package / "rules" / "toys.py").write_text(HEAD + TOY, encoding="utf-8")
    families = package / "rules" / "__init__.py"
    text = families.read_text(encoding="utf-8")
    text = text.replace("    triggers,\n", "    toys,\n    triggers,\n")
    text = text.replace("    waivers.FAMILY,\n", "    toys.FAMILY,\n    waivers.FAMILY,\n")
    families.write_text(text, encoding="utf-8")
    check_the_toy(package, tmp_path)
