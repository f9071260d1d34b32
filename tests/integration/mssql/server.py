# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SQL Server for tests: the lab's, or the one that ZERO_DOWNTIME_TEST_DSN names.

ZERO_DOWNTIME_TEST_DSN is an ODBC connection string with driver, server, database and login. Tests make their own tables
and use application names of their own, so they can run again and again in one database.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyodbc
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.drivers import packaged_driver
from lab import net, pki
from lab.proc import Process, ProcessGroup

ROOT = Path(__file__).resolve().parents[3]
NAME = "sql.lab.test"
DSN = os.environ.get("ZERO_DOWNTIME_TEST_DSN")
DRIVERS = ["dsn"] if DSN else ["microsoft", "freetds"]
DATABASES = ["Shop", "Fresh0", "Fresh1", "Fresh2", "Fresh3", "Least0", "Least1"]
_READY_S = 60.0

pyodbc.pooling = False


def of_the_environment() -> dict[str, Any]:
    """The options for the server that the environment names."""
    found = re.search(r"(?:^|;)\s*(?:Database|Initial Catalog)\s*=\s*([^;{}]+)", DSN or "", re.IGNORECASE)
    assert found, "ZERO_DOWNTIME_TEST_DSN names no database: add Database=..."
    return {"dsn": DSN, "database": found.group(1).strip()}


class ForkServer:
    """Where modules start quickly (fork_server.py); it ends with the tests, because its standard input does."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, module: str, arguments: dict[str, Any], environment: dict[str, str]) -> str:
        """The output of a module that ran to its end."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("fork_server.py")), str(ROOT / "plugins" / "modules")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'build' / 'collections'}"},
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        request = {"module": module, "arguments": arguments, "environment": environment}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))


FORK_SERVER = ForkServer()


def _path(module: str) -> str:
    return str(ROOT / "plugins" / "modules" / f"{module}.py")


def _parsed(output: str) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(output)
    except ValueError:
        raise AssertionError(f"the module gave no result: {output}") from None
    return result


class Server:
    """The lab's SQL Server on a loopback net of its own."""

    def __init__(self, where: net.Net, state: Path) -> None:
        self.where = where
        self.state = state
        self.password = f"Lab-{secrets.token_hex(8)}"
        self.authority = pki.Authority(state / "pki")
        self.other = pki.Authority(state / "other", "another CA")
        self.processes = ProcessGroup(state / "logs")
        self.process: Process
        self.control = Path(f"/tmp/zd-sql-{where.number}.sock")
        names = [NAME, where.sqlserver, where.address(21)]
        certificate = self.authority.issue("sql", names)
        config = {
            "address": where.sqlserver,
            "port": net.SQLSERVER_PORT,
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "state_dir": str(state / "sqlserver"),
            "logins": {
                "deploy": {"password": self.password},
                "least": {"password": self.password, "rights": []},
                "ledger": {"password": self.password, "rights": []},
                "both": {"password": self.password, "rights": []},
                "watcher": {"password": self.password, "rights": ["db_owner", "VIEW SERVER STATE"]},
                "reader": {"password": self.password, "rights": ["db_datareader"]},
            },
            "databases": DATABASES,
            "control": str(self.control),
        }
        self._config = state / "sqlserver.json"
        self._config.write_text(json.dumps(config))

    def start(self) -> None:
        """Also after a stop: what was committed is still there."""
        self.process = self.processes.start(
            "sqlserver",
            [sys.executable, "-m", "lab.sqlserver", self._config],
            env={"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT / "tests")},
        )
        self.process.wait_ready(_READY_S)

    def stop(self) -> None:
        self.processes.stop()

    def options(
        self, driver: str, database: str = "Shop", host: str | None = None, port: int = 1433, user: str = "deploy"
    ) -> dict[str, Any]:
        """The options of the doc fragment for a driver."""
        options: dict[str, Any] = {
            "login_host": host or self.where.sqlserver,
            "login_port": port,
            "login_user": user,
            "login_password": self.password,
            "database": database,
            "ca_path": str(self.authority.ca),
        }
        if driver == "microsoft":
            options |= {"driver": packaged_driver(), "certificate_hostname": NAME}
        else:
            # The consent that FreeTDS needs; with the CA file it still verifies the certificate at the login.
            options |= {"driver": "FreeTDS", "validate_certs": False}
        return options


class Database:
    """One database, as a test uses it: with modules, and with a plain connection beside them."""

    def __init__(self, options: dict[str, Any], name: str) -> None:
        self.options = options
        self.app = name
        """A name for the application and for tables that no other test uses."""
        self._connection: Any = None

    def connect(self) -> Any:
        """A plain session of the application, in autocommit mode."""
        if DSN:
            return pyodbc.connect(DSN, autocommit=True, timeout=15)
        options = self.options
        server = f"Server=tcp:{options['login_host']},{options['login_port']};TrustServerCertificate=yes;Encrypt=yes"
        login = f"Database={options['database']};UID={options['login_user']};PWD={options['login_password']}"
        return pyodbc.connect(f"Driver={packaged_driver()};{server};{login}", autocommit=True, timeout=15)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement that gives some."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor().execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def module(self, module: str, check: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run a module as Ansible does, in a process of its own, and give its result."""
        given, environment = self._given(check, diff, arguments)
        return _parsed(FORK_SERVER.run(_path(module), given, environment))

    def _given(self, check: bool, diff: bool, arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        progress = arguments.pop("progress", None)
        given = {"app": self.app, **self.options, **arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
        return given, {"ZERO_DOWNTIME_PROGRESS": str(progress)} if progress else {}

    def start(self, module: str, check: bool = False, diff: bool = False, **arguments: Any) -> subprocess.Popen[str]:
        """Begin to run a module."""
        given, environment = self._given(check, diff, arguments)
        process = subprocess.Popen(
            [sys.executable, _path(module)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'build' / 'collections'}", **environment},
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def result(process: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for a module's end."""
        output, errors = process.communicate(timeout=240)
        return _parsed(output or errors)

    def migrate(self, path: Path, phase: str = "expand", **arguments: Any) -> dict[str, Any]:
        return self.module("mssql_migration", path=str(path), phase=phase, **arguments)


@contextmanager
def closing(connection: Any) -> Iterator[Any]:
    try:
        yield connection
    finally:
        connection.close()
