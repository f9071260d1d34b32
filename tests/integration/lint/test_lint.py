# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linter as a task: run by Ansible, and with the live schema of the lab's SQL Server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.mssql.server import Database, closing

ROOT = Path(__file__).resolve().parents[3]
MODULE = "zero_downtime.dotnet.mssql_migration_lint"


def ansible(tmp_path: Path, *extra: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run the task by ansible-playbook, as AWX does."""
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Lint", MODULE: arguments}]}]
    file = tmp_path / "play.yml"
    file.write_text(json.dumps(play), encoding="utf-8")
    return subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(file), *extra],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        timeout=120,
    )


def script(tmp_path: Path, text: str, name: str = "0001.sql") -> Path:
    directory = tmp_path / "expand"
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text, encoding="utf-8")
    return directory


def test_findings_can_be_read_in_a_terminal(tmp_path: Path) -> None:
    path = script(tmp_path, "PRINT N'a';\nGO\nALTER TABLE dbo.Things DROP COLUMN Colour;\n")
    done = ansible(tmp_path, path=str(path), phase="expand")
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert f"  {path}/0001.sql:3:36: error: drops column Colour of dbo.Things [drop-column]" in lines
    assert "      ALTER TABLE dbo.Things DROP COLUMN Colour;" in lines
    assert "      " + " " * 35 + "^~~~~~" in lines
    assert any(line.strip().startswith("instead: Move this statement into a contract script") for line in lines)
    assert "The expand scripts are refused" in done.stdout + done.stderr
    assert "allow drop-column <reason>" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_clean_script_says_nothing(tmp_path: Path) -> None:
    path = script(tmp_path, "ALTER TABLE dbo.Things ADD Colour nvarchar(30) NULL;\n")
    done = ansible(tmp_path, path=str(path), phase="expand")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    assert "passed:" not in done.stdout


def test_check_mode_is_the_same(tmp_path: Path) -> None:
    path = script(tmp_path, "DROP TABLE dbo.Things;\n")
    assert ansible(tmp_path, "--check", "--diff", path=str(path), phase="expand").returncode == 2
    assert ansible(tmp_path, "--check", path=str(path), phase="contract").returncode == 0


def test_fail_can_be_left_to_the_playbook(tmp_path: Path) -> None:
    path = script(tmp_path, "DROP TABLE dbo.Things;\n")
    result = module(path=str(path), phase="expand", fail=False)
    assert "failed" not in result
    assert (result["refused"], result["changed"], result["counts"]["errors"]) == (True, False, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "/nowhere/at/all", "phase": "expand"}, "/nowhere/at/all does not exist"),
        ({"path": "/", "phase": "middle"}, "value of phase must be one of"),
        ({"path": "{here}", "phase": "expand", "severities": {"drop-tabel": "off"}}, "There is no rule drop-tabel"),
        ({"path": "{here}", "phase": "expand", "supported": ["/nowhere"]}, "/nowhere"),
        ({"path": "{here}", "phase": "expand", "live": True}, "database is missing"),
    ],
)
def test_bad_input(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    here = script(tmp_path, "PRINT N'a';")
    given = {key: str(here) if value == "{here}" else value for key, value in arguments.items()}
    result = module(**given)
    assert result["failed"] is True
    assert message in result["msg"]
    assert "exception" not in result


def module(**arguments: Any) -> dict[str, Any]:
    """Run the module in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "plugins" / "modules" / "mssql_migration_lint.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "collections")},
        timeout=120,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def lint(database: Database, path: Path, phase: str = "expand", **arguments: Any) -> dict[str, Any]:
    return module(**{**database.options, "path": str(path), "phase": phase, "live": True, "fail": False, **arguments})


def rules(result: dict[str, Any]) -> dict[str, str]:
    return {finding["rule"]: finding["severity"] for finding in result["findings"]}


def test_the_live_schema_is_read(database: Database, tmp_path: Path) -> None:
    table = f"Things_{database.app}"
    with closing(database.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE dbo.{table} (Id int NOT NULL, Name nvarchar(100) NOT NULL)")
        cursor.execute(f"INSERT INTO dbo.{table} (Id, Name) VALUES (1, N'a')")
        cursor.execute(f"CREATE PROCEDURE dbo.spAdd_{table} @id int AS INSERT INTO dbo.{table} VALUES (@id, N'x')")

    result = lint(database, script(tmp_path, f"ALTER TABLE dbo.{table} ADD Colour nvarchar(30) NULL;"))
    assert result["live"] is True
    assert rules(result) == {"positional-use": "error"}
    assert f"spAdd_{table}" in result["findings"][0]["message"]
    assert result["findings"][0]["table_rows"] == 1

    result = lint(database, script(tmp_path, f"ALTER TABLE dbo.{table} ALTER COLUMN Name nvarchar(200) NOT NULL;"))
    assert rules(result) == {}
    result = lint(database, script(tmp_path, f"ALTER TABLE dbo.{table} ALTER COLUMN Name nvarchar(50) NOT NULL;"))
    assert rules(result) == {"alter-type": "error"}

    result = lint(database, script(tmp_path, f"CREATE OR ALTER PROCEDURE dbo.spAdd_{table} AS SELECT 1 AS One;"))
    assert rules(result) == {"alter-module": "error"}
    result = lint(database, script(tmp_path, f"CREATE OR ALTER PROCEDURE dbo.spAdd_{table}_2 AS SELECT 1 AS One;"))
    assert rules(result) == {}


def test_what_the_journal_has_as_applied_is_not_checked_again(database: Database, tmp_path: Path) -> None:
    name = f"spNew_{database.app}"
    path = script(tmp_path, f"CREATE OR ALTER PROCEDURE dbo.{name} AS SELECT 1 AS One;\n")
    first = lint(database, path, app=database.app)
    assert (first["refused"], first["applied"]) == (False, [])
    assert "failed" not in database.migrate(tmp_path)
    again = lint(database, path, app=database.app)
    assert (again["refused"], again["applied"]) == (False, [f"{path}/0001.sql"])
    script(tmp_path, f"CREATE OR ALTER PROCEDURE dbo.{name} AS SELECT 2 AS Two;\n", "0002.sql")
    assert rules(lint(database, path, app=database.app)) == {"alter-module": "error"}


def test_a_wrong_password_is_one_sentence_without_the_password(database: Database, tmp_path: Path) -> None:
    if "login_password" not in database.options:
        pytest.skip("the server of the environment has a connection string of its own")
    database.options["login_password"] = "not-the-password-9f3a"
    result = lint(database, script(tmp_path, "PRINT N'a';"))
    assert result["failed"] is True
    assert "refused the login" in result["msg"]
    assert "not-the-password-9f3a" not in json.dumps(
        {key: value for key, value in result.items() if key != "invocation"}
    )
