# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client: handshake, login, then message after message."""

from __future__ import annotations

import logging
import socket
import struct
import time
from typing import TYPE_CHECKING

from .backend import BackendError
from .errors import Cancelled, ConnectionGone, SqlError
from .login import ENCRYPT_NONE, ENCRYPT_OFF, ENCRYPT_ON, read_login, read_prelogin, write_prelogin
from .procs import rpc
from .running import batch
from .session import Session
from .wire import packets, tokens
from .wire.packets import Message, PacketStream
from .wire.tokens import TokenStream
from .wire.writing import COLLATION

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger("lab.sqlserver")
_BEGIN, _COMMIT, _ROLLBACK, _SAVE = 5, 7, 8, 9


class Connection:
    """Runs in a thread of its own until the client disconnects."""

    def __init__(self, server: Server, sock: socket.socket, spid: int) -> None:
        self.server = server
        self.stream = PacketStream(sock)
        self.stream.spid = spid
        self.spid = spid
        self.session: Session | None = None

    def run(self) -> None:
        try:
            try:
                welcome = self._login()
            except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
                raise ConnectionGone(f"no TDS: {error}") from error
            if welcome:
                self._serve()
        except (ConnectionGone, OSError, EOFError) as error:
            log.debug("connection %d ends: %s", self.spid, error)
        except Exception:
            log.exception("connection %d fails", self.spid)
        finally:
            session, self.session = self.session, None
            if session is not None:
                session.close()
            self.stream.close()

    # ---- login

    def _login(self) -> bool:
        stream, config = self.stream, self.server.config
        asked = read_prelogin(stream.read(30).body).get(1, bytes([ENCRYPT_NONE]))[0]
        answer = (
            ENCRYPT_NONE
            if self.server.tls is None or asked == ENCRYPT_NONE
            else ENCRYPT_OFF
            if asked == ENCRYPT_OFF
            else ENCRYPT_ON
        )
        if config.force_encryption and self.server.tls is not None:
            answer = 3
        stream.send(write_prelogin(answer, config.version_numbers))
        if answer != ENCRYPT_NONE and self.server.tls is not None:
            if asked == ENCRYPT_NONE:
                return False
            stream.start_tls(self.server.tls)
        message = stream.read(30)
        if message.kind != packets.LOGIN:
            return False
        login = read_login(message.body)
        if answer == ENCRYPT_OFF:
            stream.end_tls()
        self.server.counters.logins += 1
        out = TokenStream()
        error = self._refused(login)
        if error:
            self.server.counters.failed_logins += 1
            for e in error:
                out.message(e.number, e.text, e.severity, e.state)
            out.done(error=True)
            stream.send(out.data)
            return False
        self.session = session = Session(self.server, stream, self.spid, login)
        session.use(login["database"] or config.default_database)
        self.server.greet(session)
        out.env(tokens.ENV_DATABASE, session.db_name, "master")
        out.message(5701, f"Changed database context to '{session.db_name}'.", 0, 2)
        out.env(tokens.ENV_COLLATION, COLLATION, b"")
        out.env(tokens.ENV_LANGUAGE, "us_english", "")
        out.message(5703, "Changed language setting to us_english.", 0, 1)
        out.login_ack(config.version_numbers)
        size = min(max(int(login["packet_size"]) or 4096, 512), 16384)
        out.env(tokens.ENV_PACKET_SIZE, str(size), "4096")
        out.done()
        stream.send(out.data)
        stream.packet_size = size
        return True

    def _refused(self, login: dict[str, str]) -> list[SqlError]:
        user, database = login["user"], login["database"]
        failed = SqlError(18456, f"Login failed for user '{user}'.", 14)
        if login["integrated"] or not self.server.config.accepts(user, login["password"]):
            time.sleep(0.02)
            return [failed]
        name = database or self.server.config.default_database
        found = self.server.database(None, name)
        if found is None or not self.server.may_use(user, found[0]):
            return [
                SqlError(4060, f'Cannot open database "{name}" requested by the login. The login failed.', 11),
                failed,
            ]
        return []

    # ---- messages

    def _serve(self) -> None:
        session = self.session
        assert session is not None
        while True:
            message = session.pending or self.stream.read()
            session.pending = None
            if session.killed:
                raise ConnectionGone("cut by the control socket")
            self.server.hold.wait()
            self._one(session, message)

    def _one(self, session: Session, message: Message) -> None:
        out = session.out = TokenStream()
        session.last_request = time.time()
        session.cancel_seen = False
        if message.status & (packets.RESET_CONNECTION | packets.RESET_KEEP_TRANSACTION):
            self.server.reset(session, keep_transaction=bool(message.status & packets.RESET_KEEP_TRANSACTION))
            out.env(tokens.ENV_RESET, "", "")
        if message.kind == packets.ATTENTION:
            out.done(attention=True)
            self.stream.send(out.data)
            return
        session.running = "running"
        self._run(session, message)
        session.running = ""
        session.tries.clear()
        session.out.in_proc = 0
        if not session.tran.count and session.backend.in_transaction:
            session.backend.command("ROLLBACK")
        if not session.out.ends_with_done:
            session.out.done()
        self.stream.send(session.out.data)

    def _run(self, session: Session, message: Message) -> None:
        """Run one request; an exception becomes its answer."""
        try:
            self._dispatch(session, message)
            batch.finish_request(session)
        except Cancelled:
            session.tries.clear()
            session.tran.cancelled(session.settings.xact_abort)
            out = session.out = TokenStream()
            out.done(attention=True)
        except SqlError as error:
            batch.report(session, error)
        except BackendError as error:
            log.warning("PostgreSQL: %s %s", error.sqlstate, error.message)
            batch.report(
                session, SqlError(49990, f"lab.sqlserver: PostgreSQL answers {error.sqlstate} {error.message}")
            )
            if session.backend.failed:
                session.tran.rollback()
        except (ConnectionGone, OSError):
            raise
        except Exception as error:
            log.exception("a fault of the lab's SQL Server")
            batch.report(session, SqlError(49990, f"lab.sqlserver has a fault: {error!r}"))
            session.tran.rollback()

    def _dispatch(self, session: Session, message: Message) -> None:
        if message.kind == packets.BATCH:
            body = rpc.after_headers(message.body)
            text = body.data[body.pos :].decode("utf-16-le")
            if self.server.config.trace:
                log.info("batch: %s", text)
            batch.run_batch(session, text)
        elif message.kind == packets.RPC:
            rpc.run(session, message.body)
        elif message.kind == packets.TRANSACTION:
            self._transaction(session, message.body)
        else:
            raise SqlError(49990, f"lab.sqlserver does not know the message type {message.kind} and refuses it")

    def _transaction(self, session: Session, body: bytes) -> None:
        b = rpc.after_headers(body)
        request = b.u16()
        if request == _BEGIN:
            session.tran.begin()
        elif request == _COMMIT:
            if session.tran.count:
                session.tran.commit()
            b.b_varchar()
            if b.u8() & 1:
                session.tran.begin()
        elif request == _ROLLBACK:
            name = b.b_varchar()
            flags = b.u8()
            if session.tran.count:
                if name:
                    session.tran.rollback_to(name)
                else:
                    session.tran.rollback()
            if flags & 1:
                session.tran.begin()
        elif request == _SAVE:
            session.tran.save(b.b_varchar())
        else:
            raise SqlError(49990, f"lab.sqlserver does not know the transaction request {request} and refuses it")
