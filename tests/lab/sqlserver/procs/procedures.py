# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""EXEC: procedures of the database, and system procedures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..backend import to_pg
from ..catalog import lookup
from ..catalog.catalog import ObjectInfo
from ..errors import Cancelled, SqlError
from ..frame import Frame, ReturnSignal, ScopeAbort, check_nesting, undeclared
from ..locks import BAD_PARAMETER, CANCELLED, DEADLOCK, MODES
from ..parser import nodes as n
from ..parser.statements import Parser
from ..running import batch, binding, changes, options, values
from ..running.scope import Scope
from ..translate.dml import DmlTranslator, Translation
from ..translate.names import ident
from ..wire import types
from ..wire.tokens import Column, TokenStream
from ..wire.types import SqlType

if TYPE_CHECKING:
    from ..session import Session

MISSING = object()


class Given:
    """An argument as the caller gave it. After the call `value` is what an output parameter holds."""

    __slots__ = ("kind", "name", "output", "table", "value")

    def __init__(
        self, name: str, value: Any, output: bool = False, kind: SqlType | None = None, table: ObjectInfo | None = None
    ) -> None:
        self.name = name
        self.value = value
        self.output = output
        self.kind = kind
        self.table = table


class Procedures:
    """`execute` for EXEC in a batch, `call` for it and for remote procedure calls."""

    def execute(self, s: Session, e: n.Exec, frame: Frame) -> None:
        name = e.procedure
        if e.variable:
            from ..parser.expressions import ExpressionParser

            name = ExpressionParser(str(frame.get(e.variable))).name()
        given = []
        for argument in e.args:
            if isinstance(argument.value, n.Literal) and argument.value.kind == "default":
                value: Any = MISSING
            elif isinstance(argument.value, n.Variable) and argument.value.name in frame.tables:
                given.append(Given(argument.name, None, False, None, frame.tables[argument.value.name]))
                continue
            else:
                value = values.evaluate(s, argument.value, frame)
            kind = frame.types.get(argument.value.name) if isinstance(argument.value, n.Variable) else None
            given.append(Given(argument.name, value, argument.output, kind))
        s.out.in_proc += 1
        try:
            status = self.call(s, name, given, frame)
        finally:
            s.out.in_proc -= 1
        for argument, one in zip(e.args, given):
            if argument.output and isinstance(argument.value, n.Variable):
                kind = frame.types.get(argument.value.name)
                if kind is None:
                    raise undeclared(argument.value.name)
                frame.set(argument.value.name, values.converted(s, one.value, one.kind, frame, kind))
        if e.result:
            frame.set(e.result, status)
        s.out.return_status(status)
        s.out.done(proc_end=not s.out.in_proc)

    def call(self, s: Session, name: n.Name, given: list[Given], caller: Frame) -> int:
        low = name[-1].lower()
        system = getattr(self, "_" + low, None) if low.startswith(("sp_", "xp_")) else None
        if system is not None:
            result: int = system(s, given, caller)
            return result
        info = lookup.find(s, name)
        if info is not None and info.kind == "SN":
            import json

            info = lookup.find(s, tuple(json.loads(info.target)))
        if info is None or info.kind != "P":
            raise SqlError(2812, f"Could not find stored procedure '{'.'.join(p for p in name if p)}'.", 16, 62)
        s.server.rights.require(s, "EXECUTE", info, caller=caller)
        return self._run(s, info, given, caller)

    def _run(self, s: Session, info: ObjectInfo, given: list[Given], caller: Frame) -> int:
        check_nesting(caller.level + 1)
        module = lookup.module_of(s, info)
        frame = Frame(module.text, caller, info.name, info.object_id, info.schema)
        frame.trigger = None
        self._bind(s, info, module, given, frame)
        kept = s.settings.copy()
        db = s.db, s.db_name
        count = s.tran.count
        started = s.server.clock()
        status = 0
        try:
            try:
                binding.bind(s, module.body, frame)
            except SqlError as error:
                batch.compile_failed(s, error, frame)
            batch.run_all(s, module.body, frame)
        except ReturnSignal as signal:
            status = signal.value
        except ScopeAbort:
            status = -6
        finally:
            options.restore(s, kept)
            s.db, s.db_name = db
            batch.end_frame(s, frame)
            s.server.counters.procedure(info, s.server.clock() - started)
        by_name = {g.name or f"#{i}": g for i, g in enumerate(given)}
        for i, parameter in enumerate(module.params):
            one = by_name.get(parameter.name) or by_name.get(f"#{i}")
            if one is not None and one.output and parameter.type is not None:
                one.value = frame.values.get(parameter.name)
                one.kind = one.kind or parameter.type
        if s.tran.count != count and status != -6:
            raise SqlError(
                266,
                "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. "
                "Previous "
                f"count = {count}, current count = {s.tran.count}.",
            )
        return status

    def _bind(self, s: Session, info: ObjectInfo, module: n.Module, given: list[Given], frame: Frame) -> None:
        named = self._by_parameter(info, module, given)
        for p in module.params:
            found = named.get(p.name)
            if p.table_type is not None:
                if found is not None and found.table is not None:
                    frame.tables[p.name] = found.table
                continue
            assert p.type is not None
            if found is None or found.value is MISSING:
                if p.default is None:
                    raise SqlError(
                        201,
                        f"Procedure or function '{info.name}' expects parameter '{p.name}', which was not supplied.",
                        16,
                        4,
                    )
                frame.declare(p.name, p.type, values.assigned(s, p.default, frame, p.type))
                continue
            if found.output and not p.output:
                raise SqlError(
                    8162,
                    f'The formal parameter "{p.name}" was not declared as an OUTPUT parameter, but the actual '
                    f"parameter "
                    "passed in requested output.",
                )
            frame.declare(p.name, p.type, values.converted(s, found.value, found.kind, frame, p.type))

    @staticmethod
    def _by_parameter(info: ObjectInfo, module: n.Module, given: list[Given]) -> dict[str, Given]:
        """Arguments by the name of their parameter; those without a name by position."""
        params = {p.name: p for p in module.params}
        named: dict[str, Given] = {}
        for i, one in enumerate(given):
            if one.name and one.name not in params:
                raise SqlError(8145, f"{one.name} is not a parameter for procedure {info.name}.")
            if not one.name and i >= len(module.params):
                raise SqlError(8144, f"Procedure or function {info.name} has too many arguments specified.")
            named[one.name or module.params[i].name] = one
        return named

    # ---- INSERT ... EXEC

    def insert_exec(self, s: Session, statement: n.Insert, frame: Frame) -> None:
        assert isinstance(statement.rows, n.Exec)
        outer = s.out
        sink = _Sink()
        sink.in_proc = outer.in_proc
        s.out = sink
        try:
            self.execute(s, statement.rows, frame)
        finally:
            s.out = outer
        outer.data += sink.messages
        translator = DmlTranslator(Scope(s, frame))
        info = translator.target(statement.target)
        names = statement.columns or [c.name for c in info.columns if not c.identity and not c.computed]
        columns = translator.check_columns(info, names)
        for rows in sink.sets:
            for row in rows:
                if len(row) != len(columns):
                    raise SqlError(213, "Column name or number of supplied values does not match table definition.")
        marks = ", ".join(f"${i}::{_cast_of(c.type)}" for i, c in enumerate(columns, 1))
        translation = Translation(
            "INSERT",
            f"INSERT INTO {info.ref} ({', '.join(ident(c.name) for c in columns)}) VALUES ({marks})",
            translator,
        )
        translation.target = info
        total = 0
        was = s.settings.nocount
        s.settings.nocount = True
        try:
            for rows in sink.sets:
                for row in rows:
                    row_values = [to_pg(conversion.coerce(v, c.type)) for v, c in zip(row, columns)]
                    changes.change(s, statement, frame, translation, row_values)
                    total += 1
        finally:
            s.settings.nocount = was
        s.rowcount = total
        if not s.settings.nocount:
            s.out.done(total, 0xC3)

    # ---- system procedures

    @staticmethod
    def _arguments(given: list[Given], *names: str) -> dict[str, Any]:
        """Values by name; positional ones take their place in `names`."""
        out: dict[str, Any] = {}
        for i, one in enumerate(given):
            key = one.name.lstrip("@") if one.name else names[i] if i < len(names) else f"#{i}"
            if key not in names:
                raise SqlError(8145, f"@{key} is not a parameter for this procedure.")
            out[key] = one.value
        return out

    def _sp_executesql(self, s: Session, given: list[Given], caller: Frame) -> int:
        if not given or given[0].value is None:
            return 0
        text = conversion.to_text(given[0].value)
        inner = Frame(text, caller)
        inner.caught = []
        if len(given) > 1:
            self.declare(s, inner, conversion.to_text(given[1].value or ""), given[2:])
        batch.run_string(s, text, inner)
        for one in given[2:]:
            if one.output:
                one.value = inner.values.get(one.name)
        return 0

    def declare(self, s: Session, frame: Frame, declarations: str, given: list[Given]) -> None:
        """Parameters of sp_executesql and its kin."""
        params = s.server.declarations(declarations)
        by_name = {}
        for i, one in enumerate(given):
            if not one.name:
                if i >= len(params):
                    raise SqlError(8144, "Procedure or function has too many arguments specified.")
                one.name = params[i].name
            by_name[one.name] = one
        for p in params:
            found = by_name.pop(p.name, None)
            if p.table_type is not None:
                if found is not None and found.table is not None:
                    frame.tables[p.name] = found.table
                continue
            assert p.type is not None
            if found is None:
                if p.default is None:
                    raise SqlError(
                        8178,
                        f"The parameterized query '{frame.source[:120]}' expects the parameter '{p.name}', which was "
                        f"not "
                        "supplied.",
                    )
                frame.declare(p.name, p.type, values.assigned(s, p.default, frame, p.type))
                continue
            kind = _widened(p.type)
            value = found.value if found.value is not MISSING else None
            frame.declare(p.name, kind, values.converted(s, value, found.kind, frame, kind))
            found.kind = p.type
        if by_name:
            raise SqlError(8145, f"{next(iter(by_name))} is not a parameter for procedure sp_executesql.")

    def _sp_getapplock(self, s: Session, given: list[Given], caller: Frame) -> int:
        a = self._arguments(given, "resource", "lockmode", "lockowner", "locktimeout", "dbprincipal")
        mode = next((m for m in MODES if m.lower() == str(a.get("lockmode", "")).lower()), None)
        owner = str(a.get("lockowner", "Transaction")).capitalize()
        resource = a.get("resource")
        if mode is None or resource is None or owner not in ("Session", "Transaction"):
            return BAD_PARAMETER
        if owner == "Transaction" and s.tran.count == 0:
            raise SqlError(15430, "The statement or function must be executed in the context of a user transaction.")
        timeout = a.get("locktimeout")
        wait = int(timeout) if timeout is not None else s.settings.lock_timeout
        key = (s.db, s.server.rights.lock_principal(s, a.get("dbprincipal", "public")), str(resource)[:255])
        try:
            code = s.server.locks.acquire(s, key, mode, owner, wait, s.wait)
        except Cancelled:
            s.out.message(0, f"sp_getapplock: {CANCELLED}", 0)
            raise
        if code == DEADLOCK and s.tran.count and owner == "Transaction":
            return DEADLOCK
        return code

    def _sp_releaseapplock(self, s: Session, given: list[Given], caller: Frame) -> int:
        a = self._arguments(given, "resource", "lockowner", "dbprincipal")
        owner = str(a.get("lockowner", "Transaction")).capitalize()
        principal = s.server.rights.lock_principal(s, a.get("dbprincipal", "public"))
        key = (s.db, principal, str(a.get("resource"))[:255])
        if s.server.locks.release(s, key, owner):
            return 0
        raise SqlError(
            1223,
            f"Cannot release the application lock (Database Principal: '{key[1]}', Resource: '{key[2]}') because it is "
            "not currently held.",
        )

    def _sp_rename(self, s: Session, given: list[Given], caller: Frame) -> int:
        a = self._arguments(given, "objname", "newname", "objtype")
        s.writable()
        s.begin_implicit()
        s.server.definitions.rename(s, str(a["objname"]), str(a["newname"]), str(a.get("objtype") or "OBJECT"))
        s.out.message(
            15477, "Caution: Changing any part of an object name could break scripts and stored procedures.", 0
        )
        return 0

    def _sp_set_session_context(self, s: Session, given: list[Given], caller: Frame) -> int:
        a = self._arguments(given, "key", "value", "read_only")
        s.context[str(a["key"]).lower()] = a.get("value")
        return 0

    def _sp_reset_connection(self, s: Session, given: list[Given], caller: Frame) -> int:
        s.server.reset(s)
        return 0

    def _sp_refreshsqlmodule(self, s: Session, given: list[Given], caller: Frame) -> int:
        a = self._arguments(given, "name", "namespace")
        if lookup.find(s, tuple(str(a["name"]).replace("[", "").replace("]", "").split("."))) is None:
            raise SqlError(
                15009,
                f"The object '{a['name']}' does not exist in database '{s.db_name}' or is invalid for this operation.",
            )
        return 0

    _sp_refreshview = _sp_refreshsqlmodule
    _sp_recompile = _sp_refreshsqlmodule

    def _sp_helptext(self, s: Session, given: list[Given], caller: Frame) -> int:
        info = lookup.find(s, tuple(str(given[0].value).replace("[", "").replace("]", "").split(".")))
        if info is None or not info.definition:
            raise SqlError(
                15009,
                f"The object '{given[0].value}' does not exist in database '{s.db_name}' or is invalid for this "
                f"operation.",
            )
        lines = info.definition.splitlines(keepends=True)
        s.out.rows([Column("Text", SqlType("nvarchar", 255))], [[line] for line in lines])
        s.out.done(len(lines), 0xC1)
        return 0

    def _sp_describe_undeclared_parameters(self, s: Session, given: list[Given], caller: Frame) -> int:
        """Drivers ask this for NULL parameters; the answer names nvarchar(4000) for each."""
        raise SqlError(11501, "lab.sqlserver does not describe parameters.", 16)

    def _sp_datatype_info_100(self, s: Session, given: list[Given], caller: Frame) -> int:
        return self._sp_datatype_info(s, given, caller)

    def _sp_datatype_info(self, s: Session, given: list[Given], caller: Frame) -> int:
        wanted = int(given[0].value) if given else 0
        names = [
            "TYPE_NAME",
            "DATA_TYPE",
            "PRECISION",
            "LITERAL_PREFIX",
            "LITERAL_SUFFIX",
            "CREATE_PARAMS",
            "NULLABLE",
            "CASE_SENSITIVE",
            "SEARCHABLE",
            "UNSIGNED_ATTRIBUTE",
            "MONEY",
            "AUTO_INCREMENT",
            "LOCAL_TYPE_NAME",
            "MINIMUM_SCALE",
            "MAXIMUM_SCALE",
            "SQL_DATA_TYPE",
            "SQL_DATETIME_SUB",
            "NUM_PREC_RADIX",
            "INTERVAL_PRECISION",
            "USERTYPE",
        ]
        known = {
            93: ("datetime2", 27),
            12: ("varchar", 8000),
            -9: ("nvarchar", 4000),
            -3: ("varbinary", 8000),
            4: ("int", 10),
            -5: ("bigint", 19),
            -7: ("bit", 1),
            3: ("decimal", 38),
            6: ("float", 53),
            -11: ("uniqueidentifier", 36),
        }
        rows = []
        for code, (name, size) in known.items():
            if wanted in (0, code):
                rows.append(
                    [name, code, size, "'", "'", None, 1, 0, 3, None, 0, None, name, 0, 7, code, None, None, None, 0]
                )
        columns = [
            Column(name, SqlType("nvarchar", 128) if name.endswith(("NAME", "FIX", "PARAMS")) else types.INT)
            for name in names
        ]
        s.out.rows(columns, rows)
        s.out.done(len(rows), 0xC1)
        return 0


