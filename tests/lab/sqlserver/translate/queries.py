# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries as PostgreSQL's SQL."""

from __future__ import annotations

from typing import Any

from ..catalog.catalog import ObjectInfo
from ..errors import SqlError
from ..parser import nodes as n
from ..wire import types
from ..wire.types import SqlType
from .conversions import common, convert, to_text
from .expressions import ExpressionTranslator, _Source, is_text
from .names import INTEGERS, ident, quote


class _SystemColumns(dict[str, "SqlType | None"]):
    """Columns of a system view: those named is_..., has_... or uses_... are bits, the others unknown."""

    def __contains__(self, name: object) -> bool:
        return str(name).startswith(("is_", "has_", "uses_"))

    def __missing__(self, name: str) -> SqlType:
        return types.BIT

    def get(self, name: str, default: SqlType | None = None) -> SqlType | None:  # type: ignore[override]
        return types.BIT if name in self else default


class Output:
    """What a query returns: for each item its name (empty: none) and type; None where `*` stands."""

    __slots__ = ("name", "star", "type")

    def __init__(self, name: str, kind: SqlType | None, star: bool = False) -> None:
        self.name = name
        self.type = kind
        self.star = star


class QueryTranslator(ExpressionTranslator):
    """SELECT as PostgreSQL's SQL."""

    locks: list[str]
    outputs: list[Output]

    def __init__(self, scope: Any, *, definition: bool = False) -> None:
        super().__init__(scope, definition=definition)
        self.locks = []  # statements to run first, in the same transaction: hints that lock
        self.outputs = []

    def query(self, query: n.Query) -> str:
        frame: dict[str, dict[str, SqlType | None] | None] = {}
        ctes = getattr(query, "ctes", [])
        self.ctes.append(frame)
        try:
            prefix = self.with_clause(ctes) if ctes else ""
            if isinstance(query, n.Select):
                return prefix + self._select(query)
            if isinstance(query, n.SetOperation):
                return prefix + self._set_operation(query)
            assert isinstance(query, n.Values)
            return self._values(query)
        finally:
            self.ctes.pop()

    def with_clause(self, ctes: list[n.Cte]) -> str:
        parts = []
        recursive = False
        frame = self.ctes[-1]
        for cte in ctes:
            low = cte.name.lower()
            if isinstance(cte.query, n.SetOperation) and cte.query.op == "UNION ALL":
                recursive = True
                frame[low] = None
            sql = self.query(cte.query)
            names = cte.columns or [o.name for o in self.outputs]
            frame[low] = (
                {a.lower(): o.type for a, o in zip(names, self.outputs)}
                if not any(o.star for o in self.outputs)
                else None
            )
            for name in names:
                self.spelling.setdefault(name.lower(), name)
            columns = f" ({', '.join(ident(c) for c in cte.columns)})" if cte.columns else ""
            parts.append(f"{ident(cte.name)}{columns} AS ({sql})")
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "

    def _values(self, query: n.Values) -> str:
        width = len(query.rows[0])
        rows = []
        for row in query.rows:
            if len(row) != width:
                raise SqlError(
                    10709, "The number of columns for each row in a table value constructor must be the same.", 15
                )
            rows.append("(" + ", ".join(self.sql(e) for e in row) + ")")
        self.outputs = [Output("", None) for _unused in range(width)]
        return "VALUES " + ", ".join(rows)

    def _set_operation(self, query: n.SetOperation) -> str:
        left = self.query(query.left)
        outputs = self.outputs
        right = self.query(query.right)
        if len(outputs) != len(self.outputs) and not any(o.star for o in outputs + self.outputs):
            raise SqlError(
                205,
                "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of "
                "expressions in their target lists.",
            )
        left, right = self._same_types(query.op, left, outputs, right, self.outputs)
        self.outputs = outputs
        sql = f"({left}) {query.op} ({right})"
        if query.order:
            parts = []
            for item in query.order:
                e = item.expr  # names of the result, even where a source's alias stands before them
                name = ident(e.parts[-1]) if isinstance(e, n.Column) else self.sql(e)
                parts.append(name + (" DESC NULLS LAST" if item.descending else " NULLS FIRST"))
            sql += " ORDER BY " + ", ".join(parts)
        return sql + self._paging(query)

    @staticmethod
    def _same_types(op: str, left: str, mine: list[Output], right: str, others: list[Output]) -> tuple[str, str]:
        """Both sides with the types that win; strings are compared without case where rows are compared."""
        if any(o.star for o in [*mine, *others]):
            return left, right
        kinds = [common([a.type, b.type]) if a.type and b.type else None for a, b in zip(mine, others)]
        wrap = any(
            kind is not None and a.type and b.type and not _unites(a.type, b.type, op)
            for kind, a, b in zip(kinds, mine, others)
        )
        if wrap:
            left, right = _retyped(left, mine, kinds), _retyped(right, others, kinds)
        for one, other, kind in zip(mine, others, kinds):
            one.type = kind if kind is not None and (wrap or one.type == other.type) else None
        return left, right

    def _paging(self, query: n.Select | n.SetOperation) -> str:
        sql = ""
        if query.offset is not None:
            sql += f" OFFSET {self.sql(query.offset)}"
        if query.fetch is not None:
            sql += f" LIMIT {self.sql(query.fetch)}"
        return sql

    def _select(self, q: n.Select) -> str:
        self.sources.append({})
        try:
            source = self.source(q.source) if q.source is not None else ""
            items = []
            outputs: list[Output] = []
            for item in q.items:
                sql, output = self._item(item)
                items.append(sql)
                outputs.append(output)
            parts = ["SELECT "]
            if q.distinct:
                parts.append("DISTINCT ")
            parts.append(", ".join(items))
            if source:
                parts.append(f" FROM {source}")
            if q.where is not None:
                parts.append(f" WHERE {self.sql(q.where)}")
            if q.group:
                parts.append(" GROUP BY " + ", ".join(self.sql(g) for g in q.group))
            if q.having is not None:
                parts.append(f" HAVING {self.sql(q.having)}")
            if q.order:
                parts.append(" ORDER BY " + self._order(q, outputs))
            if q.top is not None:
                if q.ties:
                    parts.append(f" FETCH FIRST ({self.sql(q.top)}) ROWS WITH TIES")
                else:
                    parts.append(f" LIMIT {self.sql(q.top)}")
            parts.append(self._paging(q))
            parts.append(self._row_locks(q))
            self.outputs = outputs
            self.last_types = [o.type for o in outputs]
            return "".join(parts)
        finally:
            self.sources.pop()

    def _order(self, q: n.Select, outputs: list[Output]) -> str:
        aliases = {o.name.lower() for o, i in zip(outputs, q.items) if i.alias}
        parts = []
        for item in q.order:
            e = item.expr
            if isinstance(e, n.Column) and len(e.parts) == 1 and e.parts[0].lower() in aliases:
                parts.append(ident(e.parts[0]) + (" DESC NULLS LAST" if item.descending else " NULLS FIRST"))
            elif isinstance(e, n.Scalar) and isinstance(e.query, n.Select) and e.query.source is None:
                continue  # ORDER BY (SELECT NULL)
            else:
                parts.append(self.order([item]))
        return ", ".join(parts) or "(SELECT NULL)"

    def _item(self, item: n.SelectItem) -> tuple[str, Output]:
        e = item.expr
        if isinstance(e, n.Star):
            if e.qualifier and e.qualifier[-1].lower() not in self.sources[-1]:
                raise SqlError(
                    107,
                    f"The column prefix '{e.qualifier[-1]}' does not match with a table name or alias name used in "
                    "the query.",
                    15,
                )
            return self.sql(e), Output("", None, True)
        sql, kind = self.x(e)
        if isinstance(e, (n.Binary, n.Not, n.IsNull, n.InList)) and getattr(e, "op", "=") in (
            "=",
            "<>",
            "<",
            ">",
            "<=",
            ">=",
            "AND",
            "OR",
        ):
            raise SqlError(102, "Incorrect syntax near '='.", 15)
        name = item.alias or (e.parts[-1] if isinstance(e, n.Column) else "")
        if name:
            self.spelling.setdefault(name.lower(), name)
            sql += f" AS {ident(name)}"
        elif isinstance(e, n.Variable) and is_text(kind):
            sql = f"{sql}::text"
        return sql, Output(name, kind)

    # ---- FROM

    def source(self, s: n.Source) -> str:
        if isinstance(s, n.TableRef):
            return self._table(s)
        if isinstance(s, n.Join):
            return self._join(s)
        if isinstance(s, n.QueryRef):
            sql = self.query(s.query)
            names = s.columns or [o.name for o in self.outputs]
            if not s.columns and any(not name and not o.star for name, o in zip(names, self.outputs)):
                at = next(i for i, o in enumerate(self.outputs) if not o.name and not o.star)
                raise SqlError(8155, f"No column name was specified for column {at + 1} of '{s.alias}'.")
            columns = (
                None if any(o.star for o in self.outputs) else {a.lower(): o.type for a, o in zip(names, self.outputs)}
            )
            self._add(s.alias, _Source(None, columns))
            listed = f" ({', '.join(ident(c) for c in s.columns)})" if s.columns else ""
            return f"({sql}) AS {ident(s.alias)}{listed}"
        if isinstance(s, n.ValuesRef):
            sql = self._values(n.Values(s.rows))
            kinds = [self._literal_type(e) for e in s.rows[0]]
            self._add(s.alias, _Source(None, {c.lower(): k for c, k in zip(s.columns, kinds)}))
            for c in s.columns:
                self.spelling.setdefault(c.lower(), c)
            return f"({sql}) AS {ident(s.alias)} ({', '.join(ident(c) for c in s.columns)})"
        assert isinstance(s, n.CallRef)
        return self._call_source(s)

    def _literal_type(self, e: n.Expr) -> SqlType | None:
        if isinstance(e, n.Variable) and not any(e.name in names for names in self.inline):
            return self.scope.variable_type(e.name)
        if isinstance(e, n.Literal) and e.kind == "int":
            return types.INT
        return None

    def _add(self, alias: str, source: _Source) -> None:
        frame = self.sources[-1]
        low = alias.lower()
        if low in frame:
            raise SqlError(1011, f"The correlation name '{alias}' is specified multiple times in a FROM clause.", 15)
        self.spelling.setdefault(low, alias)
        frame[low] = source

    def _table(self, s: n.TableRef) -> str:
        name = s.name
        alias = s.alias or name[-1]
        if len(name) == 1:
            low = name[0].lower()
            for frame in reversed(self.ctes):
                if low in frame:
                    self._add(alias, _Source(None, frame[low]))
                    return f"{ident(low)} AS {ident(alias)}"
        found = self.scope.table(name)
        if isinstance(found, str):  # ready SQL: a system view or the rows of a trigger
            return self._provided(found, name, alias)
        self._hints(s, found)
        if found.kind == "V":
            return self._view(found, alias)
        if found.kind not in ("U", "#"):
            raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
        self.objects.append(("SELECT", found))
        self._add(alias, _Source(found))
        return f"{found.ref} AS {ident(alias)}"

    def _provided(self, sql: str, name: n.Name, alias: str) -> str:
        info = None
        if sql.startswith("rows:"):  # inserted or deleted
            _unused, which, ref = sql.split(":", 2)
            info = self.scope.trigger_table()  # type: ignore[attr-defined]
            sql = f"unnest({self.param(('rows', which), 'text')}::{ref}[])"
            self._add(alias, _Source(info))
            return f"{sql} AS {ident(alias)}"
        if sql.startswith("live:"):
            _unused, view, columns = sql.split(":", 2)
            self._add(alias, _Source(None, None))
            columns = columns.replace(" text", " text COLLATE lab.ci")
            return f"json_to_recordset({self.param(('live', view), 'json')}) AS {ident(alias)} ({columns})"
        self._add(alias, _Source(None, _SystemColumns()))
        return f"{sql} AS {ident(alias)}"

    def _view(self, info: ObjectInfo, alias: str) -> str:
        module = self.scope.module_query(info)
        assert module.query is not None
        self.objects.append(("SELECT", info))
        outer, self.sources = self.sources, [{}]
        ctes, self.ctes = self.ctes, []
        before = len(self.objects)
        try:
            sql = self.query(module.query)
        finally:
            self.sources, self.ctes = outer, ctes
        # Who may read the view need not be able to read its tables, where they have the same owner.
        broken = [one for one in self.objects[before:] if not self.scope.same_owner(info, one[1])]
        self.objects = [*self.objects[:before], *broken]
        names = module.columns or [o.name for o in self.outputs]
        columns = (
            None if any(o.star for o in self.outputs) else {a.lower(): o.type for a, o in zip(names, self.outputs)}
        )
        self._add(alias, _Source(None, columns))
        listed = f" ({', '.join(ident(c) for c in module.columns)})" if module.columns else ""
        return f"({sql}) AS {ident(alias)}{listed}"

    def _call_source(self, s: n.CallRef) -> str:
        low = s.name[-1].lower()
        alias = s.alias or s.name[-1]
        self._add(alias, _Source(None, None))
        if len(s.name) == 1:
            if low == "string_split":
                return f"lab.string_split({', '.join(self.text(a) for a in s.args[:2])}) AS {ident(alias)}"
            if low == "openjson" and s.schema:
                return self._open_json(s, alias)
            if low == "openjson":
                root = self.text(s.args[0])
                if len(s.args) > 1:
                    root = f"jsonb_path_query_first({root}::jsonb, {self.text(s.args[1])}::jsonpath)::text"
                return f"lab.openjson({root}) AS {ident(alias)}"
            if low == "fn_listextendedproperty":
                return (
                    f"(SELECT NULL::text AS objtype, NULL::text AS objname, NULL::text AS name, NULL::text AS "
                    f"value WHERE false) AS {ident(alias)}"
                )
            if low == "generate_series":
                return f"generate_series({', '.join(self.sql(a) for a in s.args)}) AS {ident(alias)} (value)"
            raise SqlError(208, f"Invalid object name '{s.name[0]}'.")
        info = self.scope.table(s.name)
        if isinstance(info, str) or info.kind != "IF":
            raise SqlError(208, f"Invalid object name '{'.'.join(s.name)}'.")
        module = self.scope.module_query(info)
        assert module.query is not None
        names = {}
        for parameter, value in zip(module.params, s.args):
            sql, kind = self.x(value)
            assert parameter.type is not None
            names[parameter.name] = self.cast(
                sql, kind, parameter.type, literal=isinstance(value, (n.Literal, n.Variable))
            )
        self.inline.append(names)
        outer, self.sources = self.sources, [{}]
        ctes, self.ctes = self.ctes, []
        try:
            sql = self.query(module.query)
        finally:
            self.inline.pop()
            self.sources, self.ctes = outer, ctes
        return f"LATERAL ({sql}) AS {ident(alias)}"

    def _open_json(self, s: n.CallRef, alias: str) -> str:
        columns = []
        for column in s.schema:
            assert column.type is not None
            path = column.path or f"$.{column.name}"
            value = f"(jsonb_path_query_first(e, {quote(path)}::jsonpath) #>> '{{}}')"
            columns.append(f"{self.cast(value, types.NVARCHAR_MAX, column.type)} AS {ident(column.name)}")
            self.spelling.setdefault(column.name.lower(), column.name)
        root = f"{self.text(s.args[0])}::jsonb"
        if len(s.args) > 1:
            root = f"jsonb_path_query_first({root}, {self.text(s.args[1])}::jsonpath)"
        return (
            f"LATERAL (SELECT {', '.join(columns)} FROM (SELECT {root} AS r) r, LATERAL jsonb_array_elements("
            f"CASE WHEN jsonb_typeof(r) = 'array' THEN r ELSE jsonb_build_array(r) END) AS e) AS {ident(alias)}"
        )

    def _join(self, s: n.Join) -> str:
        left = self.source(s.left)
        if s.kind in ("CROSS APPLY", "OUTER APPLY"):
            right = self.source(s.right)
            if not right.startswith("LATERAL"):
                right = "LATERAL " + right if right.startswith("(") else right
            return f"{left} CROSS JOIN {right}" if s.kind == "CROSS APPLY" else f"{left} LEFT JOIN {right} ON true"
        right = self.source(s.right)
        if isinstance(s.right, n.Join):
            right = f"({right})"
        if s.kind == "CROSS":
            return f"{left} CROSS JOIN {right}"
        assert s.on is not None
        return f"{left} {s.kind} JOIN {right} ON {self.sql(s.on)}"

    # ---- lock hints

    def _hints(self, s: n.TableRef, info: ObjectInfo) -> None:
        hints = set(s.hints)
        if not hints or info.kind != "U":
            return
        if "TABLOCKX" in hints or ("TABLOCK" in hints and "XLOCK" in hints):
            self.locks.append(f"LOCK TABLE {info.ref} IN ACCESS EXCLUSIVE MODE")
        elif "TABLOCK" in hints and hints & {"HOLDLOCK", "SERIALIZABLE", "UPDLOCK", "REPEATABLEREAD"}:
            self.locks.append(f"LOCK TABLE {info.ref} IN SHARE MODE")
        elif hints & {"UPDLOCK", "XLOCK"} and hints & {"HOLDLOCK", "SERIALIZABLE"}:
            # a range lock, coarsely: whoever asks for one of this table waits
            self.locks.append(f"SELECT pg_advisory_xact_lock({info.object_id})")

    def _row_locks(self, q: n.Select) -> str:
        tables = self._hinted(q.source)
        if not tables or q.distinct or q.group or any(_aggregates(i.expr) for i in q.items):
            return ""
        skip = " SKIP LOCKED" if any("READPAST" in t.hints for t in tables) else ""
        return " FOR UPDATE OF " + ", ".join(ident(t.alias or t.name[-1]) for t in tables) + skip

    def _hinted(self, s: n.Source | None) -> list[n.TableRef]:
        if isinstance(s, n.TableRef):
            info = self.sources[-1].get((s.alias or s.name[-1]).lower())
            real = info is not None and info.info is not None and info.info.kind == "U"
            return [s] if real and set(s.hints) & {"UPDLOCK", "XLOCK"} else []
        if isinstance(s, n.Join):
            return (self._hinted(s.left) if s.kind != "RIGHT" else []) + (
                self._hinted(s.right) if s.kind != "LEFT" else []
            )
        return []


