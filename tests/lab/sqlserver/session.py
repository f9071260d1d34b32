# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session: what a connection knows, and how it runs statements."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import backend as pg
from . import evaluate
from .backend import Backend, BackendError, Result
from .catalog import catalog
from .catalog.catalog import Cache, ObjectInfo
from .errors import COMPILE_ERRORS, Cancelled, ConnectionGone, SqlError, refusal
from .frame import (
    BatchAbort,
    BreakSignal,
    ContinueSignal,
    Frame,
    ReturnSignal,
    ScopeAbort,
    TriggerContext,
    undeclared,
)
from .parser import nodes as n
from .pgerrors import to_sql_error
from .transactions import Transactions
from .translate.dml import DmlTranslator, Translation
from .translate.expressions import Param, variables_of
from .translate.names import ident, physical, quote
from .wire import tokens, types
from .wire.packets import ATTENTION, Message, PacketStream
from .wire.tokens import Column, TokenStream
from .wire.types import SqlType

if TYPE_CHECKING:
    from .server import Server

MAX_NESTING = 32
_VERBS = {
    n.Insert: ("INSERT", tokens.CMD_INSERT),
    n.Update: ("UPDATE", tokens.CMD_UPDATE),
    n.Delete: ("DELETE", tokens.CMD_DELETE),
    n.Merge: ("MERGE", 0x117),
}


