# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control socket: connections cut, the server restarted, held, counted."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyodbc
import pytest
from lab import odbc

from .conftest import LabServer, Session


def test_cut_by_program(server: LabServer, connect: Callable[..., Session]) -> None:
    victim, other = connect(app="victim"), connect(app="other")
    victim.run("DROP TABLE IF EXISTS dbo.Cut; CREATE TABLE dbo.Cut (A int)")
    victim.run("BEGIN TRAN; INSERT dbo.Cut VALUES (1)")
    assert server.control(cut={"program": "victim"})["cut"] == 1
    assert victim.run("SELECT 1")[-1][0] == "error"
    assert other.value("SELECT COUNT(*) FROM dbo.Cut") == 0
    assert other.error("SET LOCK_TIMEOUT 2000; ALTER TABLE dbo.Cut ADD B int NULL") == 0  # its locks are gone


def test_cut_while_a_statement_runs(server: LabServer, connect: Callable[..., Session]) -> None:
    victim = connect(app="running")
    out: list[object] = []
    thread = threading.Thread(target=lambda: out.extend(victim.run("WAITFOR DELAY '00:00:30'")))
    thread.start()
    time.sleep(0.3)
    assert server.control(cut={"program": "running"})["cut"] == 1
    thread.join(5)
    assert not thread.is_alive() and out


def test_restart(server: LabServer, connect: Callable[..., Session], driver: str) -> None:
    before = connect(driver)
    before.run("DROP TABLE IF EXISTS dbo.Kept; CREATE TABLE dbo.Kept (A int); INSERT dbo.Kept VALUES (1)")
    before.run("BEGIN TRAN; INSERT dbo.Kept VALUES (2)")
    server.control(restart=0.1)
    assert before.run("SELECT 1")[-1][0] == "error"
    assert connect(driver).value("SELECT COUNT(*) FROM dbo.Kept") == 1


def test_hold_and_counters(server: LabServer, connect: Callable[..., Session]) -> None:
    session = connect(app="counted")
    first = server.control(counters=True)
    session.run("SELECT 1")
    session.run("SELECT ?", 1)
    second = server.control(counters=True)
    assert second["batches"] - first["batches"] == 2
    mine = [s for s in second["sessions"] if s["program"] == "counted"]
    assert len(mine) == 1 and mine[0]["database"] == "Shop" and mine[0]["login"] == "deploy"
    server.control(hold=True)
    session.connection.timeout = 1
    out: list[object] = []
    thread = threading.Thread(target=lambda: out.extend(session.run("SELECT 1")))
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    server.control(hold=False)
    thread.join(5)
    assert not thread.is_alive()


def test_bad_requests(server: LabServer) -> None:
    with pytest.raises(RuntimeError, match="unknown command"):
        server.control(nonsense=1)
    with pytest.raises(RuntimeError, match="does not exist"):
        server.control(read_only={"database": "Nope", "on": True})


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_cached_statement_is_cheap(server: LabServer, connect: Callable[..., Session]) -> None:
    """The sample application sends about a hundred statements a second beside everything else on two cores."""
    session = connect()
    session.run(
        "DROP TABLE IF EXISTS dbo.Busy; CREATE TABLE dbo.Busy (Id int IDENTITY PRIMARY KEY, V nvarchar(50), W nvarchar(200))"
    )
    session.run(
        "CREATE OR ALTER PROCEDURE dbo.BusyList AS BEGIN SET NOCOUNT ON; SELECT TOP (20) Id, V FROM dbo.Busy ORDER BY Id DESC END"
    )
    cursor = session.connection.cursor()

    def work(count: int) -> None:
        for i in range(count):
            cursor.execute("INSERT INTO dbo.Busy (V, W) VALUES (?, ?)", str(i), "w")
            cursor.execute("SELECT Id, V FROM dbo.Busy WHERE Id = ?", i).fetchall()
            cursor.execute("EXEC dbo.BusyList").fetchall()

    work(10)
    before = cpu_seconds(server.process.pid)
    work(200)
    assert (cpu_seconds(server.process.pid) - before) / 600 < 0.0015


def test_many_connections(connect: Callable[..., Session]) -> None:
    sessions = [connect(odbc.NAMES[i % 2]) for i in range(30)]
    assert len({s.value("SELECT @@SPID") for s in sessions}) == 30


def test_integrated_login_is_refused(server: LabServer) -> None:
    with pytest.raises(pyodbc.Error):
        pyodbc.connect(
            f"Driver={{{odbc.MICROSOFT}}};Server={server.address};Trusted_Connection=yes;Encrypt=yes;TrustServerCertificate=yes",
            timeout=5,
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x12\x01\x00\x08\x00\x00\x01\x00",
        b"\x12\x01\xff\xff" + b"\xff" * 65531,
        b"\0" * 8,
    ],
)
def test_what_is_no_tds_ends_the_connection(server: LabServer, connect: Callable[..., Session], data: bytes) -> None:
    with socket.create_connection((server.address, 1433), timeout=5) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert connect().value("SELECT 1") == 1
