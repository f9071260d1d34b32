# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server as a process: killed, started again, wrongly configured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pyodbc
from lab import net, odbc
from lab.postgres import Cluster
from lab.waiting import LIMIT_S

from .conftest import LabServer

ROOT = Path(__file__).resolve().parents[3]


def start(config: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.sqlserver", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    assert process.stdout is not None and process.stdout.readline() == "READY\n"
    return process


def rows(address: str, sql: str) -> list[Any]:
    string = odbc.connection_string(odbc.MICROSOFT, address, "deploy", "p", "Shop", encrypt=False)
    connection = pyodbc.connect(string, autocommit=True, timeout=60)
    try:
        cursor = connection.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        connection.close()


def test_what_was_committed_outlives_a_kill(server: LabServer, tmp_path: Path) -> None:
    with net.allocate() as where:
        config = tmp_path / "config.json"
        config.write_text(
            json.dumps({"address": where.sqlserver, "state_dir": str(tmp_path / "state"), "logins": {"deploy": "p"}})
        )
        process = start(config)
        try:
            rows(
                where.sqlserver,
                "CREATE TABLE dbo.Kept (Id int IDENTITY, V nvarchar(10)); INSERT dbo.Kept (V) VALUES (N'one')",
            )
            process.send_signal(signal.SIGKILL)
            process.wait(LIMIT_S)
            process = start(config)  # waits for the PostgreSQL that is shutting down
            rows(where.sqlserver, "INSERT dbo.Kept (V) VALUES (N'two')")
            assert rows(where.sqlserver, "SELECT Id, V FROM dbo.Kept ORDER BY Id") == [(1, "one"), (2, "two")]
        finally:
            process.terminate()
            process.wait(LIMIT_S)
            Cluster(tmp_path / "state").destroy()


def test_a_wrong_configuration_is_one_clear_error(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"address": "127.0.0.1", "state_dir": str(tmp_path), "loginz": {}}))
    done = subprocess.run(
        [sys.executable, "-m", "lab.sqlserver", str(config)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        check=False,
    )
    assert done.returncode != 0 and "loginz" in done.stderr


def test_a_private_cluster(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / ("long" * 40))
    try:
        assert cluster.start()
        with psycopg.connect(cluster.dsn) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        process = cluster.process
        assert process is not None and process.poll() is None
        cluster.stop()
        assert cluster.process is None, "a stopped cluster has no process"
        assert not cluster.start()
    finally:
        cluster.destroy()
    assert not cluster.dir.exists()