class Scope:
    """What a translation sees of the session."""

    def __init__(self, session: Session, frame: Frame) -> None:
        self.session = session
        self.frame = frame
        self.db = session.db

    def variable_type(self, name: str) -> SqlType:
        kind = self.frame.types.get(name)
        if kind is None:
            raise undeclared(name)
        return kind

    def table(self, name: n.Name) -> ObjectInfo | str:
        return self.session.find_source(name, self.frame)

    def module_query(self, info: ObjectInfo) -> n.Module:
        return self.session.module_of(info)

    def trigger_table(self) -> ObjectInfo | None:
        return self.frame.trigger.table if self.frame.trigger is not None else None


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
        self.xact_abort = False
        self.nocount = False
        self.implicit = False
        self.noexec = False
        self.parse_only = False
        self.quoted_identifier = True
        self.ansi_nulls = True
        self.row_limit = 0
        self.rowcount = 0
        self.error = 0
        self.last_identity: int | None = None
        self.lock_timeout = -1
        self.identity_insert: int = 0
        self.context: dict[str, Any] = {}
        self.tries: list[Frame] = []
        self.temp: dict[str, ObjectInfo] = {}
        self.temp_serial = 0
        self.private: Cache | None = None
        self.cancel_seen = False

    # ---- Watcher

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
        """Sleep, but hear an attention or the end of the connection."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            if select.select([self.stream], [], [], left)[0] and self.interrupted():
                raise Cancelled
            if self.killed:
                raise ConnectionGone("cut by the control socket")

    # ---- transactions

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
        """Under XACT_ABORT an error ends the transaction anyhow, unless a CATCH goes on reading in it."""
        return self.tran.count > 0 and (not self.xact_abort or bool(self.tries))

    def begin_implicit(self) -> None:
        if self.implicit and self.tran.count == 0:
            self.tran.begin()

    # ---- catalogue

    @property
    def cache(self) -> Cache:
        return self.private if self.private is not None else self.server.cache

    def definitions_changed(self) -> None:
        """A definition was made: the world sees it at commit, this session at once."""
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

    def split(self, name: n.Name) -> tuple[str, str, str]:
        """Database, schema and name of an object; a linked server is refused."""
        if len(name) == 4:
            raise SqlError(7202, f"Could not find server '{name[0]}' in sys.servers.")
        schema = name[-2] if len(name) >= 2 and name[-2] else "dbo"
        db = self.db
        if len(name) == 3 and name[0]:
            found = self.server.database(self, name[0])
            if found is None:
                raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
            db = found[0].lower()
        return db, schema, name[-1]

    def find(self, name: n.Name) -> ObjectInfo | None:
        """An object of any kind; temporary tables by their #name."""
        if name[-1].startswith("#"):
            return self.temp.get(name[-1].lower())
        db, schema, last = self.split(name)
        return catalog.load(self.cache, self.fetch_raw, db, schema, last)

    def find_source(self, name: n.Name, frame: Frame) -> ObjectInfo | str:
        """What stands in FROM: a table, view, table variable, trigger's rows or a system view."""
        last = name[-1].lower()
        if last.startswith("@"):
            at: Frame | None = frame
            info = at.tables.get(last) if at is not None else None
            if info is None:
                raise SqlError(1087, f'Must declare the table variable "{name[-1]}".', 15)
            return info
        if len(name) == 1 and last in ("inserted", "deleted") and frame.trigger is not None:
            return f"rows:{last}:{frame.trigger.table.ref}"
        if len(name) >= 2 and name[-2].lower() in ("sys", "information_schema"):
            return self.server.views.source(self, name)
        if len(name) == 1 and last in ("sysobjects", "syscolumns", "sysindexes", "sysdatabases"):
            raise refusal("the compatibility view " + last)
        found = self.find(name)
        hops = 0
        while found is not None and found.kind == "SN":
            hops += 1
            if hops > 8:
                raise SqlError(5313, f"Synonym '{'.'.join(name)}' refers to an invalid object.")
            found = self.find(tuple(json.loads(found.target)))
        if found is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(p for p in name if p)}'.")
        return found

    def module_of(self, info: ObjectInfo) -> n.Module:
        statements = self.server.parse(info.definition, info.quoted_identifier)
        module = statements[0]
        assert isinstance(module, n.Module)
        return module

    # ---- names in messages

    def table_label(self, schema: str, table: str) -> str:
        if not table:
            return ""
        rows = self._quietly(
            "SELECT o.schema_name || '.' || o.name FROM lab.objects o JOIN pg_class c ON c.oid = o.object_id JOIN "
            "pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relname = $2",
            schema,
            table,
        )
        return rows[0] if rows else table

    def column_label(self, schema: str, table: str, column: str) -> str:
        rows = self._quietly(
            "SELECT k.name FROM lab.columns k JOIN pg_class c ON c.oid = k.object_id JOIN pg_namespace s ON "
            "s.oid = c.relnamespace WHERE s.nspname = $1 AND c.relname = $2 AND k.name = $3",
            schema,
            table,
            column,
        )
        return rows[0] if rows else column

    def constraint_name(self, name: str) -> tuple[str, str]:
        """A constraint's or index's own spelling and its kind."""
        rows = self._quietly(
            "SELECT o.type || ':' || o.name FROM lab.objects o WHERE o.db = $1 AND o.name = $2 AND "
            "o.parent_object_id <> 0",
            self.db,
            name,
        )
        if rows:
            kind, _unused, text = rows[0].partition(":")
            return text, kind
        rows = self._quietly("SELECT name FROM lab.indexes WHERE pg_name = $1", name)
        return (rows[0], "IX") if rows else (name, "")

    def _quietly(self, sql: str, *params: str) -> list[str]:
        """A look at the catalogue while an error is put into words; a failed transaction has nothing to say."""
        if self.backend.failed:
            other = self.server.pool.take()
            try:
                rows = other.query(sql, [p.encode() for p in params]).rows
            finally:
                self.server.pool.give_back(other)
        else:
            rows = self.backend.query(sql, [p.encode() for p in params]).rows
        return [(r[0] or b"").decode() for r in rows]

    # ---- batches

    def run_batch(self, text: str, frame: Frame | None = None) -> None:
        """A batch from the client, or a string with the variables of its frame."""
        self.server.counters.batches += 1
        self.batches += 1
        if frame is None:
            frame = Frame(text)
        try:
            statements = self.parse(text)
            if self.parse_only:
                return
            self.run_all(statements, frame)
        except SqlError as error:
            self.report(error)
            if self.xact_abort and self.tran.count and error.number not in COMPILE_ERRORS:
                self.tran.rollback()
        except (ScopeAbort, BatchAbort):
            if frame.parent is not None:
                raise
        except ReturnSignal:
            pass
        except (BreakSignal, ContinueSignal):
            self.report(SqlError(135, "Cannot use a BREAK statement outside the scope of a WHILE statement.", 15))
        finally:
            self.end_frame(frame)

    def parse(self, text: str) -> list[n.Statement]:
        return self.server.parse(text, self.quoted_identifier)

    def end_frame(self, frame: Frame) -> None:
        for name in frame.temp:
            info = self.temp.pop(name, None)
            if info is not None and not self.backend.failed:
                try:
                    self.backend.command(f"DROP TABLE IF EXISTS {info.ref}")
                except BackendError:
                    pass
        if frame.tables and not self.backend.failed:
            for info in frame.tables.values():
                self.backend.command(f"DROP TABLE IF EXISTS {info.ref}")

    def report(self, error: SqlError) -> None:
        self.error = error.number
        if error.first is not None:
            before = error.first
            self.out.message(before.number, before.text, before.severity, 1, error.procedure, max(error.line, 1))
        self.out.message(error.number, error.text, error.severity, error.state, error.procedure, max(error.line, 1))
        self.out.done(error=True)

    def run_all(self, statements: Sequence[n.Statement], frame: Frame) -> None:
        for statement in statements:
            self.execute(statement, frame)

    def execute(self, statement: n.Statement, frame: Frame) -> None:
        """One statement; decides how far its error reaches."""
        if self.killed:
            raise ConnectionGone("cut by the control socket")
        if self.noexec and not isinstance(statement, n.SetOption):
            return
        try:
            _EXECUTE[type(statement)](self, statement, frame)
        except BackendError as error:
            wrapped = to_sql_error(error, self, "", None, {}, frame.source[statement.start : statement.end])
            self._failed(wrapped, statement, frame)
        except SqlError as error:
            self._failed(error, statement, frame)
        else:
            if not isinstance(
                statement, (n.If, n.While, n.Block, n.TryCatch, n.Exec, n.ExecString, n.Return, n.RaisError)
            ):
                self.error = 0

    def _failed(self, error: SqlError, statement: n.Statement, frame: Frame) -> None:
        if error.scope is not None:  # on its way to an outer TRY
            raise error
        error.scope = frame
        if not error.line:
            error.line = statement.line
        if not error.procedure:
            error.procedure = frame.procedure
        self.error = error.number
        fatal = error.aborts == "transaction" or (self.xact_abort and not error.user_raised)
        catchable = any(t is not frame or error.number not in COMPILE_ERRORS for t in self.tries)
        if catchable:
            if self.tran.count and (fatal or self.backend.failed):
                if error.number == 1205 or self.backend.failed:
                    self._begin_anew()
                self.tran.doomed = True
            raise error
        self.report(error)
        if self.tran.count and (fatal or self.backend.failed or self.tran.doomed):
            self.tran.rollback()
        if fatal or error.aborts in ("batch", "transaction"):
            raise BatchAbort
        if error.aborts == "scope":
            raise ScopeAbort
        if frame.trigger is not None:
            raise BatchAbort

    def _begin_anew(self) -> None:
        """PostgreSQL's transaction is lost with its locks: the client's stays open, doomed, with a new one to read in."""
        self.backend.command("ROLLBACK")
        self.backend.command("BEGIN")
        self.tran.fresh()

    # ---- expressions

    def evaluate(self, e: n.Expr, frame: Frame) -> Any:
        if evaluate.is_local(e):
            return evaluate.value(self, frame, e)
        query = n.SelectStatement(n.Select([n.SelectItem(e)]))
        n.place(query)
        _use_cache(query, _expression_cache(e))
        rows = self._rows(query, frame)[1]
        return rows[0][0] if rows else None

    def condition(self, e: n.Expr, frame: Frame) -> bool:
        if evaluate.is_local(e):
            return bool(evaluate.value(self, frame, e))
        return bool(self.evaluate(_as_case(e), frame))

    # ---- translated statements

    def translate(self, statement: n.Statement, frame: Frame) -> Translation:
        cache = statement.cache
        names = cache.get("names")
        if names is None:
            names = tuple(sorted(variables_of(statement, set())))
            cache["names"] = names
        types_of = frame.types
        trigger = frame.trigger.table.object_id if frame.trigger is not None else 0
        key = (
            self.cache.key,
            self.db,
            self.identity_insert,
            trigger,
            tuple(types_of.get(name) for name in names),
            (frame.tables and tuple((k, v.ref) for k, v in frame.tables.items())) or None,
            tuple((k, v.ref) for k, v in self.temp.items()) if self.temp else None,
        )
        found: Translation | None = cache.get(key)
        if found is None:
            if len(cache) > 40:
                cache.clear()
                cache["names"] = names
            found = self._translate(statement, frame)
            found.prepare = False
            cache[key] = found
        else:
            found.prepare = self.private is None and not self.temp
        return found

    def _translate(self, statement: n.Statement, frame: Frame) -> Translation:
        translator = DmlTranslator(Scope(self, frame))
        if isinstance(statement, n.SelectStatement):
            return self._translate_select(statement, translator)
        if isinstance(statement, n.Insert):
            info = translator.target(statement.target)
            return translator.insert(statement, self.identity_insert == info.object_id)
        if isinstance(statement, n.Update):
            return translator.update(statement)
        if isinstance(statement, n.Delete):
            return translator.delete(statement)
        assert isinstance(statement, n.Merge)
        info = translator.target(statement.target)
        return translator.merge(statement, self.identity_insert == info.object_id)

    def _translate_select(self, statement: n.SelectStatement, translator: DmlTranslator) -> Translation:
        query = statement.query
        assigns = None
        if isinstance(query, n.Select) and any(i.variable for i in query.items):
            if not all(i.variable for i in query.items):
                raise SqlError(
                    141,
                    "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval "
                    "operations.",
                    15,
                )
            query, assigns = _split_assignments(query)
        sql = translator.query(query)
        translation = Translation("SELECT", sql, translator)
        translation.outputs = translator.outputs
        translation.assigns = assigns
        return translation

    def parameters(self, translation: Translation, frame: Frame) -> list[bytes | None]:
        return self.values_of(translation.params, frame)

    def values_of(self, params: list[Param], frame: Frame) -> list[bytes | None]:
        out: list[bytes | None] = []
        for p in params:
            kind = p[0]
            if kind == "var":
                out.append(pg.to_pg(frame.get(p[1])))
            elif kind == "global":
                out.append(pg.to_pg(self.global_value(p[1], frame)))
            elif kind == "call":
                out.append(pg.to_pg(self.call_function(p[1], frame, p[2])))
            elif kind == "rows":
                assert frame.trigger is not None
                out.append((frame.trigger.inserted if p[1] == "inserted" else frame.trigger.deleted).encode())
            elif kind == "ctids":
                out.append(b"{}")  # known when the rows have been locked
            else:
                out.append(json.dumps(self.server.views.live_rows(p[1], self)).encode())
        return out

    def run_translated(self, translation: Translation, params: list[bytes | None]) -> Result:
        if self.row_limit:
            raise refusal("SET ROWCOUNT with a number other than 0")
        for lock in translation.locks:
            self.backend.query(lock)
        bare = self.tran.count > 0 and not self.savepoint_needed()  # a stale plan would end the transaction
        if not translation.prepare or self.unprepared or bare:
            return self.backend.query(translation.sql, params)
        star = translation.outputs is not None and any(o.star for o in translation.outputs)
        if star:
            return self.backend.query(translation.sql, params)
        self._fresh_plans()
        return self.backend.prepared(translation.sql, params)

    def _fresh_plans(self) -> None:
        """PostgreSQL refuses a prepared statement whose result's types have changed: none outlives a definition."""
        key = self.server.cache.key
        if self.plans != key:
            self.plans = key
            self.backend.forget()

    def guarded(
        self,
        statement: n.Statement,
        frame: Frame,
        verb: str,
        info: ObjectInfo | None,
        spelling: dict[str, str],
        work: Callable[[], Any],
        atomic: bool = False,
    ) -> Any:
        """Run PostgreSQL's part of a statement and put its errors into SQL Server's words."""
        try:
            return self._attempt(work, atomic)
        except BackendError as error:
            problem = error
        if problem.sqlstate == "0A000" and "cached plan" in problem.message and not self.backend.failed:
            try:  # a definition was committed between the look at the plans and their use
                self.backend.forget()
                self.unprepared = True
                return self._attempt(work, atomic)
            except BackendError as error:
                problem = error
            finally:
                self.unprepared = False
        text = frame.source[statement.start : statement.end]
        raise to_sql_error(problem, self, verb, info, spelling, text) from problem

    def _attempt(self, work: Callable[[], Any], atomic: bool) -> Any:
        context = self.tran.atomic if atomic else self.tran.guard
        with context(self.savepoint_needed()):
            return work()

    # ---- SELECT

    def _rows(self, statement: n.SelectStatement, frame: Frame) -> tuple[list[Column], list[list[Any]]]:
        translation = self.translate(statement, frame)
        self.server.rights.check(self, translation, frame)
        if translation.objects:
            self.begin_implicit()
        params = self.parameters(translation, frame)
        result = self.guarded(
            statement,
            frame,
            "SELECT",
            None,
            translation.spelling,
            lambda: self.run_translated(translation, params),
            bool(translation.locks),
        )
        return self.shape(translation, result)

    def shape(self, translation: Translation, result: Result, drop: int = -1) -> tuple[list[Column], list[list[Any]]]:
        """Columns and Python values of a result. `drop` is a column for this side only."""
        fields = result.fields or []
        outputs = translation.outputs or []
        aligned = not any(o.star for o in outputs) and len(outputs) == len(fields) - (1 if drop >= 0 else 0)
        raw = result.rows
        columns: list[Column] = []
        picked = []
        for i, f in enumerate(fields):
            if i == drop:
                continue
            convert = pg.decoder(f.oid)
            output = outputs[i] if aligned else None
            info = None
            if f.table and (output is None or output.type is None):
                info = self._column_meta(f.table, f.attnum)
            if output is not None:
                name = output.name
                kind = output.type
            else:
                name = (
                    info.name
                    if info is not None and info.name.lower() == f.name
                    else translation.spelling.get(f.name, f.name)
                )
                if name == "?column?":
                    name = ""
                kind = None
            if info is not None:
                kind = info.type
            if kind is None or not _fits(kind, f.oid):
                kind = pg.type_of_field(f) or _numeric_type([r[i] for r in raw])
                if f.oid in (25, 1043, 1042) and (output is None or kind.length == types.MAX):
                    longest = max((len(r[i]) for r in raw if r[i] is not None), default=0)  # type: ignore[arg-type]
                    kind = types.NVARCHAR_4000 if longest <= 4000 else types.NVARCHAR_MAX
            picked.append((i, convert))
            columns.append(Column(name, kind))
        rows = [[None if row[i] is None else convert(row[i]) for i, convert in picked] for row in raw]  # type: ignore[arg-type]
        return columns, rows

    def _column_meta(self, oid: int, attnum: int) -> catalog.ColumnInfo | None:
        for temp in self.temp.values():
            if temp.object_id == oid:
                return next((c for c in temp.columns if c.attnum == attnum), None)
        if oid < 16384 or self.backend.failed:
            return None
        info = catalog.load_id(self.cache, self.fetch_raw, self.db, oid)
        return next((c for c in info.columns if c.attnum == attnum), None) if info is not None else None

    def do_select(self, s: n.SelectStatement, frame: Frame) -> None:
        query = s.query
        if isinstance(query, n.Select) and query.into is not None:
            self.server.definitions.select_into(self, s, query, frame)
            return
        columns, rows = self._rows(s, frame)
        translation = self.translate(s, frame)
        self.rowcount = len(rows)
        if translation.assigns is not None:
            self._assign(translation, rows, frame)
            return
        self.out.rows(columns, rows)
        self.out.done(None if self.nocount else len(rows), tokens.CMD_SELECT)

    @staticmethod
    def _assign(translation: Translation, rows: list[list[Any]], frame: Frame) -> None:
        assert translation.assigns is not None
        gathers = any(assign[1] not in ("=", "=once") for assign in translation.assigns)
        if len(rows) > 1 and any(assign[1] == "=once" for assign in translation.assigns):
            raise refusal("a SELECT that gathers several rows into a variable in this form")
        for row in rows if gathers else rows[-1:]:
            for (name, op, _kind), value in zip(translation.assigns, row):
                frame.set(name, value if op in ("=", "=once") else evaluate.arithmetic(op[:-1], frame.get(name), value))

    # ---- INSERT, UPDATE, DELETE, MERGE

    def do_change(self, s: n.Statement, frame: Frame) -> None:
        if isinstance(s, n.Insert) and isinstance(s.rows, n.Exec):
            self.server.procedures.insert_exec(self, s, frame)
            return
        verb, command = _VERBS[type(s)]
        translation = self.translate(s, frame)
        self.change(s, frame, verb, command, translation, self.parameters(translation, frame))

    def change(
        self,
        s: n.Statement,
        frame: Frame,
        verb: str,
        command: int,
        translation: Translation,
        params: list[bytes | None],
    ) -> None:
        info = translation.target
        assert info is not None
        self.writable(info)
        self.server.rights.check(self, translation, frame)
        self.begin_implicit()
        events = {"INSERT": ("INSERT",), "UPDATE": ("UPDATE",), "DELETE": ("DELETE",)}.get(
            verb, ("INSERT", "UPDATE", "DELETE")
        )
        triggers = [t for t in info.triggers if t.events & set(events)]

        located = self.values_of(translation.locate[1], frame) if translation.locate is not None else []

        def work() -> Result:
            if translation.locate is not None:
                found = {row[0] for row in self.backend.query(translation.locate[0], located).rows}
                ctids = b"{" + b",".join(b'"' + (c or b"") + b'"' for c in found) + b"}"
                for i, p in enumerate(translation.params):
                    if p[0] == "ctids":
                        params[i] = ctids
            result = self.run_translated(translation, params)
            if translation.identity_at >= 0 and result.rows:
                self.last_identity = int(result.rows[-1][translation.identity_at] or 0)
                frame.identity = self.last_identity
                if self.identity_insert == info.object_id:
                    self._advance_identity(info)
            if triggers:
                self._fire(triggers, info, events, translation.updated, frame, len(result.rows) or result.count)
            return result

        result = self.guarded(
            s, frame, verb, info, translation.spelling, work, bool(triggers or translation.locks or translation.locate)
        )
        if translation.assigns is not None:
            count = len(result.rows)
            self._assign(translation, self.shape(translation, result)[1], frame)
        elif translation.outputs is not None:
            columns, rows = self.shape(translation, result, translation.identity_at)
            count = len(rows)
            self.rowcount = count
            self.out.rows(columns, rows)
            self.out.done(None if self.nocount else count, tokens.CMD_SELECT)
            return
        else:
            count = len(result.rows) if translation.identity_at >= 0 else result.count
        self.rowcount = count
        if not self.nocount:
            self.out.done(count, command)

    def writable(self, info: ObjectInfo | None = None) -> None:
        if self.tran.doomed:
            raise SqlError(
                3930,
                "The current transaction cannot be committed and cannot support operations that write to the log file. "
                "Roll back the transaction.",
                aborts="batch",
            )
        if self.read_only and (info is None or info.kind != "#"):
            raise SqlError(3906, f'Failed to update database "{self.db_name}" because the database is read-only.')

    def _advance_identity(self, info: ObjectInfo) -> None:
        """An explicit value beyond the identity's last one moves it."""
        assert info.identity is not None
        column = ident(info.identity.name)
        self.backend.query(
            f"SELECT setval(s::regclass, m) FROM (SELECT pg_get_serial_sequence({quote(info.ref)}, "
            f"{quote(physical(info.identity.name))}) AS s, (SELECT max({column}) FROM {info.ref}) AS m) x "
            "WHERE m > coalesce(pg_sequence_last_value(s::regclass), m - 1)"
        )

    def _fire(
        self,
        triggers: list[catalog.TriggerInfo],
        info: ObjectInfo,
        events: tuple[str, ...],
        updated: frozenset[str],
        frame: Frame,
        count: int,
    ) -> None:
        """AFTER triggers, with XACT_ABORT on as SQL Server has it there."""
        if frame.level >= MAX_NESTING:
            raise SqlError(
                217, "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32)."
            )
        names = ["insert_i", "update_i", "update_d", "delete_d"]
        row = self.backend.query("SELECT " + ", ".join(f"current_setting('lab.{k}', true)" for k in names)).rows[0]
        kept = {k: (v or b"").decode() for k, v in zip(names, row)}
        self.backend.query("SELECT " + ", ".join(f"set_config('lab.{k}', '', false)" for k in names))
        was_abort, was_nocount, was_count, was_identity = (
            self.xact_abort,
            self.nocount,
            self.rowcount,
            self.last_identity,
        )
        opened = self.tran.count == 0
        for event in events:
            low = event.lower()
            inserted, deleted = kept.get(f"{low}_i", ""), kept.get(f"{low}_d", "")
            if len(events) > 1 and not inserted and not deleted:
                continue
            for trigger in triggers:
                if event not in trigger.events or self._recursive(frame, trigger.object_id):
                    continue
                inner = Frame(trigger.definition, frame, trigger.name, trigger.object_id)
                inner.trigger = TriggerContext(
                    info, event, inserted, deleted, updated if event == "UPDATE" else frozenset(info.by_name)
                )
                module = self.server.parse(trigger.definition, True)[0]
                assert isinstance(module, n.Module)
                self.xact_abort, self.rowcount = True, count
                if opened:
                    self.tran.count = 1
                self.out.in_proc += 1
                try:
                    self.run_all(module.body, inner)
                except ReturnSignal:
                    pass
                finally:
                    self.out.in_proc -= 1
                    self.xact_abort, self.nocount = was_abort, was_nocount
                    self.end_frame(inner)
                    if opened and self.tran.count == 1:
                        self.tran.count = 0
                if not self.backend.in_transaction:
                    error = SqlError(
                        3609, "The transaction ended in the trigger. The batch has been aborted.", aborts="batch"
                    )
                    raise error
        self.rowcount, self.last_identity = was_count, was_identity

    @staticmethod
    def _recursive(frame: Frame, trigger: int) -> bool:
        """RECURSIVE_TRIGGERS is off: a trigger is not fired by its own changes."""
        at: Frame | None = frame
        return at is not None and at.procedure_id == trigger

    # ---- control of flow

    def do_block(self, s: n.Block, frame: Frame) -> None:
        self.run_all(s.body, frame)

    def do_if(self, s: n.If, frame: Frame) -> None:
        if self.condition(s.condition, frame):
            self.execute(s.then, frame)
        elif s.otherwise is not None:
            self.execute(s.otherwise, frame)

    def do_while(self, s: n.While, frame: Frame) -> None:
        while self.condition(s.condition, frame):
            if select.select([self.stream], [], [], 0)[0] and self.interrupted():
                raise Cancelled
            try:
                self.execute(s.body, frame)
            except BreakSignal:
                break
            except ContinueSignal:
                continue

    def do_break(self, s: n.Break, frame: Frame) -> None:
        raise BreakSignal

    def do_continue(self, s: n.Continue, frame: Frame) -> None:
        raise ContinueSignal

    def do_return(self, s: n.Return, frame: Frame) -> None:
        value = self.evaluate(s.value, frame) if s.value is not None else 0
        raise ReturnSignal(int(value or 0))

    def do_try(self, s: n.TryCatch, frame: Frame) -> None:
        self.tries.append(frame)
        try:
            self.run_all(s.body.body, frame)
            return
        except SqlError as error:
            if error.scope is frame and error.number in COMPILE_ERRORS:
                raise
            caught = error
        finally:
            self.tries.pop()
        caught.scope = None
        frame.caught.append(caught)
        try:
            self.run_all(s.handler.body, frame)
        finally:
            frame.caught.pop()

    def do_declare(self, s: n.Declare, frame: Frame) -> None:
        for item in s.items:
            if item.table is not None:
                self.server.definitions.table_variable(self, item.name, item.table, frame)
                continue
            if item.table_type is not None:
                self.server.definitions.typed_variable(self, item, frame)
                continue
            assert item.type is not None
            if item.value is None:
                if item.name not in frame.types or item.name not in frame.values:
                    frame.declare(item.name, item.type)
                continue
            frame.declare(item.name, item.type, self.evaluate(item.value, frame))

    def do_set(self, s: n.SetVariable, frame: Frame) -> None:
        value = self.evaluate(s.value, frame)
        if s.op != "=":
            value = evaluate.arithmetic(s.op[:-1], frame.get(s.name), value)
        frame.set(s.name, value)
        self.rowcount = 1

    def do_print(self, s: n.Print, frame: Frame) -> None:
        value = self.evaluate(s.value, frame)
        self.out.message(0, types.to_text(value) if value is not None else "", 0, 1, frame.procedure, s.line)

    def do_raiserror(self, s: n.RaisError, frame: Frame) -> None:
        message = self.evaluate(s.message, frame)
        severity = int(self.evaluate(s.severity, frame))
        state = int(self.evaluate(s.state, frame))
        number = 50000
        if isinstance(message, int):
            raise refusal("RAISERROR with the number of a stored message")
        text = _format(str(message), [self.evaluate(a, frame) for a in s.args])
        if severity <= 10:
            self.out.message(number, text, severity, state, frame.procedure, s.line)
            return
        error = SqlError(number, text, severity, state)
        error.user_raised = True
        raise error

    def do_throw(self, s: n.Throw, frame: Frame) -> None:
        if s.number is None:
            at: Frame | None = frame
            while at is not None and not at.caught:
                at = at.parent
            if at is None:
                raise SqlError(
                    10704,
                    "To rethrow an error, a THROW statement must be used inside a CATCH block.",
                    15,
                    aborts="batch",
                )
            original = at.caught[-1]
            error = SqlError(original.number, original.text, original.severity, original.state, aborts="batch")
            error.line, error.procedure = original.line, original.procedure
            raise error
        assert s.message is not None and s.state is not None
        number = int(self.evaluate(s.number, frame))
        if number < 50000:
            raise SqlError(
                35100,
                f"Error number {number} in the THROW statement is outside the valid range. Specify an error number "
                "in the valid range of 50000 to 2147483647.",
            )
        raise SqlError(
            number,
            types.to_text(self.evaluate(s.message, frame)),
            16,
            int(self.evaluate(s.state, frame)),
            aborts="batch",
        )

    def do_waitfor(self, s: n.WaitFor, frame: Frame) -> None:
        text = str(self.evaluate(s.delay, frame)).strip()
        parts = text.split(":")
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + float(part)
        if len(parts) == 2:
            seconds *= 60
        self.wait(seconds)

    def do_transaction(self, s: n.Transaction, frame: Frame) -> None:
        name = s.name
        if name.startswith("@"):
            name = str(frame.get(name.lower()))
        if s.action == "BEGIN":
            self.tran.begin()
        elif s.action == "COMMIT":
            self.tran.commit()
        elif s.action == "SAVE":
            self.tran.save(name)
        else:
            if self.tran.count == 0:
                raise SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
            if name and self.tran.rollback_to(name):
                return
            self.tran.rollback()

    def do_option(self, s: n.SetOption, frame: Frame) -> None:
        value = s.value
        if isinstance(value, n.Variable):
            value = self.evaluate(value, frame)
        for option in s.options:
            self._option(option, value)

    def _option(self, option: str, value: Any) -> None:
        simple = {
            "XACT_ABORT": "xact_abort",
            "NOCOUNT": "nocount",
            "IMPLICIT_TRANSACTIONS": "implicit",
            "NOEXEC": "noexec",
            "PARSEONLY": "parse_only",
            "QUOTED_IDENTIFIER": "quoted_identifier",
            "ANSI_NULLS": "ansi_nulls",
        }
        if option in simple:
            setattr(self, simple[option], bool(value))
        elif option == "LOCK_TIMEOUT":
            self.lock_timeout = int(value)
            self.tran.setting("lock_timeout", str(0 if self.lock_timeout < 0 else max(1, self.lock_timeout)))
        elif option == "DEADLOCK_PRIORITY":
            level = {"LOW": -5, "NORMAL": 0, "HIGH": 5}.get(str(value).upper(), value)
            wait = max(20, 200 + 30 * int(level))  # who looks for a deadlock first is its victim
            self.tran.setting("deadlock_timeout", f"'{wait}ms'")
        elif option == "ROWCOUNT":
            self.row_limit = int(value)
        elif option == "ISOLATION":
            pg_level = {
                "SERIALIZABLE": "SERIALIZABLE",
                "SNAPSHOT": "REPEATABLE READ",
                "REPEATABLE READ": "REPEATABLE READ",
            }.get(value)
            self.tran.isolation = f" ISOLATION LEVEL {pg_level}" if pg_level else ""
        elif option == "IDENTITY_INSERT":
            table, on = value
            info = self.find(table)
            if info is None:
                raise SqlError(
                    1088,
                    f'Cannot find the object "{".".join(table)}" because it does not exist or you do not have '
                    "permissions.",
                )
            if info.identity is None:
                raise SqlError(
                    8106,
                    f"Table '{'.'.join(table)}' does not have the identity property. Cannot perform SET operation.",
                )
            if on and self.identity_insert not in (0, info.object_id):
                raise SqlError(8107, "IDENTITY_INSERT is already ON for another table. Cannot perform SET operation.")
            self.identity_insert = info.object_id if on else 0
        elif option in ("SHOWPLAN_TEXT", "SHOWPLAN_ALL", "SHOWPLAN_XML", "FMTONLY") and value:
            raise refusal(f"SET {option} ON")

    def do_exec(self, s: n.Exec, frame: Frame) -> None:
        self.server.procedures.execute(self, s, frame)

    def do_exec_string(self, s: n.ExecString, frame: Frame) -> None:
        text = self.evaluate(s.text, frame)
        self.run_string(types.to_text(text) if text is not None else "", Frame("", frame))

    def run_string(self, text: str, inner: Frame) -> None:
        """A dynamic batch inside another."""
        inner.source = text
        if inner.level > MAX_NESTING:
            raise SqlError(
                217, "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32)."
            )
        if inner.trigger is None and inner.parent is not None:
            inner.trigger = inner.parent.trigger
        options = self.xact_abort, self.nocount, self.quoted_identifier
        db = self.db, self.db_name
        self.out.in_proc += 1
        try:
            self.run_all(self.parse(text), inner)
        except (ReturnSignal, ScopeAbort):
            pass
        finally:
            self.out.in_proc -= 1
            self.xact_abort, self.nocount, self.quoted_identifier = options
            self.db, self.db_name = db
            self.end_frame(inner)

    def do_use(self, s: n.Use, frame: Frame) -> None:
        old = self.db_name
        self.use(s.database)
        self.out.env(tokens.ENV_DATABASE, self.db_name, old)
        self.out.message(5701, f"Changed database context to '{self.db_name}'.", 0, 2)

    def do_definition(self, s: n.Statement, frame: Frame) -> None:
        if not isinstance(s, n.AlterDatabase):
            self.writable(None if not _is_temp(s) else ObjectInfo(0, "", "", "", "#", ""))
        self.begin_implicit()
        self.server.definitions.run(self, s, frame)

    def do_nothing(self, s: n.Statement, frame: Frame) -> None:
        return

    # ---- values the session knows

    def global_value(self, name: str, frame: Frame) -> Any:
        return self.server.functions.global_value(self, name, frame)

    def call_function(self, name: str, frame: Frame, args: list[n.Expr]) -> Any:
        return self.server.functions.call(self, name, frame, args)

    def close(self) -> None:
        self.server.locks.release_all(self)
        self.server.pool.give_back(self.backend)


