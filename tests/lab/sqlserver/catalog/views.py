# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""sys.* and INFORMATION_SCHEMA: views on the lab's catalogue, and rows that only the server knows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import refusal
from ..translate.names import ident, quote, schema_ident
from . import lookup

if TYPE_CHECKING:
    from ..session import Session

_LIVE = {
    "dm_exec_sessions": "session_id int2, login_time timestamp, host_name text, program_name text, "
    "client_interface_name text, "
    "login_name text, original_login_name text, status text, database_id int2, is_user_process int2, "
    "open_transaction_count int4, last_request_start_time timestamp, last_request_end_time timestamp, "
    "host_process_id int4, reads int8, writes int8, cpu_time int4",
    "dm_exec_requests": "session_id int2, status text, command text, database_id int2, blocking_session_id int2, "
    "wait_type text, "
    "start_time timestamp, total_elapsed_time int4, percent_complete float4",
    "dm_exec_connections": "session_id int4, net_transport text, protocol_type text, encrypt_option text, "
    "auth_scheme text, "
    "client_net_address text, connect_time timestamp",
    "dm_tran_locks": "resource_type text, resource_subtype text, resource_database_id int4, resource_description text, "
    "resource_associated_entity_id int8, request_mode text, request_type text, request_status text, "
    "request_session_id int4, request_owner_type text",
    "dm_exec_procedure_stats": "database_id int4, object_id int4, type text, execution_count int8, "
    "total_elapsed_time int8, "
    "last_execution_time timestamp, cached_time timestamp, total_worker_time int8",
    "dm_tran_session_transactions": "session_id int4, transaction_id int8, is_user_transaction int2, "
    "open_transaction_count int4",
    "dm_tran_active_transactions": "transaction_id int8, name text, transaction_begin_time timestamp",
    "dm_os_sys_info": "sqlserver_start_time timestamp, cpu_count int4",
}


