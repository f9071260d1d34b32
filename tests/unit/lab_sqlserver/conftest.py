# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulated SQL Server for all tests of this directory, and both ODBC drivers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lab import net, odbc, pki
from lab.sqlserver import control

NAME = "sql.lab.test"
LOGINS: dict[str, dict[str, Any]] = {
    "sa": {"password": "Sa-password}1"},
    "deploy": {"password": "deploy-password", "rights": ["db_owner"]},
    "shop": {"password": "shop-password", "rights": ["db_datareader", "db_datawriter", "EXECUTE"]},
    "nobody": {"password": "nobody-password", "rights": []},
    "outsider": {"password": "outsider-password", "databases": {}},
}


@dataclass
class LabServer:
    """Where the server is and how to reach it."""

    address: str
    state: Path
    ca: Path
    other_ca: Path
    process: subprocess.Popen[str]
    opened: list[Any] = field(default_factory=list)

    @property
    def control_path(self) -> Path:
        return self.state / "control.sock"

    def control(self, **request: Any) -> dict[str, Any]:
        return control.send(self.control_path, request)

    def string(self, driver: str, user: str = "deploy", database: str = "Shop", **more: Any) -> str:
        password = more.pop("password", None) or LOGINS[user]["password"]
        if driver == odbc.MICROSOFT:
            more.setdefault("extra", f"HostnameInCertificate={NAME}")
        return odbc.connection_string(driver, self.address, user, str(password), database, verified=True, **more)

    def connect(
        self, driver: str = odbc.MICROSOFT, user: str = "deploy", database: str = "Shop", **more: Any
    ) -> Session:
        import pyodbc

        autocommit = more.pop("autocommit", True)
        connection = pyodbc.connect(self.string(driver, user, database, **more), autocommit=autocommit, timeout=60)
        self.opened.append(connection)
        return Session(connection)


class Session:
    """A connection with a `run` that gives everything a batch answers."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, sql: str, *parameters: Any) -> list[Any]:
        """Result sets as lists of tuples, row counts, ("print", text) and, at the end, ("error", number, text)."""
        import pyodbc

        out: list[Any] = []
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, *parameters)
            while True:
                out += [("print", text.rpartition("]")[2]) for _unused, text in cursor.messages]
                if cursor.description:
                    out.append([tuple(row) for row in cursor.fetchall()])
                elif cursor.rowcount > 0:
                    out.append(cursor.rowcount)
                if not cursor.nextset():
                    return out
        except pyodbc.Error as error:
            out.append(("error", number_of(error), str(error.args[1])))
            return out

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The only result set of a batch that does not fail."""
        sets = [part for part in self.run(sql, *parameters) if not isinstance(part, int)]
        assert len(sets) == 1 and isinstance(sets[0], list), sets
        return sets[0]

    def value(self, sql: str, *parameters: Any) -> Any:
        ((value,),) = self.rows(sql, *parameters)
        return value

    def error(self, sql: str, *parameters: Any) -> int:
        """The number of the error that a batch ends with; 0 when it does not fail."""
        out = self.run(sql, *parameters)
        return int(out[-1][1]) if out and isinstance(out[-1], tuple) and out[-1][0] == "error" else 0

    def close(self) -> None:
        self.connection.close()


def number_of(error: Exception) -> int:
    """The server's error number in an ODBC message; -1 for one of the driver's own."""
    found = re.findall(r"\((\d+)\) \(SQL", str(error.args[1]) if len(error.args) > 1 else str(error))
    return int(found[-1]) if found else -1


@pytest.fixture(scope="session", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    state = tmp_path_factory.mktemp("sqlserver")
    root = Path(__file__).resolve().parents[3]
    with net.allocate() as where:
        authority = pki.Authority(state / "pki")
        certificate = authority.issue("sql", [NAME, where.sqlserver])
        other = pki.Authority(state / "other", "another authority").ca
        config = {
            "address": where.sqlserver,
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "state_dir": str(state / "cluster"),
            "logins": LOGINS,
            "databases": ["Shop", "Other"],
            "control": str(state / "control.sock"),
            "log": str(state / "log"),
        }
        (state / "config.json").write_text(json.dumps(config), encoding="utf-8")
        before = dict(os.environ)
        odbc.activate(state / "odbc", authority.ca, where.sqlserver)
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.sqlserver", str(state / "config.json")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root / "tests")},
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "READY\n"
            import pyodbc

            pyodbc.pooling = False
            yield LabServer(where.sqlserver, state, authority.ca, other, process)
        finally:
            process.terminate()
            process.wait(20)
            os.environ.clear()
            os.environ.update(before)
    log = (state / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log, log[-3000:]


@pytest.fixture(params=odbc.NAMES, ids=["microsoft", "freetds"], name="driver")
def _driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="connect")
def _connect(server: LabServer) -> Iterator[Callable[..., Session]]:
    """Connections that end with the test."""
    yield server.connect
    import pyodbc

    while server.opened:
        with contextlib.suppress(pyodbc.ProgrammingError):  # the test has closed it
            server.opened.pop().close()


@pytest.fixture(name="db")
def _db(connect: Callable[..., Session]) -> Session:
    """A session of `deploy` with Microsoft's driver."""
    return connect()


@pytest.fixture(name="either")
def _either(connect: Callable[..., Session], driver: str) -> Session:
    """A session of `deploy` with each driver in turn."""
    return connect(driver)
