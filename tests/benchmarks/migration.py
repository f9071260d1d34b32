# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long migrations take, and what they cost the application: writes build/bench/migration.json.

All contenders run the same scripts on the same server in one run, each in a process of its own, start included.
The server is the lab's (figures of the lab, good for comparing contenders and for nothing else), or a real one that
ZERO_DOWNTIME_TEST_DSN names.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyodbc

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "build" / "collections")]

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.drivers import packaged_driver
from integration.mssql.server import DSN, Database, Server, closing, of_the_environment
from lab import net

PEERS = Path(__file__).resolve().parent / "migration_peers"
OUTPUT = ROOT / "build" / "bench" / "migration.json"
TINY = 1000
MANY = 10000
LOCK_TIMEOUT_MS = 500
HELD_S = 4.0
ROWS = 200000
ROWS_AT_ONCE = 1000


@contextmanager
def server() -> Iterator[tuple[dict[str, Any], str]]:
    """The modules' options and a plain connection string."""
    if DSN:
        yield of_the_environment(), DSN
        return
    with net.allocate() as where, tempfile.TemporaryDirectory(prefix="zd-bench-") as directory:
        lab = Server(where, Path(directory))
        try:
            lab.start()
            options = lab.options("microsoft")
            text = (
                f"Driver={packaged_driver()};Server=tcp:{where.sqlserver},{net.SQLSERVER_PORT};Database=Shop;"
                f"UID=deploy;PWD={lab.password};Encrypt=yes;TrustServerCertificate=yes"
            )
            yield options, text
        finally:
            lab.stop()


def scripts(directory: Path, count: int, prefix: str) -> Path:
    """Tiny scripts, each with a table of its own."""
    directory.mkdir(parents=True)
    for number in range(1, count + 1):
        (directory / f"{number:05}_tiny.sql").write_text(f"CREATE TABLE dbo.{prefix}_{number:05} (id INT NOT NULL);\n")
    return directory


def timed(process: subprocess.Popen[str], began: float) -> tuple[float, float, str]:
    """Seconds since `began`, the process's peak memory in MiB, and what it said."""
    output = process.stdout.read() if process.stdout else ""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - began, usage.ru_maxrss / 1024, output


def peer(program: str, *arguments: str) -> float:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(PEERS / program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    seconds, _peak, output = timed(process, began)
    if process.returncode:
        raise RuntimeError(f"{program} failed: {output[-2000:]}")
    return seconds


def module(database: Database, **arguments: Any) -> tuple[float, float, dict[str, Any]]:
    began = time.monotonic()
    process = database.start("mssql_migration", **arguments)
    seconds, peak, output = timed(process, began)
    result: dict[str, Any] = json.loads(output)
    if result.get("failed"):
        raise RuntimeError(result["msg"])
    return seconds, peak, result


def tiny(options: dict[str, Any], connection: str, work: Path, count: int) -> dict[str, Any]:
    """Count tiny scripts by each contender; and then ours with nothing to do."""
    file = work / "connection"
    file.write_text(connection)
    file.chmod(0o600)
    figures: dict[str, Any] = {}
    bare = scripts(work / "bare", count, "bare")
    figures["bare_loop_s"] = peer("bare_loop.py", str(file), str(bare))
    ours = scripts(work / "ours" / "expand", count, "ours").parent
    database = Database(options, "bench_tiny")
    seconds, peak, result = module(database, path=str(ours), phase="expand")
    if result["totals"]["scripts"] != count:
        raise RuntimeError(f"{result['totals']['scripts']} scripts were applied, {count} are expected")
    figures["ours_s"] = seconds
    noop, noop_peak, result = module(database, path=str(ours), phase="expand")
    if result["changed"]:
        raise RuntimeError("the second run changed something")
    alembic = scripts(work / "alembic", count, "alembic")
    figures["alembic_s"] = peer("run_alembic.py", str(file), str(alembic))
    yoyo = scripts(work / "yoyo", count, "yoyo")
    figures["yoyo_s"] = peer("run_yoyo.py", str(file), str(yoyo))
    return {"tiny": figures, "noop_s": noop, "peak_apply_mib": peak, "peak_noop_mib": noop_peak}


def many(options: dict[str, Any], work: Path, count: int) -> tuple[float, float]:
    """A run with nothing to do, over so many scripts in the journal."""
    path = scripts(work / "many" / "expand", count, "many").parent
    database = Database(options, "bench_many")
    module(database, path=str(path), phase="expand", action="baseline")
    seconds, peak, result = module(database, path=str(path), phase="expand")
    if result["changed"] or result["previous_state"]["applied"] != count:
        raise RuntimeError(f"a run with nothing to do was expected: {result['previous_state']}")
    return seconds, peak


class Readers:
    """The application: sessions that read a table all the time, and how long the longest of them waited."""

    def __init__(self, database: Database, table: str, sessions: int = 3) -> None:
        self.longest_s = 0.0
        self.requests = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read, args=(database, table)) for _each in range(sessions)]

    def __enter__(self) -> Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _read(self, database: Database, table: str) -> None:
        with closing(database.connect()) as connection:
            while not self._ended.is_set():
                began = time.monotonic()
                connection.execute(f"SELECT COUNT(*) FROM {table};").fetchall()
                with self._lock:
                    self.requests += 1
                    self.longest_s = max(self.longest_s, time.monotonic() - began)
                time.sleep(0.005)


