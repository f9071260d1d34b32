# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when everything goes wrong, while the application writes.

Afterwards a rerun ends with every transactional script applied exactly once, journal and schema agreeing, and all the
application's acknowledged writes in the database.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyodbc
import pytest
from integration.mssql.proxy import Proxy
from integration.mssql.server import Database, Server, closing
from lab.waiting import LIMIT_S, wait_until

Write = Callable[[str, "str | bytes"], None]

SCRIPTS = 20
STRIDE = 1 if os.environ.get("ZERO_DOWNTIME_TEST_EVERY_STEP") else 7


class Application:
    """Writes numbered rows as long as it lives, and remembers which of them were acknowledged."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.table = f"dbo.{database.app}_app"
        self.acknowledged: set[int] = set()
        self.errors: list[str] = []
        self._stop = threading.Event()
        database.query(
            f"CREATE TABLE {self.table} (id INT NOT NULL CONSTRAINT pk_{database.app}_app PRIMARY KEY, v INT NULL);"
        )
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Application:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _write(self) -> None:
        connection: Any = None
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                if connection is None:
                    connection = self.database.connect()
                connection.execute(f"INSERT {self.table} (id) VALUES ({number});")
                self.acknowledged.add(number)
            except pyodbc.Error as error:
                self.errors.append(str(error))
                if connection is not None:
                    connection.close()
                connection = None
            time.sleep(0.01)
        if connection is not None:
            connection.close()

    def all_there(self) -> None:
        found = {int(row[0]) for row in self.database.query(f"SELECT id FROM {self.table};")}
        assert self.acknowledged, "the application wrote nothing"
        assert self.acknowledged <= found


@pytest.fixture
def application(database: Database) -> Iterator[Application]:
    application = Application(database)
    with application:
        yield application
    application.all_there()


def twenty(database: Database, write: Write, app: str) -> None:
    """Each script leaves one row, and the first a table: a script that ran twice, or half, is seen."""
    write("expand/001.sql", f"CREATE TABLE dbo.{app}_log (n INT NOT NULL);\nGO\nINSERT dbo.{app}_log (n) VALUES (1);\n")
    for number in range(2, SCRIPTS + 1):
        write(f"expand/{number:03}.sql", f"INSERT dbo.{app}_log (n) VALUES ({number});\n")


def agree(database: Database, app: str, ended: bool) -> None:
    """Journal and schema say the same, and no script ran twice."""
    applied = [
        int(name.removesuffix(".sql"))
        for (name,) in database.query(
            f"SELECT script FROM deploy.migration_journal WHERE app = N'{app}' AND state = N'applied' ORDER BY id;"
        )
    ]
    log: list[int] = []
    if database.query(f"SELECT OBJECT_ID(N'dbo.{app}_log')")[0][0] is not None:
        log = sorted(int(row[0]) for row in database.query(f"SELECT n FROM dbo.{app}_log;"))
    assert applied == log
    if ended:
        assert applied == list(range(1, SCRIPTS + 1))


def run(database: Database, path: Path, app: str, /, **options: Any) -> subprocess.Popen[str]:
    return database.start("mssql_migration", app=app, path=str(path), phase="expand", **options)


def _killer(process: list[subprocess.Popen[str]], step: int) -> Callable[[int], bool]:
    """Kills the process before its message number `step` goes on."""

    def at(message: int) -> bool:
        if message != step:
            return True
        os.kill(process[0].pid, signal.SIGKILL)
        return False

    return at


def _script(root: Path, name: str, content: str | bytes) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(content))


def test_killed_at_every_step(
    lab_server: Server, database: Database, driver: str, tmp_path: Path, application: Application
) -> None:
    """SIGKILL before every seventh message that the module sends (ZERO_DOWNTIME_TEST_EVERY_STEP=1: before each)."""
    step, killed = 1, 0
    while True:
        app = f"{database.app}_k{step}"
        root = tmp_path / app

        twenty(database, partial(_script, root), app)
        process: list[subprocess.Popen[str]] = []
        proxy = Proxy(lab_server.where.address(21), (lab_server.where.sqlserver, 1433), _killer(process, step))
        try:
            through = lab_server.options(driver, host=lab_server.where.address(21), port=proxy.port)
            process.append(run(database, root, app, **through))
            process[0].communicate(timeout=LIMIT_S)
        finally:
            proxy.close()
        if proxy.messages < step:
            break
        assert process[0].returncode == -signal.SIGKILL
        killed += 1
        done = database.result(run(database, root, app))
        assert not done.get("failed"), done
        agree(database, app, ended=True)
        step += STRIDE
    assert killed >= 5
    assert not application.errors


def test_a_connection_that_is_cut(
    lab_server: Server, database: Database, driver: str, tmp_path: Path, write: Write, application: Application
) -> None:
    twenty(database, write, database.app)
    write("expand/010.sql", f"INSERT dbo.{database.app}_log (n) VALUES (10);\nGO\nWAITFOR DELAY '00:04:00';\n")
    proxy = Proxy(lab_server.where.address(21), (lab_server.where.sqlserver, 1433), lambda _message: True)
    try:
        through = lab_server.options(driver, host=lab_server.where.address(21), port=proxy.port)
        process = run(database, tmp_path, database.app, **through)
        _until_it_waits(database)
        proxy.cut()
        failed = database.result(process)
    finally:
        proxy.close()
    assert failed["failed"] and "expand/010.sql: the connection was lost" in failed["msg"], failed
    write("expand/010.sql", f"INSERT dbo.{database.app}_log (n) VALUES (10);\n")
    done = _again(database, tmp_path, database.app)
    assert not done.get("failed"), done
    agree(database, database.app, ended=True)


def _until_it_waits(database: Database) -> None:
    """Until the migration is in the WAITFOR of script 010: its row is written, and not committed."""
    query = (
        "IF OBJECT_ID(N'deploy.migration_journal') IS NULL SELECT 0 ELSE SELECT COUNT(*) FROM deploy.migration_journal "
        f"WHERE app = N'{database.app}' AND state = N'applied';"
    )
    wait_until(lambda: int(database.query(query)[0][0]) >= 9, "script 009 in the journal")
    with closing(database.connect()) as watcher:
        watcher.execute("SET LOCK_TIMEOUT 50;")
        _until_locked(watcher, f"SELECT n FROM dbo.{database.app}_log WITH (TABLOCKX);")


def _again(database: Database, path: Path, app: str) -> dict[str, Any]:
    """The rerun: the server may take a moment to notice that the former session is dead."""
    return database.result(run(database, path, app, migration_lock_timeout_s=30))


def test_a_server_that_restarts(
    lab_server: Server, database: Database, tmp_path: Path, write: Write, application: Application
) -> None:
    twenty(database, write, database.app)
    write("expand/010.sql", f"INSERT dbo.{database.app}_log (n) VALUES (10);\nGO\nWAITFOR DELAY '00:04:00';\n")
    process = run(database, tmp_path, database.app)
    _until_it_waits(database)
    lab_server.stop()
    failed = database.result(process)
    assert failed["failed"] and "expand/010.sql" in failed["msg"], failed
    down = database.result(run(database, tmp_path, database.app))
    assert down["failed"] and "is not reachable" in down["msg"]
    lab_server.start()
    write("expand/010.sql", f"INSERT dbo.{database.app}_log (n) VALUES (10);\n")
    assert not _again(database, tmp_path, database.app).get("failed")
    agree(database, database.app, ended=True)
    assert application.errors


def test_two_runs_at_once(database: Database, tmp_path: Path, write: Write, application: Application) -> None:
    twenty(database, write, database.app)
    running = [run(database, tmp_path, database.app) for _each in range(3)]
    results = [database.result(process) for process in running]
    assert not any(result.get("failed") for result in results), results
    assert sorted(len(result["applied"]) for result in results) == [0, 0, SCRIPTS]
    agree(database, database.app, ended=True)
    assert not application.errors


def test_a_reader_that_blocks(database: Database, tmp_path: Path, write: Write, application: Application) -> None:
    """The migration gives way again and again, the application's writes go on, and in the end it comes through."""
    write("expand/1.sql", f"ALTER TABLE {application.table} ADD late INT NULL;")
    with closing(database.connect()) as reader:
        reader.execute(
            f"BEGIN TRANSACTION; SELECT TOP (1) id FROM {application.table} WITH (TABLOCK, HOLDLOCK);"
        ).fetchall()
        progress = tmp_path / "progress"
        process = run(database, tmp_path, database.app, lock_timeout_ms=200, progress=progress)
        wait_until(lambda: _told(progress).count("gave way to a lock") >= 2 or process.poll() is not None)
        assert process.poll() is None
        reader.execute("COMMIT TRANSACTION;")
        done = database.result(process)
    assert done["changed"], done
    assert done["applied"][0]["retries"] >= 2, done
    assert "gave way to a lock that the application holds" in _told(progress)


