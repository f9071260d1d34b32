# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions whose answer the session or the server knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..catalog import lookup
from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser import nodes as n
from ..parser.expressions import ExpressionParser
from ..running import values
from ..wire import types

if TYPE_CHECKING:
    from ..session import Session

_GLOBALS: dict[str, Callable[[Session, Frame], Any]] = {
    "@@ROWCOUNT": lambda s, frame: s.rowcount,
    "@@TRANCOUNT": lambda s, frame: s.tran.count,
    "@@ERROR": lambda s, frame: s.error,
    "@@SPID": lambda s, frame: s.spid,
    "@@IDENTITY": lambda s, frame: s.last_identity,
    "@@NESTLEVEL": lambda s, frame: frame.level,
    "@@LOCK_TIMEOUT": lambda s, frame: s.settings.lock_timeout,
    "@@LANGUAGE": lambda s, frame: s.settings.language.name,
    "@@LANGID": lambda s, frame: s.settings.language.id,
    "@@DATEFIRST": lambda s, frame: s.settings.date_first,
    "@@OPTIONS": lambda s, frame: s.settings.options,
    "@@PROCID": lambda s, frame: frame.procedure_id,
    "@@VERSION": lambda s, frame: (
        "Microsoft SQL Server 2022 (simulated by lab.sqlserver of zero_downtime.dotnet) - "
        f"{s.server.config.version} (X64)"
    ),
}
_FIXED: dict[str, Any] = {
    "@@SERVERNAME": "LABSQL",
    "@@SERVICENAME": "MSSQLSERVER",
    "@@MAX_PRECISION": 38,
    "@@FETCH_STATUS": -1,
    "@@MICROSOFTVERSION": 0x10000FA0,
    "@@TEXTSIZE": 2147483647,
    "@@MAX_CONNECTIONS": 32767,
    "@@DBTS": b"\0\0\0\0\0\0\x07\xd0",
}


