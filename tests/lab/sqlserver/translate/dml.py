# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""INSERT, UPDATE, DELETE and MERGE."""

from __future__ import annotations

from typing import Any

from ..catalog.catalog import ColumnInfo, ObjectInfo
from ..errors import SqlError, refusal
from ..parser import nodes as n
from ..wire.types import SqlType
from .expressions import Param, _Source
from .merge import merge_by_parts
from .names import ident, pg_type
from .queries import Output, QueryTranslator


class Translation:
    """A statement that is ready to run, and what to do around it."""

    __slots__ = (
        "assigns",
        "counts_rows",
        "identity_at",
        "kind",
        "locate",
        "locks",
        "objects",
        "outputs",
        "params",
        "prepare",
        "spelling",
        "sql",
        "target",
        "updated",
        "writes",
    )

    def __init__(self, kind: str, sql: str, translator: QueryTranslator) -> None:
        self.kind = kind
        self.sql = sql
        self.params: list[Param] = translator.params
        self.spelling = translator.spelling
        self.locks = translator.locks
        self.locate: tuple[str, list[Param]] | None = getattr(translator, "locate", None)
        self.objects = translator.objects
        self.outputs: list[Output] | None = None
        self.assigns: list[tuple[str, str, SqlType | None]] | None = None
        self.target: ObjectInfo | None = None
        self.identity_at = -1
        self.updated: frozenset[str] = frozenset()
        self.writes = kind != "SELECT"
        self.prepare = True
        self.counts_rows = False  # the rows of the result are the rows that changed


