# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows for public CI: what they call is there, what they promise is in them."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from .conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FILES = re.compile(r"(?:scripts|tests|build/venv/bin|\.github)/[A-Za-z0-9_./-]*")
MAKE = re.compile(r"^\s*make ([a-z-]+)", re.MULTILINE)
BASH = {"bash", "wsl-bash {0}"}


def load(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


def shell_of(path: Path, step: dict[str, Any]) -> str:
    """Bash is the shell of the Linux runners."""
    [job] = [job for job in load(path)["jobs"].values() if step in job["steps"]]
    return str(step.get("shell", "pwsh" if "windows" in job["runs-on"] else "bash"))


def missing(text: str) -> list[str]:
    """What the commands of a step name that is not there."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    found = [f"make {name}" for name in MAKE.findall(text) if name not in targets]
    return found + [name for name in FILES.findall(text) if not (ROOT / name).exists()]


def test_there_are_four() -> None:
    assert [path.name for path in WORKFLOWS] == ["audit.yml", "ci.yml", "sqlserver.yml", "windows-iis.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_each_says_that_it_has_not_run_and_what_it_calls_is_there(path: Path) -> None:
    assert re.search(r"^# .*has not run yet", path.read_text(encoding="utf-8"), re.MULTILINE)
    runs = [step["run"] for step in steps(path) if "run" in step]
    assert runs
    assert [one for text in runs for one in missing(text)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_each_has_the_least_rights_an_end_and_pinned_actions(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(0 < job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", step["uses"]), step
        else:
            assert step["name"], step


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_each_bash_step_is_bash(path: Path) -> None:
    checked = 0
    for step in steps(path):
        if "run" in step and shell_of(path, step) in BASH:
            done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            checked += 1
    assert checked


def test_no_container_image_is_named_with_a_registry() -> None:
    for path in WORKFLOWS:
        for image in re.findall(r"(?:image:|docker run .*?|docker pull) ?([\w.-]+\.[a-z]+/\S+)", path.read_text()):
            pytest.fail(f"{path.name}: {image}")


def test_the_first_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^make test\b.*$", readme, re.MULTILINE)
    assert command in [step.get("run") for step in steps(ROOT / ".github/workflows/ci.yml")]


@pytest.mark.parametrize(
    ("name", "tests", "variable"),
    [
        ("sqlserver.yml", "tests/integration/mssql", "ZERO_DOWNTIME_TEST_DSN"),
        ("windows-iis.yml", "tests/integration/iis", "ZERO_DOWNTIME_TEST_INVENTORY"),
    ],
)
def test_the_others_run_tests_unchanged_against_a_real_server(name: str, tests: str, variable: str) -> None:
    commands = "\n".join(str(step.get("run", "")) for step in steps(ROOT / ".github/workflows" / name))
    assert f"scripts/pytest {tests}" in commands
    assert f"{variable}=" in commands
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / tests).glob("*.py"))
    assert variable in sources


def test_the_inventory_of_the_windows_workflow_is_one() -> None:
    """The shell writes it; the variables in it are filled in here."""
    [step] = [
        step
        for step in steps(ROOT / ".github/workflows/windows-iis.yml")
        if "cat > ~/inventory.yml" in step.get("run", "")
    ]
    text = step["run"].partition("<< END\n")[2].rpartition("\nEND")[0]
    inventory = yaml.safe_load(re.sub(r"\$[A-Z_]+", "x", text))
    [host] = inventory["all"]["children"]["web"]["hosts"].values()
    assert host["ansible_connection"] == "winrm"
    known = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/integration/iis").glob("*.py"))
    assert [name for name in host if name.startswith("zero_downtime_test_") and name not in known] == []


def test_what_is_not_there_is_found() -> None:
    text = "make coffee\nscripts/none tests/integration/mssql\nscripts/pytest tests/none"
    assert missing(text) == ["make coffee", "scripts/none", "tests/none"]


# -- the database for the tests


@pytest.fixture(name="scratch")
def _scratch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scratch_database", ROOT / "scripts/_scratch_database.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_database_is_split_off(scratch: ModuleType) -> None:
    dsn = "Driver={ODBC Driver 18 for SQL Server};Server=tcp:127.0.0.1,1433;Database=Scratch;UID=sa;PWD={a;b}"
    assert scratch.split(dsn) == (dsn.replace("=Scratch", "=master"), "Scratch")
    with pytest.raises(ValueError, match="names no database"):
        scratch.split("Driver=x;Server=y")


def test_names_are_quoted(scratch: ModuleType) -> None:
    assert scratch.create_statement("a]'b") == "IF DB_ID(N'a]''b') IS NULL CREATE DATABASE [a]]'b]"


def test_no_database_is_said(
    scratch: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(scratch.VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["scratch"])
    assert scratch.main() == 2
    assert "names no database" in capsys.readouterr().err