class _Sink(TokenStream):
    """Keeps the rows that a procedure returns instead of sending them."""

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[list[list[Any]]] = []
        self.messages = bytearray()

    def rows(self, columns: Any, rows: Any) -> None:
        self.sets.append([list(row) for row in rows])

    def message(self, *args: Any, **kwargs: Any) -> None:
        mark = len(self.data)
        super().message(*args, **kwargs)
        self.messages += self.data[mark:]

    def done(self, *args: Any, **kwargs: Any) -> None:
        return

    def return_status(self, value: int) -> None:
        return


def _widened(kind: SqlType) -> SqlType:
    """Drivers declare a string parameter as long as its value: one length keeps translations few."""
    if kind.name in ("varchar", "nvarchar") and kind.length > 0:
        return SqlType(kind.name, 4000 if kind.name == "nvarchar" else 8000)
    return kind


def _cast_of(kind: SqlType) -> str:
    from ..translate.names import pg_type

    return pg_type(kind)


def parse_declarations(text: str) -> list[n.Parameter]:
    """`@a int, @b nvarchar(10) OUTPUT`."""
    parser = Parser(text)
    params = parser._parameters()
    if parser.token.kind != 11:
        raise parser.unexpected()
    return params


Handler = Callable[["Session", list[Given], Frame], int]