def blocked(options: dict[str, Any], work: Path, name: str, lock_timeout_ms: int) -> dict[str, Any]:
    """An ALTER that a long reader blocks, and how long everybody else waits because of it."""
    database = Database(options, f"bench_{name}")
    table = f"dbo.bench_{name}"
    database.query(f"CREATE TABLE {table} (id INT NOT NULL CONSTRAINT pk_bench_{name} PRIMARY KEY);")
    database.query(f"INSERT {table} (id) VALUES (1);")
    root = work / name
    (root / "expand").mkdir(parents=True)
    (root / "expand" / "1.sql").write_text(f"ALTER TABLE {table} ADD late INT NULL;")
    with closing(database.connect()) as holder, Readers(database, table) as readers:
        holder.execute(f"BEGIN TRANSACTION; SELECT id FROM {table} WITH (TABLOCK, HOLDLOCK);").fetchall()
        process = database.start(
            "mssql_migration", path=str(root), phase="expand", lock_timeout_ms=lock_timeout_ms, retries=50
        )
        time.sleep(HELD_S)
        holder.execute("COMMIT TRANSACTION;")
        result = database.result(process)
        time.sleep(0.2)
    if not result.get("changed"):
        raise RuntimeError(str(result.get("msg")))
    return {
        "app_wait_s": readers.longest_s,
        "requests": readers.requests,
        "retries": result["applied"][0]["retries"],
    }


