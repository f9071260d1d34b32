# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to PostgreSQL. libpq's asynchronous calls let it watch the client's socket while it waits."""

from __future__ import annotations

import datetime as dt
import select
import threading
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from psycopg import pq

from .errors import Cancelled, ConnectionGone
from .wire import types
from .wire.types import SqlType


class BackendError(Exception):
    """An error of PostgreSQL."""

    def __init__(
        self, sqlstate: str, message: str, detail: str, constraint: str, table: str, column: str, schema: str
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.table = table
        self.column = column
        self.schema = schema


class Watcher(Protocol):
    """Told when the client sends something while a statement runs."""

    def fileno(self) -> int: ...

    def interrupted(self) -> bool:
        """Read what the client has sent; True for an attention; raises ConnectionGone."""


class Field:
    """A result column as PostgreSQL describes it."""

    __slots__ = ("attnum", "mod", "name", "oid", "table")

    def __init__(self, name: str, table: int, attnum: int, oid: int, mod: int) -> None:
        self.name = name
        self.table = table
        self.attnum = attnum
        self.oid = oid
        self.mod = mod


class Result:
    __slots__ = ("count", "fields", "rows")

    def __init__(self, fields: list[Field] | None, rows: list[list[bytes | None]], count: int) -> None:
        self.fields = fields
        self.rows = rows
        self.count = count


def to_pg(value: Any) -> bytes | None:
    """A value in PostgreSQL's text format."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if isinstance(value, (bytes, bytearray)):
        return b"\\x" + value.hex().encode()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").encode()
    if isinstance(value, float):
        return repr(value).encode()
    return str(value).encode()


_TEXT = frozenset({19, 25, 1042, 1043})
_OID_TYPES: dict[int, SqlType] = {
    16: types.BIT,
    20: types.BIGINT,
    21: types.SMALLINT,
    23: types.INT,
    26: types.BIGINT,
    700: types.REAL,
    701: types.FLOAT,
    1082: types.DATE,
    1083: types.TIME,
    1184: types.DATETIMEOFFSET,
    2950: types.GUID,
    17: types.VARBINARY_MAX,
}


def type_of_field(field: Field) -> SqlType | None:
    """The SQL Server type that fits PostgreSQL's; None for a numeric whose scale only the values tell."""
    oid, mod = field.oid, field.mod
    known = _OID_TYPES.get(oid)
    if known is not None:
        return known
    if oid == 1114:
        return types.build("datetime2", (mod if 0 <= mod <= 6 else 7,))
    if oid == 1700:
        if mod < 4:
            return None
        return SqlType("decimal", 0, ((mod - 4) >> 16) & 0xFFFF, (mod - 4) & 0x7FF)
    if oid == 1042 and 4 < mod <= 8004:
        return SqlType("char", mod - 4)
    if oid == 1043 and 4 < mod <= 4004:
        return SqlType("nvarchar", mod - 4)
    return types.NVARCHAR_MAX if oid == 25 else types.NVARCHAR_4000


def _bool(raw: bytes) -> bool:
    return raw in (b"t", b"1")


def _bytes(raw: bytes) -> bytes:
    return bytes.fromhex(raw[2:].decode())


def _timestamp(raw: bytes) -> dt.datetime:
    return dt.datetime.fromisoformat(_pad(raw.decode()))


def _pad(text: str) -> str:
    """fromisoformat of Python 3.11 takes any number of digits; infinities it does not."""
    return text


def _zoned(raw: bytes) -> dt.datetime:
    text = raw.decode()
    return dt.datetime.fromisoformat(text if ":" in text[-5:] else text + ":00")


DECODERS: dict[int, Callable[[bytes], Any]] = {
    16: _bool,
    20: int,
    21: int,
    23: int,
    26: int,
    700: float,
    701: float,
    1700: lambda raw: Decimal(raw.decode()),
    1082: lambda raw: dt.date.fromisoformat(raw.decode()),
    1083: lambda raw: dt.time.fromisoformat(raw.decode()),
    1114: _timestamp,
    1184: _zoned,
    2950: lambda raw: uuid.UUID(raw.decode()),
    17: _bytes,
}


def decoder(oid: int) -> Callable[[bytes], Any]:
    return DECODERS.get(oid, bytes.decode)


class Backend:
    """Runs statements. `watcher` is asked while one runs."""

    def __init__(self, dsn: str) -> None:
        self.conn = pq.PGconn.connect(dsn.encode())
        if self.conn.status != pq.ConnStatus.OK:
            raise ConnectionGone("PostgreSQL: " + self.conn.error_message.decode(errors="replace"))
        self.conn.nonblocking = 1
        self._prepared: dict[str, bytes] = {}
        self._poll = select.poll()
        self._poll.register(self.conn.socket, select.POLLIN)
        self._watcher: Watcher | None = None
        self._watched = -1
        self._lock = threading.Lock()

    def watch(self, watcher: Watcher | None) -> None:
        if self._watched >= 0:
            self._poll.unregister(self._watched)
            self._watched = -1
        self._watcher = watcher
        if watcher is not None:
            self._watched = watcher.fileno()
            self._poll.register(self._watched, select.POLLIN)

    @property
    def in_transaction(self) -> bool:
        return bool(self.conn.transaction_status != pq.TransactionStatus.IDLE)

    @property
    def failed(self) -> bool:
        return bool(self.conn.transaction_status == pq.TransactionStatus.INERROR)

    def command(self, sql: str) -> None:
        """One or more statements without parameters and without rows."""
        self.conn.send_query(sql.encode())
        self._finish()

    def query(self, sql: str, params: Sequence[bytes | None] = ()) -> Result:
        """A statement that is run once."""
        self.conn.send_query_params(sql.encode("utf-8", "surrogatepass"), params or None)
        return self._result(self._finish())

    def prepared(self, sql: str, params: Sequence[bytes | None] = ()) -> Result:
        """A statement that will be run again."""
        name = self._prepared.get(sql)
        if name is None:
            if len(self._prepared) >= 300:
                self.forget()
            name = f"s{len(self._prepared)}".encode()
            self.conn.send_prepare(name, sql.encode("utf-8", "surrogatepass"))
            self._finish()
            self._prepared[sql] = name
        self.conn.send_query_prepared(name, params or None)
        return self._result(self._finish())

    def forget(self) -> None:
        """Drop prepared statements (not in a failed transaction)."""
        self._prepared.clear()
        self.command("DEALLOCATE ALL")

    def _finish(self) -> pq.abc.PGresult | None:
        conn = self.conn
        while conn.flush():
            self._poll.poll(1)
        cancelled = False
        last = None
        error = None
        while True:
            cancelled = self._await_result(cancelled)
            result = conn.get_result()
            if result is None:
                break
            if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
                error = error or result
            last = result
        if cancelled:
            raise Cancelled
        if error is not None:
            raise _backend_error(error)
        return last

    def _await_result(self, cancelled: bool) -> bool:
        """Wait for PostgreSQL, and for an attention of the client as long as none has come."""
        while self.conn.is_busy():
            for fd, _unused in self._poll.poll():
                if fd == self._watched and not cancelled:
                    cancelled = self._check_client()
            self.conn.consume_input()
            if self.conn.status != pq.ConnStatus.OK:
                raise ConnectionGone("PostgreSQL is gone")
        return cancelled

    def _check_client(self) -> bool:
        assert self._watcher is not None
        try:
            if not self._watcher.interrupted():
                return False
        except ConnectionGone:
            self.cancel()
            while self.conn.get_result() is not None:
                pass
            raise
        self.cancel()
        return True

    def cancel(self) -> None:
        self.conn.get_cancel().cancel()

    @staticmethod
    def _result(result: pq.abc.PGresult | None) -> Result:
        assert result is not None
        count = result.nfields
        affected = result.command_tuples or 0
        if result.status != pq.ExecStatus.TUPLES_OK:
            return Result(None, [], affected)
        fields = [
            Field(
                (result.fname(i) or b"").decode(),
                result.ftable(i),
                result.ftablecol(i),
                result.ftype(i),
                result.fmod(i),
            )
            for i in range(count)
        ]
        value = result.get_value
        columns = range(count)
        rows = [[value(r, c) for c in columns] for r in range(result.ntuples)]
        return Result(fields, rows, affected)

    def close(self) -> None:
        self.conn.finish()


def _backend_error(result: pq.abc.PGresult) -> BackendError:
    def field(which: pq.DiagnosticField) -> str:
        return (result.error_field(which) or b"").decode(errors="replace")

    d = pq.DiagnosticField
    return BackendError(
        field(d.SQLSTATE),
        field(d.MESSAGE_PRIMARY),
        field(d.MESSAGE_DETAIL),
        field(d.CONSTRAINT_NAME),
        field(d.TABLE_NAME),
        field(d.COLUMN_NAME),
        field(d.SCHEMA_NAME),
    )


class Pool:
    """Backends of closed connections, for the next ones."""

    def __init__(self, dsn: str, keep: int = 20) -> None:
        self.dsn = dsn
        self.keep = keep
        self._idle: list[Backend] = []
        self._lock = threading.Lock()

    def take(self) -> Backend:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Backend(self.dsn)

    def give_back(self, backend: Backend) -> None:
        backend.watch(None)
        try:
            if backend.in_transaction:
                backend.command("ROLLBACK")
            backend.command("DISCARD TEMP; RESET ALL")
        except (BackendError, ConnectionGone, Cancelled, OSError):
            backend.close()
            return
        with self._lock:
            if len(self._idle) < self.keep:
                self._idle.append(backend)
                return
        backend.close()

    def close(self) -> None:
        with self._lock:
            for backend in self._idle:
                backend.close()
            self._idle.clear()
