# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: listens, and keeps what all sessions share."""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import ssl
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ..postgres import Cluster
from .backend import Backend, Pool
from .catalog.catalog import Cache, ObjectInfo
from .catalog.define.definitions import Definitions
from .catalog.views import Views
from .config import Config
from .connection import Connection
from .errors import SqlError
from .locks import AppLocks
from .parser import nodes as n
from .parser.statements import Parser
from .procs.functions import Functions
from .procs.procedures import Procedures, parse_declarations
from .rights import Rights
from .running import options
from .session import Session
from .translate.names import quote, schema_ident
from .wire.types import FIXED_LENGTHS, TYPE_IDS

log = logging.getLogger("lab.sqlserver")
MAX_PARSED = 5000


class Counters:
    """What the control socket and dm_exec_procedure_stats report."""

    def __init__(self) -> None:
        self.batches = 0
        self.connections = 0
        self.logins = 0
        self.failed_logins = 0
        self.procedures: dict[int, list[float]] = {}

    def procedure(self, info: ObjectInfo, seconds: float) -> None:
        row = self.procedures.setdefault(info.object_id, [0, 0.0, 0.0, 0.0])
        row[0] += 1
        row[1] += seconds
        row[2] = time.time()
        row[3] = row[3] or time.time()


class Server:
    """`start`, then `serve_forever` or the control socket's `stop`."""

    config: Config
    functions: Functions

    def __init__(self, config: Config) -> None:
        self.config = config
        self.cluster = Cluster(config.state_dir)
        self.cache = Cache(0)
        self.locks = AppLocks()
        self.definitions = Definitions()
        self.procedures = Procedures()
        self.functions = Functions()
        self.views = Views()
        self.rights = Rights(self)
        self.counters = Counters()
        self.connections: dict[int, Connection] = {}
        self.hold = threading.Event()
        self.hold.set()
        self.tls: ssl.SSLContext | None = None
        self._versions = itertools.count(1)
        self._spids = itertools.count(51)
        self._parsed: OrderedDict[tuple[str, bool], list[n.Statement]] = OrderedDict()
        self._declared: dict[str, list[n.Parameter]] = {}
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._stopped = threading.Event()
        self.pool: Pool
        self.clock = time.monotonic

    # ---- life

    def start(self) -> None:
        self.cluster.start()
        self.pool = Pool(self.cluster.dsn)
        backend = Backend(self.cluster.dsn)
        self._prepare(backend)
        backend.close()
        if self.config.cert:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(self.config.cert, self.config.key)
            self.tls.maximum_version = ssl.TLSVersion.TLSv1_2  # TDS 7.4 wraps the handshake; 1.3 belongs to TDS 8
        self.listen()

    def _prepare(self, backend: Backend) -> None:
        if not backend.query("SELECT 1 FROM pg_namespace WHERE nspname = 'lab'").rows:
            here = Path(__file__).parent / "catalog"
            for name in ("schema", "conversions", "dates", "strings"):
                backend.command((here / f"{name}.sql").read_text(encoding="utf-8"))
            rows = ", ".join(
                f"({quote(name)}, {number}, "
                f"{FIXED_LENGTHS.get(name, -1 if name in ('xml', 'image', 'text', 'ntext') else 8000)}, "
                "0, 0)"
                for name, number in TYPE_IDS.items()
            )
            backend.command(f"INSERT INTO lab.types VALUES {rows}")
            for name in ("master", "tempdb", "model", "msdb"):
                self.create_database(backend, name)
        for name in self.config.databases:
            if not backend.query("SELECT 1 FROM lab.databases WHERE name = $1", [name.encode()]).rows:
                self.create_database(backend, name)

    def create_database(self, backend: Backend, name: str) -> None:
        db = name.lower()
        number = "(SELECT coalesce(max(database_id), 0) + 1 FROM lab.databases)"
        schemas = [(1, "dbo"), (2, "guest"), (3, "INFORMATION_SCHEMA"), (4, "sys")]
        rows = ", ".join(f"({quote(db)}, {i}, {quote(schema)})" for i, schema in schemas)
        users = [
            (1, "dbo", "S"),
            (0, "public", "R"),
            (2, "guest", "S"),
            (16384, "db_owner", "R"),
            (16390, "db_datareader", "R"),
            (16391, "db_datawriter", "R"),
            (16387, "db_ddladmin", "R"),
        ]
        users += [
            (5 + i, login.name, "S")
            for i, login in enumerate(self.config.logins.values())
            if not login.sysadmin and login.rights_in(name) is not None
        ]
        principals = ", ".join(f"({quote(db)}, {i}, {quote(user)}, {quote(kind)})" for i, user, kind in users)
        backend.command(
            "BEGIN; "
            + "; ".join(
                [
                    f"INSERT INTO lab.databases (database_id, name) VALUES ({number}, {quote(name)})",
                    f"INSERT INTO lab.schemas VALUES {rows}",
                    f"INSERT INTO lab.principals VALUES {principals}",
                    *(f"CREATE SCHEMA {schema_ident(db, schema)}" for _unused, schema in schemas),
                    *self.views.create(db),
                ]
            )
            + "; COMMIT"
        )
        self.definitions_changed()

    def listen(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.config.address, self.config.port))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="accept").start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _unused = listener.accept()
            except OSError:
                return
            with self._lock:
                spid = next(self._spids)
                connection = Connection(self, sock, spid)
                self.connections[spid] = connection
                self.counters.connections += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True, name=f"spid{spid}").start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self.connections.pop(connection.spid, None)

    def close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def cut(self, program: str = "", spid: int = 0) -> int:
        """Cut connections: all, those of a program, or one."""
        count = 0
        for connection in list(self.connections.values()):
            session = connection.session
            if spid and connection.spid != spid:
                continue
            if program and (session is None or session.program != program):
                continue
            count += 1
            if session is not None:
                session.killed = True
                with contextlib.suppress(OSError):
                    session.backend.cancel()
            with contextlib.suppress(OSError):
                connection.stream.sock.shutdown(socket.SHUT_RDWR)
        return count

    def await_gone(self, seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.01)

    def restart(self, down_s: float = 0.5) -> None:
        """Every connection is cut, the port is closed for a while; committed work stays."""
        self.close_listener()
        self.cut()
        self.await_gone()
        time.sleep(down_s)
        self.listen()

    def stop(self) -> None:
        self._stopped.set()

    def serve_forever(self) -> None:
        self._stopped.wait()
        self.close_listener()
        self.cut()
        self.await_gone(2)
        self.pool.close()
        self.cluster.stop()

    # ---- what sessions share

    def parse(self, text: str, quoted: bool) -> list[n.Statement]:
        """Statements of a batch, kept by its text together with their translations."""
        key = (text, quoted)
        found = self._parsed.get(key)
        if found is not None:
            return found
        found = Parser(text, quoted).batch()
        with self._lock:
            self._parsed[key] = found
            if len(self._parsed) > MAX_PARSED:
                for _unused in range(MAX_PARSED // 5):
                    self._parsed.popitem(last=False)
        return found

    def declarations(self, text: str) -> list[n.Parameter]:
        found = self._declared.get(text)
        if found is None:
            if len(self._declared) > 5000:
                self._declared.clear()
            found = self._declared[text] = parse_declarations(text)
        return found

    def definitions_changed(self) -> None:
        self.cache = Cache(next(self._versions))

    def databases(self, session: Session | None) -> list[tuple[str, bool, int]]:
        cache = session.cache if session is not None else self.cache
        found: list[tuple[str, bool, int]] | None = cache.extra.get("databases")
        if found is None:
            backend = session.backend if session is not None and not session.backend.failed else self.pool.take()
            try:
                rows = backend.query(
                    "SELECT name, read_only::int, database_id FROM lab.databases ORDER BY database_id"
                ).rows
            finally:
                if session is None or backend is not session.backend:
                    self.pool.give_back(backend)
            found = [((r[0] or b"").decode(), r[1] == b"1", int(r[2] or 0)) for r in rows]
            cache.extra["databases"] = found
        return found

    def database(self, session: Session | None, name: str) -> tuple[str, bool] | None:
        low = name.lower()
        return next(((d[0], d[1]) for d in self.databases(session) if d[0].lower() == low), None)

    def may_use(self, login: str, database: str) -> bool:
        return (
            database.lower() in ("master", "tempdb", "msdb") or self.config.login(login).rights_in(database) is not None
        )

    def login_id(self, name: str) -> int:
        names = list(self.config.logins)
        return 256 + names.index(name.lower()) if name.lower() in names else 1

    def schema_owner(self, session: Session, db: str, schema: str) -> str:
        """The owner of a schema, which is the owner of what is in it."""
        extra = session.cache.extra
        found: dict[str, str] | None = extra.get(("owners", db))
        if found is None:
            rows = session.backend.query("SELECT name, owner FROM lab.schemas WHERE db = $1", [db.encode()]).rows
            pairs = (((name or b"").decode(), (owner or b"").decode()) for name, owner in rows)
            found = extra[("owners", db)] = {name.lower(): owner.lower() for name, owner in pairs}
        return found.get(schema.lower(), "dbo")

    def schemas(self, session: Session, db: str) -> dict[str, str]:
        cache = session.cache
        found: dict[str, str] | None = cache.extra.get(("schemas", db))
        if found is None:
            rows = session.backend.query("SELECT name FROM lab.schemas WHERE db = $1", [db.encode()]).rows
            found = {(r[0] or b"").decode().lower(): (r[0] or b"").decode() for r in rows}
            cache.extra["schemas", db] = found
        return found

    def set_read_only(self, name: str, read_only: bool) -> None:
        backend = self.pool.take()
        try:
            done = backend.query(
                "UPDATE lab.databases SET read_only = $1::bool WHERE name = $2",
                [str(read_only).encode(), name.encode()],
            )
        finally:
            self.pool.give_back(backend)
        if not done.count:
            raise SqlError(911, f"Database '{name}' does not exist.")
        self.definitions_changed()

    def greet(self, session: Session) -> None:
        """What definitions (column defaults) ask PostgreSQL about the session."""
        values = {
            "suser_sname": session.login,
            "suser_name": session.login,
            "original_login": session.login,
            "system_user": session.login,
            "user_name": session.login,
            "current_user": session.login,
            "user": session.login,
            "session_user": session.login,
            "host_name": session.host,
            "app_name": session.program,
            "program_name": session.program,
            "db_name": session.db_name,
            "spid": str(session.spid),
        }
        session.backend.query(
            "SELECT " + ", ".join(f"set_config('lab.{key}', {quote(value)}, false)" for key, value in values.items())
        )

    def reset(self, session: Session, keep_transaction: bool = False) -> None:
        """sp_reset_connection: a used connection as good as new."""
        if session.tran.count and not keep_transaction:
            session.tran.rollback()
        self.locks.release_all(session, "Session")
        for info in session.temp.values():
            session.backend.command(f"DROP TABLE IF EXISTS {info.ref}")
        session.reset()
        options.reset(session)

    def sessions(self) -> list[Session]:
        return [c.session for c in list(self.connections.values()) if c.session is not None]

    def statistics(self) -> dict[str, Any]:
        return {
            "batches": self.counters.batches,
            "connections": self.counters.connections,
            "logins": self.counters.logins,
            "failed_logins": self.counters.failed_logins,
            "open": len(self.connections),
            "sessions": [
                {
                    "spid": s.spid,
                    "login": s.login,
                    "program": s.program,
                    "database": s.db_name,
                    "batches": s.batches,
                    "trancount": s.tran.count,
                }
                for s in self.sessions()
            ],
        }
