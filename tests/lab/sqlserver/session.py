# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session: the state of one connection. What runs its statements is in `running`."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any

from .backend import Backend, Result
from .catalog.catalog import Cache, ObjectInfo
from .errors import Cancelled, ConnectionGone, SqlError
from .frame import Frame
from .parser import nodes as n
from .settings import Settings
from .transactions import Transactions, uncommittable
from .wire import tokens
from .wire.packets import ATTENTION, Message, PacketStream
from .wire.tokens import TokenStream

if TYPE_CHECKING:
    from .server import Server


class Session:
    """Everything of one connection. Runs in its own thread."""

    def __init__(self, server: Server, stream: PacketStream, spid: int, login: dict[str, str]) -> None:
        self.server = server
        self.stream = stream
        self.spid = spid
        self.login = login["user"]
        self.host = login["host"]
        self.program = login["app"]
        self.library = login["library"]
        self.db_name = ""
        self.db = ""
        self.backend: Backend = server.pool.take()
        self.backend.watch(self)
        self.tran = Transactions(self.backend, self._transaction_event)
        self.out = TokenStream()
        self.reset()
        self.login_time = time.time()
        self.last_request = time.time()
        self.batches = 0
        self.running = ""
        self.pending: Message | None = None
        self.killed = False
        self.prepared: dict[int, tuple[str, str]] = {}
        self.next_handle = 1
        self.plans: object = None
        self.unprepared = False

    def reset(self) -> None:
        """The state of a new connection (also sp_reset_connection)."""
        self.settings = Settings()
        self.rowcount = 0
        self.error = 0
        self.last_identity: int | None = None
        self.context: dict[str, Any] = {}
        self.tries: list[Frame] = []
        self.temp: dict[str, ObjectInfo] = {}
        self.temp_serial = 0
        self.private: Cache | None = None
        self.cancel_seen = False

    def fileno(self) -> int:
        return self.stream.fileno()

    def interrupted(self) -> bool:
        message = self.stream.peek()
        if self.killed:
            raise ConnectionGone("cut by the control socket")
        if message is None:
            return False
        if message.kind == ATTENTION:
            self.cancel_seen = True
            return True
        self.pending = message
        return False

    def wait(self, seconds: float) -> None:
        """Sleep; an attention or the end of the connection interrupts it."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            if select.select([self.stream], [], [], left)[0] and self.interrupted():
                raise Cancelled
            if self.killed:
                raise ConnectionGone("cut by the control socket")

    def _transaction_event(self, event: str) -> None:
        descriptor = (self.spid << 16 | 1).to_bytes(8, "little")
        if event == "begin":
            self.out.env(tokens.ENV_BEGIN, descriptor, b"")
            return
        self.out.env(tokens.ENV_COMMIT if event == "commit" else tokens.ENV_ROLLBACK, b"", descriptor)
        self.server.locks.release_all(self, "Transaction")
        if self.private is not None:
            self.private = None
            if event == "commit":
                self.server.definitions_changed()
        if event == "rollback":
            for key in [k for k, info in self.temp.items() if not self._temp_exists(info)]:
                del self.temp[key]

    def _temp_exists(self, info: ObjectInfo) -> bool:
        return bool(self.backend.query(f"SELECT to_regclass('{info.ref}') IS NOT NULL").rows[0][0] == b"t")

    def savepoint_needed(self) -> bool:
        """Under XACT_ABORT an error ends the transaction, unless a CATCH reads on in it."""
        return self.tran.count > 0 and (not self.settings.xact_abort or bool(self.tries))

    def begin_implicit(self) -> None:
        if self.settings.implicit and self.tran.count == 0:
            self.tran.begin()

    @property
    def cache(self) -> Cache:
        return self.private if self.private is not None else self.server.cache

    def definitions_changed(self) -> None:
        """A definition has changed: this session sees it at once, the others after the commit."""
        if self.tran.count:
            self.private = Cache(object())
        else:
            self.server.definitions_changed()

    def fetch_raw(self, sql: str, params: list[bytes | None]) -> Result:
        return self.backend.prepared(sql, params)

    def use(self, name: str) -> None:
        found = self.server.database(self, name)
        if found is None:
            raise SqlError(911, f"Database '{name}' does not exist. Make sure that the name is entered correctly.")
        if not self.server.may_use(self.login, found[0]):
            raise SqlError(
                916,
                f'The server principal "{self.login}" is not able to access the database "{found[0]}" under the '
                "current security context.",
                14,
            )
        self.db_name = found[0]
        self.db = found[0].lower()

    @property
    def read_only(self) -> bool:
        found = self.server.database(self, self.db_name)
        return found is not None and found[1]

    def parse(self, text: str) -> list[n.Statement]:
        return self.server.parse(text, self.settings.quoted_identifier)

    def writable(self, info: ObjectInfo | None = None) -> None:
        if self.tran.doomed:
            raise uncommittable(aborts="batch")
        if self.read_only and (info is None or info.kind != "#"):
            raise SqlError(3906, f'Failed to update database "{self.db_name}" because the database is read-only.')

    def close(self) -> None:
        self.server.locks.release_all(self)
        self.server.pool.give_back(self.backend)