def _is_temp(s: n.Statement) -> bool:
    name = getattr(s, "name", None) or getattr(s, "table", None)
    if isinstance(s, n.DropObjects):
        name = s.names[0]
    return isinstance(name, tuple) and bool(name) and name[-1].startswith("#")


def _as_case(e: n.Expr) -> n.Expr:
    case = _CASES.get(id(e))
    if case is None or case[0] is not e:
        if len(_CASES) > 20000:
            _CASES.clear()
        case = (e, n.Case(None, [(e, n.Literal("int", 1))], n.Literal("int", 0)))
        _CASES[id(e)] = case
    return case[1]


_CASES: dict[int, tuple[n.Expr, n.Expr]] = {}
_CACHES: dict[int, tuple[n.Expr, dict[Any, Any]]] = {}


def _expression_cache(e: n.Expr) -> dict[Any, Any]:
    """Where translations of a lone expression are kept: beside the expression, which lives as long as its batch is cached."""
    found = _CACHES.get(id(e))
    if found is None or found[0] is not e:
        if len(_CACHES) > 20000:
            _CACHES.clear()
        found = (e, {})
        _CACHES[id(e)] = found
    return found[1]


def _use_cache(statement: n.Statement, cache: dict[Any, Any]) -> None:
    statement.cache = cache


