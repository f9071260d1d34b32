# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules through Ansible itself: module defaults of the group, live progress, and secrets that stay secret."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.mssql.server import DRIVERS, Database
from lab import ansible_cli


def play(database: Database, tmp_path: Path, tasks: list[dict[str, Any]], *flags: str) -> ansible_cli.Run:
    """Run tasks on localhost; the password comes from a file, as it would from a vault."""
    secrets = tmp_path / "secrets.yml"
    secrets.write_text(yaml.safe_dump({"password": database.options.get("login_password", "")}))
    secrets.chmod(0o600)
    options = (
        {**database.options, "login_password": "{{ password }}"} if "dsn" not in database.options else database.options
    )
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "vars_files": [str(secrets)],
                    "module_defaults": {"group/zero_downtime.dotnet.mssql": options},
                    "tasks": tasks,
                }
            ]
        )
    )
    inventory = tmp_path / "hosts.yml"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": host}}}))
    environ = ansible_cli.environment(tmp_path / "home", inventory)
    return ansible_cli.run(environ, "ansible-playbook", str(playbook), *flags)


@pytest.mark.parametrize("driver", DRIVERS[:1])
def test_progress_is_live_defaults_are_taken_and_no_secret_is_seen(database: Database, tmp_path: Path) -> None:
    (tmp_path / "db" / "expand").mkdir(parents=True)
    (tmp_path / "db" / "expand" / "1_first.sql").write_text(f"CREATE TABLE dbo.{database.app} (id INT NOT NULL);")
    migrate = {"app": database.app, "release": "1", "phase": "expand", "path": str(tmp_path / "db")}
    tasks: list[dict[str, Any]] = [
        {"zero_downtime.dotnet.deployment": {"app": database.app, "run_id": "r1", "state": "leased"}},
        {"zero_downtime.dotnet.mssql_migration": migrate, "register": "done"},
        {"ansible.builtin.debug": {"var": "done"}},
        {"zero_downtime.dotnet.mssql_migration": {**migrate, "path": "/nope"}, "ignore_errors": True},
        {"zero_downtime.dotnet.mssql_migration_info": {"app": database.app}},
        {"zero_downtime.dotnet.deployment_info": {"app": database.app}},
    ]
    for flags in (["--check", "--diff", "-vvv"], ["--diff", "-vvv"]):
        ran = play(database, tmp_path, tasks, *flags)
        assert ran.returncode == 0, ran.story
        secret = database.options.get("login_password") or database.options["dsn"]
        assert secret not in ran.output
        assert json.dumps(secret)[1:-1] not in ran.output
    assert "1 of 1: expand/1_first.sql" in ran.output
    assert f"CREATE TABLE dbo.{database.app}" in ran.output


@pytest.mark.parametrize("driver", DRIVERS[:1])
def test_on_the_controller_a_module_costs_no_process(database: Database, tmp_path: Path) -> None:
    """Its twin asks for a process, by an environment of the task's own, and says the same."""
    task = {"zero_downtime.dotnet.deployment_info": {"app": database.app}, "register": "found"}
    show = {"ansible.builtin.debug": {"msg": "exists={{ found.exists }}"}}
    for added, needs_process in (({}, False), ({"environment": {"ONE": "1"}}, True)):
        ran = play(database, tmp_path, [{**task, **added}, show], "-vvv")
        assert ran.returncode == 0, ran.story
        assert "exists=" in ran.output
        assert ("> EXEC " in ran.output) == needs_process, ran.story
