# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private PostgreSQL cluster in a directory: initdb, start, stop; unix socket only; never as root.

PostgreSQL refuses to run as root, so a cluster that root starts belongs to the system's `postgres` user. Its files must
be where that user may go: when a parent of the state directory is closed to others (pytest's temporary directories
are), the cluster moves to a directory of its own in the system's temporary directory, named after the state directory.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "'256MB'",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "'48MB'",
    "jit": "off",
    "deadlock_timeout": "'200ms'",
    "lc_messages": "'C'",
    "timezone": "'UTC'",
    "bytea_output": "'hex'",
    "log_min_messages": "fatal",
    "max_parallel_workers_per_gather": "0",
    "unix_socket_permissions": "0777",
}
PR_SET_PDEATHSIG = 1
OLDEST = 15


def bin_dir() -> Path:
    """The newest PostgreSQL of the machine."""
    programs = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    found = max(((int(path.parts[4]), path.parent) for path in programs), default=None)
    if found is not None:
        version, directory = found
        if version < OLDEST:
            raise RuntimeError(f"PostgreSQL {version} found, {OLDEST} or newer expected")
        return directory
    which = shutil.which("postgres")
    if which:
        return Path(which).parent
    raise RuntimeError("PostgreSQL was not found: install the package postgresql (scripts/bootstrap does)")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class Cluster:
    """One cluster. `start()` makes it when it is not there; `stop()` ends it by its process id."""

    def __init__(self, state_dir: str | Path, template: str | Path | None = None) -> None:
        self.user: str | None = "postgres" if os.geteuid() == 0 else None
        self.dir = self._place(Path(state_dir).resolve())
        self.template = Path(template) if template else None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return f"host={self.dir} user=lab dbname=postgres"

    def start(self) -> bool:
        """Start the server; True when the cluster was made just now."""
        made = False
        data = self.dir / "data"
        if not (data / "PG_VERSION").exists():
            made = True
            self.dir.mkdir(parents=True, exist_ok=True)
            self._own(self.dir)
            self._run(
                "initdb", "-D", str(data), "-U", "lab", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
            )
            lines = "".join(f"{key} = {value}\n" for key, value in SETTINGS.items())
            (data / "postgresql.auto.conf").write_text(lines, encoding="ascii")
            self._own(data / "postgresql.auto.conf")
        self._await_predecessor(data / "postmaster.pid")
        log = (self.dir / "postgres.log").open("ab")
        self._own(self.dir / "postgres.log")
        self.process = subprocess.Popen(
            [str(bin_dir() / "postgres"), "-D", str(data), "-k", str(self.dir)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=str(self.dir),
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509
            **self._identity(),  # type: ignore[call-overload]
        )
        log.close()
        self._await_ready()
        return made

    def stop(self) -> None:
        """Fast shutdown; killed when that takes more than ten seconds."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)
        self.process = None

    def destroy(self) -> None:
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def _await_predecessor(lock: Path) -> None:
        """A server whose parent was killed may still be shutting down; two must never run on one directory."""
        deadline = time.monotonic() + 20
        while True:
            try:
                pid = int(lock.read_text(encoding="ascii").split()[0])
                name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii")
            except (FileNotFoundError, ValueError, IndexError, ProcessLookupError):
                break
            if not name.startswith("postgres"):
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL with the process id {pid} still runs on {lock.parent}: stop it first")
            time.sleep(0.05)
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()

    def _await_ready(self) -> None:
        assert self.process is not None
        import psycopg

        deadline = time.monotonic() + 60
        while True:
            if self.process.poll() is not None:
                tail = (self.dir / "postgres.log").read_text(encoding="utf-8", errors="replace")[-1000:]
                raise RuntimeError(f"PostgreSQL ended at once with status {self.process.returncode}: {tail}")
            try:
                psycopg.connect(self.dsn, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _identity(self) -> dict[str, object]:
        if self.user is None:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _own(self, path: Path) -> None:
        if self.user is not None:
            shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(bin_dir() / program), *args], capture_output=True, cwd=str(self.dir), check=False, **self._identity()
        )  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")

    def _place(self, wanted: Path) -> Path:
        """Where the cluster lies: as asked, unless its user cannot go there or a socket's path would be too long."""
        too_long = len(str(wanted / ".s.PGSQL.5432")) > 100
        closed = self.user is not None and any(
            parent.exists() and not parent.stat().st_mode & stat.S_IXOTH for parent in wanted.parents
        )
        if not (too_long or closed):
            return wanted
        name = "zdd-pg-" + hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / name
