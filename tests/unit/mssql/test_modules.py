# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as programs, where no server is: what they say to bad input, and what they never say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SECRET = "s3cr3t-Pa55-word"
CLOSED = {
    "login_host": "127.0.0.1",
    "login_port": 1,
    "login_user": "deploy",
    "login_password": SECRET,
    "database": "Shop",
    "driver": "FreeTDS",
    "validate_certs": False,
    "app": "shop",
}
MODULES: dict[str, dict[str, Any]] = {
    "deployment": {"state": "leased", "run_id": "r1"},
    "deployment_info": {},
    "mssql_migration": {"phase": "expand", "path": "."},
    "mssql_migration_info": {},
}


def run(module: str, **arguments: Any) -> tuple[dict[str, Any], str]:
    given = {**CLOSED, **MODULES.get(module, {}), **arguments}
    given = {name: value for name, value in given.items() if value is not None}
    process = subprocess.run(
        [sys.executable, str(ROOT / "plugins" / "modules" / f"{module}.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "collections")},
    )
    return json.loads(process.stdout), process.stdout + process.stderr


@pytest.mark.parametrize("module", MODULES)
def test_without_a_server_there_is_one_sentence_and_no_secret(module: str) -> None:
    result, output = run(module)
    assert result["failed"]
    assert result["msg"].startswith("SQL Server at 127.0.0.1:1 is not reachable (Connection refused)")
    assert "Traceback" not in output
    assert SECRET not in output


@pytest.mark.parametrize("module", MODULES)
def test_a_raw_connection_string_is_a_secret_too(module: str) -> None:
    text = f"Driver=FreeTDS;Server=127.0.0.1;Port=1;UID=deploy;PWD={SECRET}"
    result, output = run(module, dsn=text, login_host=None, login_user=None, login_password=None, login_timeout_s=2)
    assert result["failed"]
    assert SECRET not in output


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("deployment", {"login_host": None}, "login_host or dsn is expected"),
        ("deployment", {"dsn": "x"}, "were both given"),
        ("deployment", {"run_id": None}, "missing: run_id"),
        ("deployment", {"ttl_s": 0}, "ttl_s is 0, 1 to 86400 seconds are expected"),
        ("deployment", {"ttl_s": 2_000_000_000}, "ttl_s is 2000000000, 1 to 86400 seconds are expected"),
        ("deployment", {"app": "x" * 65}, "app has 65 characters, 1 to 64 are expected"),
        ("deployment", {"app": "shop\n"}, "app has the character U+000A, which cannot be seen"),
        ("deployment", {"app": "shop\u200b"}, "app has the character U+200B"),
        ("deployment", {"run_id": "r1 "}, "run_id has a blank at its begin or end"),
        ("deployment_info", {"app": "shop\n"}, "app has the character U+000A"),
        ("mssql_migration", {"app": "shop\n"}, "app has the character U+000A"),
        ("mssql_migration_info", {"app": "shop\n"}, "app has the character U+000A"),
        ("deployment", {"state": "revoked"}, "missing: detail"),
        ("deployment", {"validate_certs": True}, "without encryption behind the login"),
        ("mssql_migration", {"driver": "Nope"}, "'Nope' is not installed; installed are:"),
        ("mssql_migration", {"path": "/nope"}, "/nope does not exist"),
        ("mssql_migration", {"phase": "undo"}, "missing: release"),
        ("mssql_migration", {"action": "adopt"}, "missing: adopt_from"),
        ("mssql_migration", {"retries": -1}, "retries is -1, 0 or more is expected"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_sent(module: str, arguments: dict[str, Any], message: str) -> None:
    result, _output = run(module, **arguments)
    assert result["failed"] and message in result["msg"], result["msg"]


def test_no_value_of_a_variable_is_shown(tmp_path: Path) -> None:
    """Lint quotes what it finds; the other two show their options."""
    (tmp_path / "0001_a.sql").write_text("ALTER TABLE dbo.[$(Place)] DROP COLUMN [$(Name)];", encoding="utf-8")
    variables = {"Place": "Hidden-Table", "Name": "o'hara1"}
    scripts: dict[str, Any] = {"path": str(tmp_path), "variables": variables}
    without_a_server: dict[str, Any] = dict.fromkeys(CLOSED)
    result, output = run("mssql_migration_lint", **{**without_a_server, "phase": "expand", **scripts})
    assert result["failed"]
    assert "$(Place)" in result["report"]
    shown = [output]
    for module in ("mssql_migration", "mssql_migration_info"):
        shown.append(run(module, **scripts)[1])
        assert "$(Place)" in shown[-1]
    for text in shown:
        assert "Hidden-Table" not in text
        assert "hara1" not in text