def _told(progress: Path) -> str:
    return progress.read_text() if progress.exists() else ""


def test_a_deadlock(database: Database, tmp_path: Path, write: Write) -> None:
    name = database.app
    for table in ("a", "b"):
        database.query(
            f"CREATE TABLE dbo.{name}_{table} (id INT NOT NULL CONSTRAINT pk_{name}_{table} PRIMARY KEY, v INT NULL);"
        )
        database.query(f"INSERT dbo.{name}_{table} (id) VALUES (1);")
    update = "UPDATE dbo.{0}_{1} SET v = ISNULL(v, 0) + 1 WHERE id = 1;"
    write(
        "expand/1.sql",
        update.format(name, "a") + "\nGO\nWAITFOR DELAY '00:00:01';\nGO\n" + update.format(name, "b"),
    )
    with closing(database.connect()) as other, closing(database.connect()) as watcher:
        other.execute("BEGIN TRANSACTION; SET LOCK_TIMEOUT 20000;")
        other.execute(update.format(name, "b"))
        process = run(database, tmp_path, name, lock_timeout_ms=20000)
        watcher.execute("SET LOCK_TIMEOUT 50;")
        _until_locked(watcher, f"SELECT v FROM dbo.{name}_a WITH (UPDLOCK) WHERE id = 1;")
        other.execute(update.format(name, "a"))  # the migration is the one to lose
        other.execute("COMMIT TRANSACTION;")
        done = database.result(process)
    assert done["changed"], done
    assert done["applied"][0]["retries"] == 1, done
    assert database.query(f"SELECT v FROM dbo.{name}_a")[0][0] == 2