def _split_assignments(query: n.Select) -> tuple[n.Select, list[tuple[str, str, SqlType | None]]]:
    """SELECT @a = x, @b += y: the plain query, and what is done with each of its columns."""
    items = []
    assigns: list[tuple[str, str, SqlType | None]] = []
    for item in query.items:
        expr, op = item.expr, item.operator
        if op == "=" and query.source is not None and item.variable in variables_of(expr, set()):
            if isinstance(expr, n.Binary) and expr.op == "+" and _leftmost(expr, item.variable):
                expr, op = _without_leftmost(expr), "+="
            else:
                op = "=once"
        assigns.append((item.variable, op, None))
        items.append(n.SelectItem(expr))
    return n.Select(
        items,
        query.source,
        query.where,
        query.group,
        query.having,
        query.order,
        query.distinct,
        query.top,
        query.ties,
        query.offset,
        query.fetch,
        None,
        query.ctes,
    ), assigns


def _leftmost(e: n.Binary, name: str) -> bool:
    left: n.Expr = e
    while isinstance(left, n.Binary) and left.op == "+":
        left = left.left
    return isinstance(left, n.Variable) and left.name == name


def _without_leftmost(e: n.Binary) -> n.Expr:
    if isinstance(e.left, n.Variable):
        return e.right
    assert isinstance(e.left, n.Binary)
    return n.Binary("+", _without_leftmost(e.left), e.right)