def backfill(options: dict[str, Any], work: Path, rows: int) -> dict[str, Any]:
    """Many rows brought up to date while the application reads and writes them, killed once in the middle."""
    database = Database(options, "bench_backfill")
    table = "dbo.bench_backfill"
    database.query(
        f"CREATE TABLE {table} (id INT IDENTITY(1,1) NOT NULL CONSTRAINT pk_bench_backfill PRIMARY KEY, "
        "old INT NULL, new INT NULL, touched INT NOT NULL CONSTRAINT df_bench_backfill DEFAULT (0));"
    )
    with closing(database.connect()) as connection:
        for _each in range(rows // ROWS_AT_ONCE):
            connection.execute(f"INSERT {table} (old) VALUES {', '.join(['(1)'] * ROWS_AT_ONCE)};")
    root = work / "backfill_root"
    (root / "backfill").mkdir(parents=True)
    (root / "backfill" / "1.sql").write_text(
        f"-- migrate: batch 2000 pause 50ms\n-- migrate: remaining SELECT COUNT(*) FROM {table} WHERE new IS NULL\n"
        f"UPDATE TOP ($(BatchSize)) {table} SET new = old, touched = touched + 1 WHERE new IS NULL;\n"
    )
    with Writers(database, "dbo.bench_idle") as idle:
        time.sleep(5)
    progress = work / "progress"
    began = time.monotonic()
    with Writers(database, table) as writers:
        process = database.start("mssql_migration", path=str(root), phase="backfill", progress=progress)
        while (
            len(
                database.query(f"SELECT TOP (1) id FROM {table} WHERE id > {rows // 2} AND old = 1 AND new IS NOT NULL")
            )
            == 0
        ):
            if process.poll() is not None or time.monotonic() - began > 300:
                raise RuntimeError("the backfill did not come to the middle")
            time.sleep(0.1)
        process.kill()
        process.communicate()
        done_before = int(database.query(f"SELECT COUNT(*) FROM {table} WHERE old = 1 AND new IS NOT NULL")[0][0])
        result = database.migrate(root, "backfill", progress=progress)
        seconds = time.monotonic() - began
    if result.get("failed"):
        raise RuntimeError(result["msg"])
    touched = database.query(f"SELECT COUNT(*), MAX(touched) FROM {table} WHERE old = 1")[0]
    return {
        "rows": rows,
        "s": seconds,
        "done_when_killed": done_before,
        "rows_touched_twice": 0 if touched[1] == 1 else touched[1],
        "rows_by_the_second_run": result["applied"][0]["rows"],
        "app_requests": writers.requests,
        "app_errors": writers.errors,
        "app_longest_wait_s": writers.longest_s,
        "app_longest_wait_without_backfill_s": idle.longest_s,
        "progress": progress.read_text().splitlines()[-1],
    }


class Writers:
    """The application while a backfill runs: single rows written and read by their key."""

    def __init__(self, database: Database, table: str) -> None:
        self.longest_s = 0.0
        self.requests = 0
        self.errors = 0
        self._ended = threading.Event()
        if table.endswith("idle"):
            database.query(f"CREATE TABLE {table} (id INT IDENTITY(1,1) NOT NULL, old INT NULL, new INT NULL);")
        self._threads = [threading.Thread(target=self._write, args=(database, table)) for _each in range(2)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _write(self, database: Database, table: str) -> None:
        with closing(database.connect()) as connection:
            while not self._ended.is_set():
                began = time.monotonic()
                try:
                    connection.execute(f"INSERT {table} (old, new) VALUES (2, 2);")
                    connection.execute(f"SELECT old FROM {table} WHERE id = 1;").fetchall()
                except pyodbc.Error:
                    self.errors += 1
                self.requests += 2
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                time.sleep(0.02)


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", type=int, default=TINY)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="zd-bench-scripts-"))
    try:
        with server() as (options, connection):
            few = tiny(options, connection, work, arguments.tiny)
            noop_many, peak_many = many(options, work, arguments.many)
            with_timeout = blocked(options, work, "polite", LOCK_TIMEOUT_MS)
            filled = backfill(options, work, arguments.rows)
            without = blocked(options, work, "stubborn", 600000)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    figures = {
        "server": "ZERO_DOWNTIME_TEST_DSN" if DSN else "the lab's simulated SQL Server: figures of the lab",
        f"tiny_{arguments.tiny}": few["tiny"],
        "times_bare_loop": few["tiny"]["ours_s"] / few["tiny"]["bare_loop_s"],
        f"noop_{arguments.tiny}_s": few["noop_s"],
        f"noop_{arguments.many}_s": noop_many,
        "peak_mib": {
            f"apply_{arguments.tiny}": few["peak_apply_mib"],
            str(arguments.tiny): few["peak_noop_mib"],
            str(arguments.many): peak_many,
        },
        "lock_timeout_s": LOCK_TIMEOUT_MS / 1000,
        "blocked_app_wait_s": with_timeout["app_wait_s"],
        "blocked": with_timeout,
        "backfill": filled,
        "without_lock_timeout": {"blocked_app_wait_s": without["app_wait_s"], **without},
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(rounded(figures), indent=2) + "\n")
    print(OUTPUT.read_text())


if __name__ == "__main__":
    main()