def _until_locked(watcher: Any, query: str) -> None:
    """Until a query, which asks for a lock, is refused for the time that it takes."""

    def refused() -> bool:
        try:
            watcher.execute(query).fetchall()
        except pyodbc.Error as error:
            return "1222" in str(error)
        return False

    wait_until(refused, "a lock that somebody holds")


def test_a_backfill_that_is_killed_goes_on_where_it_was(
    database: Database, tmp_path: Path, write: Write, application: Application
) -> None:
    name = database.app
    total = 2000
    database.query(
        f"CREATE TABLE dbo.{name} (id INT IDENTITY(1,1) NOT NULL CONSTRAINT pk_{name} PRIMARY KEY, "
        f"old INT NULL, new INT NULL, touched INT NOT NULL CONSTRAINT df_{name} DEFAULT (0));"
    )
    with closing(database.connect()) as connection:
        for _each in range(total // 500):
            connection.execute(f"INSERT dbo.{name} (old) VALUES " + ", ".join(["(1)"] * 500) + ";")
    write(
        "backfill/1.sql",
        f"-- migrate: batch 50 pause 70ms\n-- migrate: remaining SELECT COUNT(*) FROM dbo.{name} WHERE new IS NULL\n"
        f"UPDATE TOP ($(BatchSize)) dbo.{name} SET new = old, touched = touched + 1 WHERE new IS NULL;",
    )
    progress = tmp_path / "progress"
    with closing(database.connect()) as holder:
        # A row in the middle is locked, so that the backfill cannot reach its end before it is killed.
        holder.execute(f"BEGIN TRANSACTION; UPDATE dbo.{name} SET old = 1 WHERE id = {total // 2};")
        process = database.start("mssql_migration", path=str(tmp_path), phase="backfill", progress=progress)
        filled = f"SELECT COUNT(*) FROM dbo.{name} WITH (READPAST) WHERE new IS NOT NULL"
        wait_until(lambda: int(database.query(filled)[0][0]) >= total // 4, "a quarter of the rows")
        process.kill()
        process.communicate()
        holder.execute("ROLLBACK TRANSACTION;")
    done_before = int(database.query(f"SELECT COUNT(*) FROM dbo.{name} WHERE new IS NOT NULL")[0][0])
    info = database.module("mssql_migration_info", path=str(tmp_path))
    assert info["phases"]["backfill"]["unfinished"] == ["1.sql"]
    assert done_before < total
    done = database.migrate(tmp_path, "backfill", migration_lock_timeout_s=30, progress=progress)
    assert done["changed"], done
    assert done["applied"][0]["rows"] <= total - done_before + 50
    assert database.query(f"SELECT COUNT(*), SUM(touched) FROM dbo.{name} WHERE new = 1")[0] == (total, total)
    rows = database.query(
        f"SELECT rows_affected FROM deploy.migration_journal WHERE app = N'{name}' AND state = N'applied'"
    )
    assert rows == [(total,)]
    assert "rows/s, about" in progress.read_text()