_FAMILIES: dict[int, frozenset[str]] = {
    20: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    21: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    23: frozenset({"int", "bigint", "smallint", "tinyint", "bit"}),
    16: frozenset({"bit"}),
    26: frozenset({"int", "bigint"}),
    700: frozenset({"real", "float"}),
    701: frozenset({"float", "real"}),
    1700: frozenset({"decimal", "numeric", "money", "smallmoney"}),
    1082: frozenset({"date"}),
    1083: frozenset({"time"}),
    1114: frozenset({"datetime", "datetime2", "smalldatetime"}),
    1184: frozenset({"datetimeoffset"}),
    2950: frozenset({"uniqueidentifier"}),
    17: frozenset({"binary", "varbinary", "image", "timestamp"}),
}


def _fits(kind: SqlType, oid: int) -> bool:
    family = _FAMILIES.get(oid)
    if family is not None:
        return kind.name in family
    return kind.is_string


def _numeric_type(values: list[bytes | None]) -> SqlType:
    scale = max((len(v) - v.index(b".") - 1 for v in values if v is not None and b"." in v), default=0)
    return SqlType("decimal", 0, 38, min(scale, 37))


def _format(text: str, args: list[Any]) -> str:
    """RAISERROR's %d, %s, %i, %u, %x with widths."""
    import re

    queue = list(args)

    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if not queue:
            return "(null)"
        value = queue.pop(0)
        if value is None:
            return "(null)"
        if match[2] in "diu":
            return format(int(value), (match[1] or "").replace("-", "<"))
        if match[2] in "xXo":
            return format(int(value), match[2])
        return types.to_text(value)

    return re.sub(r"%(-?\d*)(?:\.\d+)?(?:I64|l|h)?([sdiuxXo])|%%", one, text)


