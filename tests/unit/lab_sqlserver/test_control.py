# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control socket: connections cut, the server restarted, held, counted."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pyodbc
import pytest
from lab import odbc
from lab.waiting import LIMIT_S, wait_until

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
    before = server.control(counters=True)["batches"]
    out: list[object] = []
    thread = threading.Thread(target=lambda: out.extend(victim.run("WAITFOR DELAY '00:05:00'")))
    thread.start()
    wait_until(lambda: server.control(counters=True)["batches"] > before)
    assert server.control(cut={"program": "running"})["cut"] == 1
    thread.join(LIMIT_S)
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
    thread.join(LIMIT_S)
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
    """The sample application sends about a hundred statements a second beside everything else on two cores.

    Compared with the same statements in texts that the server has not seen yet: only a cache that does nothing makes
    the two equal, on a slow machine as on a quick one.
    """
    session = connect()
    session.run("DROP TABLE IF EXISTS dbo.Busy; CREATE TABLE dbo.Busy (Id int IDENTITY PRIMARY KEY, V nvarchar(50))")
    cursor = session.connection.cursor()
    long = f"SELECT Id, V FROM dbo.Busy WHERE Id IN ({', '.join(map(str, range(200)))}) AND V = ?"

    def work(comments: Iterable[str]) -> float:
        before = cpu_seconds(server.process.pid)
        for comment in comments:
            cursor.execute(f"{long} -- {comment}", "v").fetchall()
        return cpu_seconds(server.process.pid) - before

    work(["known"])
    known, new = work(["known"] * 100), work(str(number) for number in range(100))
    assert known < new / 2


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
    with socket.create_connection((server.address, 1433), timeout=LIMIT_S) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert connect().value("SELECT 1") == 1