class Functions:
    """`call` for name(...), `global_value` for @@name."""

    def global_value(self, s: Session, name: str, frame: Frame) -> Any:
        known = _GLOBALS.get(name)
        return known(s, frame) if known is not None else _FIXED[name]

    def call(self, s: Session, name: str, frame: Frame, args: list[n.Expr]) -> Any:
        given = [
            a.parts[-1] if name == "update" and isinstance(a, n.Column) else values.evaluate(s, a, frame) for a in args
        ]
        method = getattr(self, "_" + name, None)
        if method is None:
            raise refusal(f"the function {name}")
        return method(s, frame, *given)

    # ---- who and where

    def _db_name(self, s: Session, frame: Frame, database_id: Any = None) -> Any:
        if database_id is None:
            return s.db_name
        return next((d[0] for d in s.server.databases(s) if d[2] == int(database_id)), None)

    def _db_id(self, s: Session, frame: Frame, name: Any = None) -> Any:
        wanted = (name or s.db_name).lower()
        return next((d[2] for d in s.server.databases(s) if d[0].lower() == wanted), None)

    def _suser_sname(self, s: Session, frame: Frame, *args: Any) -> Any:
        return s.login

    _suser_name = _original_login = _system_user = _suser_sname

    def _suser_id(self, s: Session, frame: Frame, *args: Any) -> Any:
        return s.server.login_id(s.login)

    def _user_name(self, s: Session, frame: Frame, *args: Any) -> Any:
        return s.server.rights.user(s)

    _current_user = _session_user = _user = _user_name

    def _user_id(self, s: Session, frame: Frame, *args: Any) -> Any:
        return s.server.rights.principal_id(s, args[0] if args else s.server.rights.user(s))

    _database_principal_id = _user_id

    def _host_name(self, s: Session, frame: Frame) -> Any:
        return s.host

    def _host_id(self, s: Session, frame: Frame) -> Any:
        return str(s.spid)

    def _app_name(self, s: Session, frame: Frame) -> Any:
        return s.program

    _program_name = _app_name

    # ---- identity and errors

    def _scope_identity(self, s: Session, frame: Frame) -> Any:
        return frame.identity

    def _ident_current(self, s: Session, frame: Frame, name: Any) -> Any:
        parts = tuple(self._split(s, name))
        info = lookup.find(s, parts)
        if info is None or info.identity is None:
            return None
        rows = s.backend.query(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), (SELECT seed FROM "
            "lab.columns WHERE "
            "object_id = $3::int4 AND identity))",
            [info.ref.encode(), _physical(info.identity.name), str(info.object_id).encode()],
        ).rows
        return int(rows[0][0] or 0)

    def _caught(self, frame: Frame) -> SqlError | None:
        at: Frame | None = frame
        while at is not None:
            if at.caught:
                return at.caught[-1]
            at = at.parent
        return None

    def _error_number(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return error.number if error else None

    def _error_message(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return error.text if error else None

    def _error_severity(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return error.severity if error else None

    def _error_state(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return error.state if error else None

    def _error_line(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return error.line if error else None

    def _error_procedure(self, s: Session, frame: Frame) -> Any:
        error = self._caught(frame)
        return (error.procedure or None) if error else None

    def _xact_state(self, s: Session, frame: Frame) -> Any:
        return 0 if s.tran.count == 0 else -1 if s.tran.doomed else 1

    def _current_transaction_id(self, s: Session, frame: Frame) -> Any:
        return s.tran.id

    def _rowcount_big(self, s: Session, frame: Frame) -> Any:
        return s.rowcount

    def _trigger_nestlevel(self, s: Session, frame: Frame, *args: Any) -> Any:
        level = 0
        at: Frame | None = frame
        while at is not None:
            if at.trigger is not None and (at.parent is None or at.parent.trigger is not at.trigger):
                level += 1
            at = at.parent
        return level

    def _update(self, s: Session, frame: Frame, column: str) -> Any:
        if frame.trigger is None:
            raise SqlError(156, "Incorrect syntax near the keyword 'UPDATE'.", 15)
        return column.lower() in frame.trigger.updated

    # ---- properties

    def _serverproperty(self, s: Session, frame: Frame, name: Any) -> Any:
        version = s.server.config.version
        return {
            "productversion": version,
            "productmajorversion": version.split(".")[0],
            "productminorversion": "0",
            "productlevel": "RTM",
            "edition": s.server.config.edition,
            "engineedition": s.server.config.engine_edition,
            "servername": "LABSQL",
            "machinename": "LABSQL",
            "instancename": None,
            "isclustered": 0,
            "ishadrenabled": 0,
            "collation": "SQL_Latin1_General_CP1_CI_AS",
            "isintegratedsecurityonly": 0,
            "isxtpsupported": 0,
            "productupdatelevel": None,
            "resourceversion": version,
        }.get(str(name).lower())

    def _databasepropertyex(self, s: Session, frame: Frame, name: Any, what: Any) -> Any:
        found = s.server.database(s, str(name))
        if found is None:
            return None
        return {
            "updateability": "READ_ONLY" if found[1] else "READ_WRITE",
            "status": "ONLINE",
            "recovery": "FULL",
            "collation": "SQL_Latin1_General_CP1_CI_AS",
            "useraccess": "MULTI_USER",
            "version": 957,
            "isautoclose": 0,
        }.get(str(what).lower())

    def _connectionproperty(self, s: Session, frame: Frame, name: Any) -> Any:
        return {"net_transport": "TCP", "protocol_type": "TSQL", "auth_scheme": "SQL"}.get(str(name).lower())

    def _sessionproperty(self, s: Session, frame: Frame, name: Any) -> Any:
        return {
            "quoted_identifier": int(s.settings.quoted_identifier),
            "ansi_nulls": 1,
            "ansi_padding": 1,
            "ansi_warnings": 1,
            "arithabort": int(s.settings.arithabort),
            "concat_null_yields_null": 1,
            "numeric_roundabort": 0,
        }.get(str(name).lower())

    def _session_context(self, s: Session, frame: Frame, key: Any) -> Any:
        return s.context.get(str(key).lower())

    def _context_info(self, s: Session, frame: Frame) -> Any:
        return None

    def _getansinull(self, s: Session, frame: Frame, *args: Any) -> Any:
        return 1

    def _min_active_rowversion(self, s: Session, frame: Frame) -> Any:
        return b"\0\0\0\0\0\0\x07\xd1"

    # ---- objects and rights

    def _split(self, s: Session, name: Any) -> list[str]:
        try:
            return list(ExpressionParser(str(name)).name())
        except SqlError:
            return [str(name)]

    def _object_id(self, s: Session, frame: Frame, name: Any, kind: Any = None) -> Any:
        if name is None:
            return None
        parts = self._split(s, name)
        if parts[-1].startswith("#"):
            temp = s.temp.get(parts[-1].lower())
            return temp.object_id if temp is not None else None
        try:
            info = lookup.find(s, tuple(parts))
        except SqlError:
            return None
        if info is None or (kind is not None and str(kind).strip().upper() != info.kind):
            return None
        return info.object_id if s.server.rights.sees(s, info) else None

    def _type_id(self, s: Session, frame: Frame, name: Any) -> Any:
        parts = self._split(s, name)
        known = types.TYPE_IDS.get(parts[-1].lower())
        if known is not None:
            return known
        info = lookup.find(s, tuple(parts))
        return info.object_id if info is not None and info.kind in ("TT", "TYPE") else None

    def _indexproperty(self, s: Session, frame: Frame, object_id: Any, index: Any, what: Any) -> Any:
        rows = s.backend.query(
            "SELECT index_id, is_unique::int, clustered::int, disabled::int FROM lab.indexes WHERE object_id = "
            "$1::int4 AND name = $2",
            [str(object_id).encode(), str(index).encode()],
        ).rows
        if not rows:
            return None
        at = {"indexid": 0, "isunique": 1, "isclustered": 2, "isdisabled": 3}.get(str(what).lower())
        return int(rows[0][at] or 0) if at is not None else None

    def _has_perms_by_name(
        self, s: Session, frame: Frame, securable: Any, kind: Any, permission: Any, *rest: Any
    ) -> Any:
        return s.server.rights.has(s, securable, kind, str(permission))

    def _has_dbaccess(self, s: Session, frame: Frame, name: Any) -> Any:
        found = s.server.database(s, str(name))
        return None if found is None else int(s.server.may_use(s.login, found[0]))

    def _is_member(self, s: Session, frame: Frame, role: Any) -> Any:
        return int(s.server.rights.in_role(s, str(role)))

    def _is_rolemember(self, s: Session, frame: Frame, role: Any, *rest: Any) -> Any:
        return int(s.server.rights.in_role(s, str(role)))

    def _is_srvrolemember(self, s: Session, frame: Frame, role: Any, *rest: Any) -> Any:
        return int(str(role).lower() == "public" or s.server.config.login(s.login).sysadmin)

    def _applock_test(self, s: Session, frame: Frame, principal: Any, resource: Any, mode: Any, owner: Any) -> Any:
        key = (s.db, s.server.rights.lock_principal(s, principal), str(resource)[:255])
        return int(s.server.locks.test(s, key, _mode(mode)))

    def _applock_mode(self, s: Session, frame: Frame, principal: Any, resource: Any, owner: Any) -> Any:
        key = (s.db, s.server.rights.lock_principal(s, principal), str(resource)[:255])
        return s.server.locks.mode(s, key, str(owner).capitalize())

    # ---- texts

    def _isnumeric(self, s: Session, frame: Frame, value: Any) -> Any:
        if value is None:
            return 0
        try:
            float(conversion.to_text(value))
        except ValueError:
            return 0
        return 1

    def _isdate(self, s: Session, frame: Frame, value: Any) -> Any:
        try:
            conversion.coerce(value, types.DATETIME2)
        except SqlError:
            return 0
        return int(value is not None)

    def _parsename(self, s: Session, frame: Frame, name: Any, piece: Any) -> Any:
        try:
            parts = ExpressionParser(str(name)).name()
        except SqlError:
            return None
        return (parts[-int(piece)] or None) if 0 < int(piece) <= len(parts) else None

    def _formatmessage(self, s: Session, frame: Frame, text: Any, *args: Any) -> Any:
        from ..running.messages import format_message

        return format_message(str(text), list(args))


def _physical(name: str) -> bytes:
    from ..translate.names import physical

    return physical(name).encode()


def _mode(mode: Any) -> str:
    from ..locks import MODES

    return next((m for m in MODES if m.lower() == str(mode).lower()), str(mode))