def _unites(a: SqlType, b: SqlType, op: str) -> bool:
    """Whether PostgreSQL finds the same common type without help."""
    if a.is_string and b.is_string:
        return op == "UNION ALL"
    return a == b or (a.name in INTEGERS and b.name in INTEGERS)


def _retyped(sql: str, outputs: list[Output], kinds: list[SqlType | None]) -> str:
    items = []
    for i, (output, kind) in enumerate(zip(outputs, kinds)):
        value = f"c{i}"
        if kind is not None and kind.is_string:
            value = f"({to_text(value, output.type, kind)})::text COLLATE lab.ci"
        elif kind is not None:
            value = convert(value, output.type, kind)
        items.append(f"{value} AS {ident(output.name or f'c{i}')}")
    names = ", ".join(f"c{i}" for i in range(len(outputs)))
    return f"SELECT {', '.join(items)} FROM ({sql}) AS lab_side ({names})"


_AGGREGATES = frozenset({"count", "count_big", "sum", "avg", "min", "max", "string_agg"})


def _aggregates(e: Any) -> bool:
    if isinstance(e, n.Call):
        return e.name[-1].lower() in _AGGREGATES or any(_aggregates(a) for a in e.args)
    if isinstance(e, n.Binary):
        return _aggregates(e.left) or _aggregates(e.right)
    if isinstance(e, (n.CastExpr, n.Unary)):
        return _aggregates(e.expr)
    return False