_S = Session
_EXECUTE: dict[type, Callable[[Any, Any, Frame], None]] = {
    n.SelectStatement: _S.do_select,
    n.Insert: _S.do_change,
    n.Update: _S.do_change,
    n.Delete: _S.do_change,
    n.Merge: _S.do_change,
    n.Block: _S.do_block,
    n.If: _S.do_if,
    n.While: _S.do_while,
    n.Break: _S.do_break,
    n.Continue: _S.do_continue,
    n.Return: _S.do_return,
    n.TryCatch: _S.do_try,
    n.Declare: _S.do_declare,
    n.SetVariable: _S.do_set,
    n.SetOption: _S.do_option,
    n.Print: _S.do_print,
    n.RaisError: _S.do_raiserror,
    n.Throw: _S.do_throw,
    n.WaitFor: _S.do_waitfor,
    n.Transaction: _S.do_transaction,
    n.Exec: _S.do_exec,
    n.ExecString: _S.do_exec_string,
    n.Use: _S.do_use,
    n.NoOperation: _S.do_nothing,
}
for _kind in (
    n.CreateTable,
    n.AlterAdd,
    n.AlterColumn,
    n.AlterDrop,
    n.AlterCheck,
    n.AlterTrigger,
    n.CreateIndex,
    n.DropIndex,
    n.AlterIndex,
    n.DropObjects,
    n.CreateSchema,
    n.CreateSequence,
    n.CreateSynonym,
    n.CreateType,
    n.Truncate,
    n.Permission,
    n.Principal,
    n.AlterDatabase,
    n.TransferSchema,
    n.Module,
):
    _EXECUTE[_kind] = _S.do_definition