class Views:
    """`source` says what stands for a system view in FROM."""

    def __init__(self) -> None:
        text = (Path(__file__).parent / "views.sql").read_text(encoding="utf-8")
        self._statements = [s.strip() for s in text.split(";\n") if s.strip() and not s.strip().startswith("--")]
        self._names = {
            line.split(" ", 1)[0].strip() for s in self._statements for line in [s.partition("@SCHEMA@.")[2]] if line
        }
        self._started = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)

    def create(self, db: str) -> list[str]:
        """The views of one database."""
        out = []
        for statement in self._statements:
            filled = (
                statement.replace("@SCHEMA@", schema_ident(db, "sys"))
                .replace("@INFORMATION@", schema_ident(db, "information_schema"))
                .replace("@DB@", quote(db))
            )
            out.append(filled)
        return out

    def source(self, s: Session, name: tuple[str, ...]) -> str:
        view = name[-1].lower()
        schema = name[-2].lower()
        if schema == "sys" and view in _LIVE:
            return f"live:{view}:{_LIVE[view]}"
        db = lookup.split(s, (*name[:-2], "dbo", "x"))[0] if len(name) > 2 else s.db
        key = ("view", db, schema, view)
        known = s.cache.extra.get(key)
        if known is None:
            rows = s.backend.query(
                "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
                "c.relname = $2",
                [f"{db}.{schema}".encode(), view.encode()],
            ).rows
            known = s.cache.extra[key] = bool(rows)
        if not known:
            raise refusal(f"the system view {'.'.join(name)}")
        return f"{schema_ident(db, schema)}.{ident(view)}"

    def live_rows(self, view: str, s: Session) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = getattr(self, "_" + view)(s)
        return rows

    @staticmethod
    def _ids(s: Session) -> dict[str, int]:
        return {d[0].lower(): d[2] for d in s.server.databases(s)}

    def _dm_exec_sessions(self, s: Session) -> list[dict[str, Any]]:
        ids = self._ids(s)
        rows: list[dict[str, Any]] = [
            {
                "session_id": 1,
                "login_time": self._started.isoformat(),
                "login_name": "sa",
                "status": "sleeping",
                "database_id": 1,
                "is_user_process": 0,
                "open_transaction_count": 0,
            }
        ]
        everyone = s.server.rights.has(s, None, None, "VIEW SERVER STATE")
        for other in s.server.sessions():
            if other is not s and not everyone:
                continue
            rows.append(
                {
                    "session_id": other.spid,
                    "login_time": _time(other.login_time),
                    "host_name": other.host,
                    "program_name": other.program,
                    "client_interface_name": other.library,
                    "login_name": other.login,
                    "original_login_name": other.login,
                    "status": other.running or "sleeping",
                    "database_id": ids.get(other.db, 1),
                    "is_user_process": 1,
                    "open_transaction_count": other.tran.count,
                    "last_request_start_time": _time(other.last_request),
                    "last_request_end_time": _time(other.last_request),
                    "host_process_id": 0,
                    "reads": 0,
                    "writes": 0,
                    "cpu_time": 0,
                }
            )
        return rows

    def _dm_exec_requests(self, s: Session) -> list[dict[str, Any]]:
        ids = self._ids(s)
        return [
            {
                "session_id": o.spid,
                "status": "running",
                "command": "SELECT",
                "database_id": ids.get(o.db, 1),
                "blocking_session_id": 0,
                "start_time": _time(o.last_request),
                "total_elapsed_time": 0,
                "percent_complete": 0,
            }
            for o in s.server.sessions()
            if o.running
        ]

    def _dm_exec_connections(self, s: Session) -> list[dict[str, Any]]:
        encrypted = "TRUE" if s.server.tls is not None else "FALSE"
        return [
            {
                "session_id": o.spid,
                "net_transport": "TCP",
                "protocol_type": "TSQL",
                "encrypt_option": encrypted,
                "auth_scheme": "SQL",
                "client_net_address": "127.0.0.1",
                "connect_time": _time(o.login_time),
            }
            for o in s.server.sessions()
        ]

    def _dm_tran_locks(self, s: Session) -> list[dict[str, Any]]:
        ids = self._ids(s)
        modes = {"Exclusive": "X", "Shared": "S", "Update": "U", "IntentShared": "IS", "IntentExclusive": "IX"}
        return [
            {
                "resource_type": "APPLICATION",
                "resource_subtype": "",
                "resource_database_id": ids.get(key[0], 0),
                "resource_description": f"0:[{key[2][:32]}]:(lab)",
                "resource_associated_entity_id": 0,
                "request_mode": modes[mode],
                "request_type": "LOCK",
                "request_status": status,
                "request_session_id": owner.spid,
                "request_owner_type": "SESSION" if kind == "Session" else "TRANSACTION",
            }
            for key, owner, mode, status, kind in s.server.locks.snapshot()
        ]

    def _dm_exec_procedure_stats(self, s: Session) -> list[dict[str, Any]]:
        ids = self._ids(s)
        return [
            {
                "database_id": ids.get(s.db, 0),
                "object_id": i,
                "type": "P",
                "execution_count": int(row[0]),
                "total_elapsed_time": int(row[1] * 1e6),
                "last_execution_time": _time(row[2]),
                "cached_time": _time(row[3]),
                "total_worker_time": int(row[1] * 1e6),
            }
            for i, row in list(s.server.counters.procedures.items())
        ]

    def _dm_tran_session_transactions(self, s: Session) -> list[dict[str, Any]]:
        return [
            {
                "session_id": o.spid,
                "transaction_id": o.tran.id,
                "is_user_transaction": 1,
                "open_transaction_count": o.tran.count,
            }
            for o in s.server.sessions()
            if o.tran.count
        ]

    def _dm_tran_active_transactions(self, s: Session) -> list[dict[str, Any]]:
        return [
            {"transaction_id": o.tran.id, "name": "user_transaction", "transaction_begin_time": _time(o.last_request)}
            for o in s.server.sessions()
            if o.tran.count
        ]

    def _dm_os_sys_info(self, s: Session) -> list[dict[str, Any]]:
        return [{"sqlserver_start_time": self._started.isoformat(), "cpu_count": 2}]


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None).isoformat()