class DmlTranslator(QueryTranslator):
    """One statement that changes rows."""

    locate: tuple[str, list[Param]] | None = None

    def target(self, name: n.Name) -> ObjectInfo:
        info = self.scope.table(name)
        if isinstance(info, str) or info.kind not in ("U", "#"):
            if not isinstance(info, str) and info.kind == "V":
                return self._through_view(info)
            raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
        return info

    def _through_view(self, info: ObjectInfo) -> ObjectInfo:
        raise refusal("a change through a view", info.label)

    def check_columns(self, info: ObjectInfo, names: list[str]) -> list[ColumnInfo]:
        found = []
        seen = set()
        for name in names:
            column = info.by_name.get(name.lower())
            if column is None:
                raise SqlError(207, f"Invalid column name '{name}'.")
            if name.lower() in seen:
                raise SqlError(
                    264,
                    f"The column name '{name}' is specified more than once in the SET clause or column list of an "
                    "INSERT.",
                )
            seen.add(name.lower())
            found.append(column)
        return found

    # ---- OUTPUT

    def returning(self, output: n.OutputClause, info: ObjectInfo, row: str, old: str = "") -> str:
        """RETURNING for an OUTPUT clause; `row` and `old` are the names that inserted and deleted go by."""
        parts = []
        outputs: list[Output] = []
        frame = self.sources[-1]
        frame["inserted"] = _Source(info)
        frame["deleted"] = _Source(info)
        self.in_output = True
        for item in output.items:
            e = item.expr
            if isinstance(e, n.Star):
                which = e.qualifier[-1].lower() if e.qualifier else "inserted"
                for column in info.columns:
                    parts.append(f'"{which}".{ident(column.name)}')
                    outputs.append(Output(column.name, column.type))
                continue
            sql, kind = self.x(e)
            parts.append(sql)
            outputs.append(Output(item.alias or (e.parts[-1] if isinstance(e, n.Column) else ""), kind))
        self.outputs = outputs
        sql = ", ".join(parts)
        self.in_output = False
        del frame["inserted"], frame["deleted"]
        sql = sql.replace('"inserted".', f"{row}.")
        return (
            sql.replace('"deleted"."', 'lab_new."lab_o_')
            if old == "lab_new"
            else sql.replace('"deleted".', f"{old or row}.")
        )

    def finish_output(self, sql: str, output: n.OutputClause, translation_kind: str, info: ObjectInfo) -> Translation:
        if output.into is None:
            translation = Translation(translation_kind, sql, self)
            translation.outputs = self.outputs
            return translation
        into = self.target(output.into)
        columns = output.into_columns or [c.name for c in into.columns if not c.identity and not c.computed]
        inner = (
            f"WITH lab_out AS ({sql}) INSERT INTO {into.ref} ({', '.join(ident(c) for c in columns)}) SELECT * "
            f"FROM lab_out"
        )
        return Translation(translation_kind, inner, self)

    # ---- INSERT

    def insert(self, s: n.Insert, identity_insert: bool) -> Translation:
        info = self.target(s.target)
        self.objects.append(("INSERT", info))
        self.ctes.append({})
        prefix = self.with_clause(s.ctes) if s.ctes else ""
        explicit = bool(s.columns)
        names = s.columns or [
            c.name
            for c in info.columns
            if not c.computed and c.type.name != "timestamp" and (not c.identity or identity_insert)
        ]
        columns = self.check_columns(info, names)
        self._check_identity(info, columns, identity_insert, explicit)
        listed = ", ".join(ident(c.name) for c in columns)
        override = "OVERRIDING SYSTEM VALUE " if any(c.identity for c in columns) else ""
        if s.rows is None:
            body = "DEFAULT VALUES"
            sql = f"{prefix}INSERT INTO {info.ref} {body}"
        else:
            body = self._insert_rows(s, columns)
            sql = f"{prefix}INSERT INTO {info.ref} ({listed}) {override}{body}"
        self.ctes.pop()
        return self._insert_returning(s, info, sql)

    def _insert_returning(self, s: n.Insert, info: ObjectInfo, sql: str) -> Translation:
        table = '"' + info.ref.rpartition('."')[2]
        if s.output is not None:
            returning = self.returning(s.output, info, table)
            if info.identity is not None and s.output.into is None:
                returning += f", {table}.{ident(info.identity.name)}"
            translation = self.finish_output(f"{sql} RETURNING {returning}", s.output, "INSERT", info)
            if info.identity is not None and s.output.into is None:
                translation.identity_at = len(self.outputs)
        elif info.identity is not None:
            translation = Translation("INSERT", f"{sql} RETURNING {ident(info.identity.name)}", self)
            translation.identity_at = 0
        else:
            translation = Translation("INSERT", sql, self)
        translation.target = info
        return translation

    @staticmethod
    def _check_identity(info: ObjectInfo, columns: list[ColumnInfo], identity_insert: bool, explicit: bool) -> None:
        gives = any(c.identity for c in columns)
        if gives and not identity_insert:
            raise SqlError(
                544,
                f"Cannot insert explicit value for identity column in table '{info.name}' when IDENTITY_INSERT is "
                "set to OFF.",
            )
        if identity_insert and info.identity is not None and not gives:
            raise SqlError(
                545,
                f"Explicit value must be specified for identity column in table '{info.name}' either when "
                "IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION "
                "identity column.",
            )
        for c in columns:
            if c.computed:
                raise SqlError(
                    271,
                    f'The column "{c.name}" cannot be modified because it is either a computed column or is the '
                    "result of a UNION operator.",
                )
            if c.type.name == "timestamp":
                raise SqlError(273, "Cannot insert an explicit value into a timestamp column.")

    def _insert_rows(self, s: n.Insert, columns: list[ColumnInfo]) -> str:
        rows = s.rows
        if isinstance(rows, n.Values):
            out = []
            for row in rows.rows:
                if len(row) != len(columns):
                    if not s.columns:
                        raise SqlError(213, "Column name or number of supplied values does not match table definition.")
                    number = 109 if len(row) < len(columns) else 110
                    what = "more" if len(row) < len(columns) else "fewer"
                    raise SqlError(
                        number,
                        f"There are {what} columns in the INSERT statement than values specified in the VALUES "
                        "clause. The number of values in the VALUES clause must match the number of columns specified "
                        "in the INSERT statement.",
                        15,
                    )
                values = []
                for e, column in zip(row, columns):
                    sql, kind = self.x(e)
                    values.append(self.assigned(e, sql, kind, column.type))
                out.append("(" + ", ".join(values) + ")")
            return "VALUES " + ", ".join(out)
        assert isinstance(rows, n.Query)
        sql = self.query(rows)
        count = len(self.outputs)
        star = any(o.star for o in self.outputs)
        if not star and count != len(columns):
            if not s.columns:
                raise SqlError(213, "Column name or number of supplied values does not match table definition.")
            number, what = (120, "fewer") if count < len(columns) else (121, "more")
            raise SqlError(
                number,
                f"The select list for the INSERT statement contains {what} items than the insert list. The number "
                "of SELECT values must match the number of INSERT columns.",
                15,
            )
        if not star and isinstance(rows, n.Select):
            return self._converted(sql, columns)
        if s.top is not None:
            return f"SELECT * FROM ({sql}) lab_top LIMIT {self.sql(s.top)}"
        return sql

    def _converted(self, sql: str, columns: list[ColumnInfo]) -> str:
        """Convert where the types of a query's items do not go into the columns on their own."""
        needed = []
        for column, output in zip(columns, self.outputs):
            kind = output.type
            if kind is None or kind.name == column.type.name:
                continue
            converted = self.assigned(n.Star(()), "x", kind, column.type)
            if converted != "x":
                needed.append(column)
        if not needed:
            return sql
        names = [f"c{i}" for i in range(len(columns))]
        items = []
        for name, column, output in zip(names, columns, self.outputs):
            items.append(self.assigned(n.Star(()), name, output.type, column.type) if column in needed else name)
        return f"SELECT {', '.join(items)} FROM ({sql}) lab_rows ({', '.join(names)})"

    # ---- UPDATE

    def changeable(self, info: ObjectInfo, s: n.Update) -> list[ColumnInfo]:
        """The columns that are set, unless one of them must not be."""
        columns = self.check_columns(info, [a.column for a in s.assignments])
        for column in columns:
            if column.identity:
                raise SqlError(8102, f"Cannot update identity column '{column.name}'.")
            if column.computed:
                raise SqlError(
                    271,
                    f'The column "{column.name}" cannot be modified because it is either a computed column or is '
                    "the result of a UNION operator.",
                )
            if column.type.name == "timestamp":
                raise SqlError(272, "Cannot update a timestamp column.")
        return columns

    def update(self, s: n.Update) -> Translation:
        self.ctes.append({})
        if s.ctes and s.source is None and len(s.target) == 1:
            for cte in s.ctes:
                if cte.name.lower() == s.target[0].lower():
                    return self._update_through(s, cte)
        prefix = self.with_clause(s.ctes) if s.ctes else ""
        info, alias = self._resolve(s.target, s.source, s.ctes)
        self.objects.append(("UPDATE", info))
        columns = self.changeable(info, s)
        self.sources.append({})
        needs_old = s.output is not None and _mentions_deleted(s.output)
        variables = [a for a in s.assignments if a.variable]
        if s.source is None and s.top is None and not needs_old and not s.ctes:
            sql = self._plain_update(s, info, columns)
            row = ident(alias)
            old = ""
        else:
            sql, row, old = self._joined_update(s, info, alias, columns)
        translation = self._changed("UPDATE", prefix + sql, s.output, info, row, old, variables)
        translation.updated = frozenset(c.name.lower() for c in columns)
        self.sources.pop()
        self.ctes.pop()
        return translation

    def _changed(
        self,
        kind: str,
        sql: str,
        output: n.OutputClause | None,
        info: ObjectInfo,
        row: str,
        old: str,
        variables: list[n.Assignment],
    ) -> Translation:
        if variables:
            if output is not None:
                raise refusal("UPDATE with both OUTPUT and a variable")
            parts = ", ".join(f"{row}.{ident(a.column)}" for a in variables)
            translation = Translation(kind, f"{sql} RETURNING {parts}", self)
            translation.assigns = [(a.variable, "=", None) for a in variables]
        elif output is not None:
            returning = self.returning(output, info, row, old)
            translation = self.finish_output(f"{sql} RETURNING {returning}", output, kind, info)
        else:
            translation = Translation(kind, sql, self)
        translation.target = info
        return translation

    def _set_list(self, s: n.Update, columns: list[ColumnInfo], alias: str) -> str:
        parts = []
        for assignment, column in zip(s.assignments, columns):
            value = assignment.value
            if assignment.op != "=":
                value = n.Binary(assignment.op[:-1], n.Column((alias, assignment.column)), value)
            sql, kind = self.x(value)
            parts.append(f"{ident(column.name)} = {self.assigned(value, sql, kind, column.type)}")
        return ", ".join(parts)

    def _plain_update(self, s: n.Update, info: ObjectInfo, columns: list[ColumnInfo]) -> str:
        alias = info.name
        self._add(alias, _Source(info))
        assignments = self._set_list(s, columns, alias)
        where = f" WHERE {self.sql(s.where)}" if s.where is not None else ""
        return f"UPDATE {info.ref} AS {ident(alias)} SET {assignments}{where}"

    def _joined_update(
        self, s: n.Update, info: ObjectInfo, alias: str, columns: list[ColumnInfo]
    ) -> tuple[str, str, str]:
        """The rows are found and locked by the whole FROM, then changed by their ctid."""
        self.locate = self._locator(s, info, alias)
        inner, where = self._located(s, info, alias)
        assigned = []
        items = []
        for i, (assignment, column) in enumerate(zip(s.assignments, columns)):
            value = assignment.value
            if assignment.op != "=":
                value = n.Binary(assignment.op[:-1], n.Column((alias, assignment.column)), value)
            if isinstance(value, n.Literal) and value.kind == "default":
                assigned.append(f"{ident(column.name)} = DEFAULT")
                continue
            sql, kind = self.x(value)
            cast = self.assigned(value, sql, kind, column.type)
            if isinstance(value, (n.Literal, n.Variable)):
                cast = f"({cast})::{pg_type(column.type)}"
            items.append(f"{cast} AS lab_v{i}")
            assigned.append(f"{ident(column.name)} = lab_new.lab_v{i}")
        old = (
            ", ".join(f"{ident(alias)}.{ident(c.name)} AS {ident('lab_o_' + c.name)}" for c in info.columns)
            if s.output
            else ""
        )
        listed = ", ".join([f"{ident(alias)}.ctid AS lab_ctid", *items] + ([old] if old else []))
        sql = (
            f"UPDATE {info.ref} AS lab_target SET {', '.join(assigned)} FROM (SELECT {listed} FROM {inner}{where}) "
            f"lab_new "
            "WHERE lab_target.ctid = lab_new.lab_ctid"
        )
        return sql, "lab_target", "lab_new" if s.output else ""

    def _located(self, s: n.Update | n.Delete, info: ObjectInfo, alias: str, final: bool = True) -> tuple[str, str]:
        """FROM and WHERE of a change. `final`: of the change itself, for the rows that were locked before."""
        if s.source is None:
            self._add(alias, _Source(info))
            inner = f"{info.ref} AS {ident(alias)}"
        else:
            inner = self.source(s.source)
        conditions = [self.sql(s.where)] if s.where is not None else []
        if final:
            conditions.append(f"{ident(alias)}.ctid = ANY ({self.param(('ctids',), 'tid[]')})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        limit = f" LIMIT {self.sql(s.top)}" if s.top is not None and not final else ""
        return inner, f"{where}{limit}"

    def _locator(self, s: n.Update | n.Delete, info: ObjectInfo, alias: str) -> tuple[str, list[Param]]:
        """A query of its own that finds and locks the rows first: the change then sees their newest versions."""
        other = DmlTranslator(self.scope)
        other.ctes.append({})
        prefix = other.with_clause(s.ctes) if s.ctes else ""
        other.sources.append({})
        inner, rest = other._located(s, info, alias, False)
        hints = set(s.hints) | {h for t in (_tables(s.source) if s.source is not None else []) for h in t.hints}
        skip = " SKIP LOCKED" if "READPAST" in hints else ""
        return f"{prefix}SELECT {ident(alias)}.ctid FROM {inner}{rest} FOR UPDATE OF {ident(alias)}{skip}", other.params

    def _resolve(self, target: n.Name, source: n.Source | None, ctes: list[n.Cte]) -> tuple[ObjectInfo, str]:
        """The table that is changed and its alias: the target may be an alias of FROM."""
        if source is not None:
            tables = _tables(source)
            if len(target) == 1:
                for t in tables:
                    if t.alias and t.alias.lower() == target[0].lower():
                        return self.target(t.name), t.alias
            for t in tables:
                if (t.name[-1].lower() == target[-1].lower() and len(t.name) >= len(target)) or (
                    t.name[-1].lower() == target[-1].lower() and not t.alias
                ):
                    return self.target(t.name), t.alias or t.name[-1]
            raise refusal("a target that is not in FROM", ".".join(target))
        if len(target) == 1 and any(c.name.lower() == target[0].lower() for c in ctes):
            raise refusal("a change through a common table expression", target[0])
        info = self.target(target)
        return info, info.name

    # ---- DELETE

    def delete(self, s: n.Delete) -> Translation:
        self.ctes.append({})
        if s.ctes and s.source is None and len(s.target) == 1:
            for cte in s.ctes:
                if cte.name.lower() == s.target[0].lower():
                    return self._delete_through(s, cte)
        prefix = self.with_clause(s.ctes) if s.ctes else ""
        info, alias = self._resolve(s.target, s.source, s.ctes)
        self.objects.append(("DELETE", info))
        self.sources.append({})
        if s.source is None and s.top is None:
            self._add(alias, _Source(info))
            where = f" WHERE {self.sql(s.where)}" if s.where is not None else ""
            sql = f"DELETE FROM {info.ref} AS {ident(alias)}{where}"
            row = ident(alias)
        else:
            self.locate = self._locator(s, info, alias)
            inner, rest = self._located(s, info, alias)
            sql = (
                f"DELETE FROM {info.ref} AS lab_target WHERE lab_target.ctid = ANY (ARRAY(SELECT {ident(alias)}.ctid "
                f"FROM {inner}{rest}))"
            )
            row = "lab_target"
        translation = self._changed("DELETE", prefix + sql, s.output, info, row, row, [])
        self.sources.pop()
        self.ctes.pop()
        return translation

    def _cte_rows(self, cte: n.Cte) -> tuple[ObjectInfo, str, bool]:
        """The table of a common table expression, its query with the rows' ctid, and whether that can lock them."""
        query = cte.query
        if not isinstance(query, n.Select) or not isinstance(query.source, n.TableRef) or query.group or query.distinct:
            raise refusal("a change through this common table expression", cte.name)
        info = self.target(query.source.name)
        alias = query.source.alias or query.source.name[-1]
        head, _select, tail = self.query(query).partition("SELECT ")
        return info, f"{head}SELECT {ident(alias)}.ctid AS lab_ctid, {tail}", " OVER (" not in tail

    def _through(self, s: n.Update | n.Delete, cte: n.Cte, final: bool) -> tuple[ObjectInfo, str, bool]:
        """FROM and WHERE of a change through a common table expression."""
        info, inner, locks = self._cte_rows(cte)
        self.sources.append({})
        self._add(cte.name, _Source(None, None))
        conditions = [self.sql(s.where)] if s.where is not None else []
        if final and locks:
            conditions.append(f"lab_ctid = ANY ({self.param(('ctids',), 'tid[]')})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        limit = f" LIMIT {self.sql(s.top)}" if s.top is not None and not (final and locks) else ""
        return info, f"({inner}) AS {ident(cte.name)}{where}{limit}", locks

    def _lock_through(self, s: n.Update | n.Delete, cte: n.Cte) -> None:
        other = DmlTranslator(self.scope)
        other.ctes.append({})
        _info, rows, locks = other._through(s, cte, False)
        if locks:
            self.locate = (f"SELECT lab_ctid FROM {rows} FOR UPDATE OF {ident(cte.name)}", other.params)

    def _delete_through(self, s: n.Delete, cte: n.Cte) -> Translation:
        """WITH d AS (SELECT ..., ROW_NUMBER() ... FROM t) DELETE FROM d WHERE rn > 1."""
        self._lock_through(s, cte)
        info, rows, _locks = self._through(s, cte, True)
        self.objects.append(("DELETE", info))
        sql = f"DELETE FROM {info.ref} AS lab_target WHERE ctid = ANY (ARRAY(SELECT lab_ctid FROM {rows}))"
        translation = self._changed("DELETE", sql, s.output, info, "lab_target", "lab_target", [])
        self.sources.pop()
        self.ctes.pop()
        return translation

    def _update_through(self, s: n.Update, cte: n.Cte) -> Translation:
        """WITH c AS (SELECT TOP (n) ... FROM t ORDER BY ...) UPDATE c SET ..."""
        self._lock_through(s, cte)
        info, rows, _locks = self._through(s, cte, True)
        self.objects.append(("UPDATE", info))
        columns = self.changeable(info, s)
        assigned = []
        items = ["lab_ctid"]
        for i, (assignment, column) in enumerate(zip(s.assignments, columns)):
            value = assignment.value
            if assignment.op != "=":
                value = n.Binary(assignment.op[:-1], n.Column((cte.name, assignment.column)), value)
            sql, kind = self.x(value)
            items.append(f"({self.assigned(value, sql, kind, column.type)})::{pg_type(column.type)} AS lab_v{i}")
            assigned.append(f"{ident(column.name)} = lab_new.lab_v{i}")
        sql = (
            f"UPDATE {info.ref} AS lab_target SET {', '.join(assigned)} FROM (SELECT {', '.join(items)} FROM {rows}) "
            f"lab_new "
            "WHERE lab_target.ctid = lab_new.lab_ctid"
        )
        if s.output is not None and _mentions_deleted(s.output):
            raise refusal("OUTPUT deleted in a change through a common table expression", cte.name)
        translation = self._changed("UPDATE", sql, s.output, info, "lab_target", "", [])
        translation.updated = frozenset(c.name.lower() for c in columns)
        self.sources.pop()
        self.ctes.pop()
        return translation

    # ---- MERGE

    def merge(self, s: n.Merge, identity_insert: bool) -> Translation:
        info = self.target(s.target)
        alias = s.alias or s.target[-1]
        self.ctes.append({})
        prefix = self.with_clause(s.ctes) if s.ctes else ""
        if s.output is not None and self._only_inserts(s):
            return self._merge_inserting(s, info, prefix)
        if s.output is not None or any(when.matched == "NOT MATCHED BY SOURCE" for when in s.whens):
            return merge_by_parts(self, s, info, alias, prefix)
        self.sources.append({})
        self._add(alias, _Source(info))
        source = self.source(s.source)
        parts = [f"{prefix}MERGE INTO {info.ref} AS {ident(alias)} USING {source} ON {self.sql(s.on)}"]
        for when in s.whens:
            condition = f" AND {self.sql(when.condition)}" if when.condition is not None else ""
            parts.append(
                f" WHEN {when.matched}{condition} THEN {self._merge_action(when, info, alias, identity_insert)}"
            )
        translation = Translation("MERGE", "".join(parts), self)
        translation.target = info
        translation.updated = frozenset(a.column.lower() for w in s.whens for a in w.assignments)
        self.sources.pop()
        self.ctes.pop()
        return translation

    def _merge_action(self, when: n.MergeWhen, info: ObjectInfo, alias: str, identity_insert: bool) -> str:
        self.objects.append((when.action, info))
        if when.action == "DELETE":
            return "DELETE"
        if when.action == "UPDATE":
            columns = self.check_columns(info, [a.column for a in when.assignments])
            fake = n.Update((), when.assignments)
            return "UPDATE SET " + self._set_list(fake, columns, alias)
        names = when.columns or [c.name for c in info.columns if not c.identity and not c.computed]
        columns = self.check_columns(info, names)
        self._check_identity(info, columns, identity_insert, True)
        values = []
        for e, column in zip(when.row, columns):
            sql, kind = self.x(e)
            values.append(self.assigned(e, sql, kind, column.type))
        return f"INSERT ({', '.join(ident(c.name) for c in columns)}) VALUES ({', '.join(values)})"

    @staticmethod
    def _only_inserts(s: n.Merge) -> bool:
        one = len(s.whens) == 1 and s.whens[0].matched == "NOT MATCHED" and s.whens[0].condition is None
        if not one or not isinstance(s.source, n.ValuesRef) or not isinstance(s.on, n.Binary):
            return False
        left, right = s.on.left, s.on.right
        return isinstance(left, n.Literal) and isinstance(right, n.Literal) and bool(left.value != right.value)

    def _merge_inserting(self, s: n.Merge, info: ObjectInfo, prefix: str) -> Translation:
        """What Entity Framework Core sends to insert several rows: MERGE ... ON 1=0 WHEN NOT MATCHED ... OUTPUT."""
        assert isinstance(s.source, n.ValuesRef) and s.output is not None
        self.objects.append(("INSERT", info))
        when = s.whens[0]
        source = s.source
        columns = self.check_columns(info, when.columns)
        by_name = {c.lower(): i for i, c in enumerate(source.columns)}
        extra: list[tuple[int, n.SelectItem]] = []
        output = n.OutputClause([], s.output.into, s.output.into_columns)
        for at, item in enumerate(s.output.items):
            e = item.expr
            if isinstance(e, n.Column) and len(e.parts) == 2 and e.parts[0].lower() == source.alias.lower():
                extra.append((at, item))
            else:
                output.items.append(item)
        if output.into is not None and extra:
            raise refusal("MERGE ... OUTPUT of the source's columns INTO a table")
        # one INSERT for each row, gathered by UNION ALL, keeps rows and positions together
        self.sources.append({})
        ctes = []
        selects = []
        table = '"' + info.ref.rpartition('."')[2]
        outputs: list[Output] = []
        for i, row in enumerate(source.rows):
            values = []
            for e, column in zip(when.row, columns):
                value = row[by_name[e.parts[-1].lower()]] if isinstance(e, n.Column) else e
                sql, kind = self.x(value)
                values.append(self.assigned(value, sql, kind, column.type))
            returning = self.returning(output, info, table)
            names = [f"c{k}" for k in range(len(self.outputs))]
            ctes.append(
                f"r{i} ({', '.join(names)}) AS (INSERT INTO {info.ref} ({', '.join(ident(c.name) for c in columns)}) "
                f"VALUES ({', '.join(values)}) RETURNING {returning})"
            )
            cells = list(names)
            outputs = list(self.outputs)
            for at, item in extra:
                assert isinstance(item.expr, n.Column)
                value = row[by_name[item.expr.parts[-1].lower()]]
                sql, kind = self.x(value)
                cells.insert(at, sql)
                outputs.insert(at, Output(item.alias or item.expr.parts[-1], kind))
            selects.append(f"SELECT {', '.join(cells)} FROM r{i}")
        sql = f"{prefix}{'WITH ' if not prefix else ', '}{', '.join(ctes)} {' UNION ALL '.join(selects)}"
        self.outputs = outputs
        translation = Translation("MERGE", sql, self)
        if output.into is not None:
            raise refusal("MERGE ... OUTPUT ... INTO")
        translation.outputs = outputs
        translation.target = info
        self.sources.pop()
        self.ctes.pop()
        return translation


def _tables(source: n.Source) -> list[n.TableRef]:
    if isinstance(source, n.TableRef):
        return [source]
    if isinstance(source, n.Join):
        return _tables(source.left) + _tables(source.right)
    return []


def _mentions_deleted(output: n.OutputClause) -> bool:
    def mentions(e: Any) -> bool:
        if isinstance(e, n.Column):
            return len(e.parts) > 1 and e.parts[0].lower() == "deleted"
        if isinstance(e, n.Star):
            return bool(e.qualifier) and e.qualifier[0].lower() == "deleted"
        if isinstance(e, n.Binary):
            return mentions(e.left) or mentions(e.right)
        if isinstance(e, n.Call):
            return any(mentions(a) for a in e.args)
        if isinstance(e, (n.CastExpr, n.Unary, n.IsNull)):
            return mentions(e.expr)
        if isinstance(e, n.Case):
            return any(mentions(a) or mentions(b) for a, b in e.whens) or mentions(e.otherwise)
        return False

    return any(mentions(item.expr) for item in output.items)
