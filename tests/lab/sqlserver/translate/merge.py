# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""MERGE with OUTPUT or WHEN NOT MATCHED BY SOURCE: PostgreSQL's MERGE has neither, so its parts run one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.catalog import ColumnInfo, ObjectInfo
from ..errors import refusal
from ..parser import nodes as n
from ..wire import types
from .expressions import _Source
from .names import ident, pg_type
from .queries import Output

if TYPE_CHECKING:
    from .dml import DmlTranslator, Translation

_ACTION = types.SqlType("nvarchar", 10)


def merge_by_parts(t: DmlTranslator, s: n.Merge, info: ObjectInfo, alias: str, prefix: str) -> Translation:
    """One query joins source and target, numbers the clause for each pair, and computes its values."""
    t.sources.append({})
    t._add(alias, _Source(info))
    source = t.source(s.source)
    by_source = any(when.matched == "NOT MATCHED BY SOURCE" for when in s.whens)
    clauses, values, parts = [], [], []
    for i, when in enumerate(s.whens):
        condition = f" AND {t.sql(when.condition)}" if when.condition is not None else ""
        clauses.append(f"WHEN {_MATCHED[when.matched].format(ident(alias))}{condition} THEN {i}")
        t.objects.append((when.action, info))
        columns, sqls = _clause_values(t, when, info, alias)
        values += [f"({sql})::{pg_type(c.type)} AS lab_v{i}_{j}" for j, (c, sql) in enumerate(zip(columns, sqls))]
        parts.append(_part(when, i, info, columns))
    join = "FULL" if by_source else "LEFT"
    items = ", ".join([f"{ident(alias)}.ctid AS lab_ctid", f"CASE {' '.join(clauses)} END AS lab_clause", *values])
    pairs = (
        f"lab_pairs AS MATERIALIZED (SELECT {items} FROM (SELECT *, true AS lab_there FROM {source}) AS "
        f"{ident(_alias_of(s.source))} {join} JOIN {info.ref} AS {ident(alias)} ON {t.sql(s.on)})"
    )
    t.sources.pop()
    ctes = ", ".join([pairs, *(f"lab_part{i} AS ({part})" for i, part in enumerate(parts))])
    union = " UNION ALL ".join(f"SELECT * FROM lab_part{i}" for i in range(len(parts)))
    sql = f"{prefix}{', ' if prefix else 'WITH '}{ctes}, lab_changed AS ({union}) "
    return _finish(t, s, info, sql)


# Whether a pair of rows is matched; the target's row is NULL where it is missing.
_MATCHED = {
    "MATCHED": "{0}.ctid IS NOT NULL AND lab_there",
    "NOT MATCHED": "{0}.ctid IS NULL",
    "NOT MATCHED BY SOURCE": "lab_there IS NULL",
}


def _alias_of(source: n.Source) -> str:
    alias = getattr(source, "alias", "") or (source.name[-1] if isinstance(source, n.TableRef) else "")
    if not alias:
        raise refusal("MERGE with this source")
    return str(alias)


def _clause_values(
    t: DmlTranslator, when: n.MergeWhen, info: ObjectInfo, alias: str
) -> tuple[list[ColumnInfo], list[str]]:
    if when.action == "DELETE":
        return [], []
    if when.action == "UPDATE":
        columns = t.check_columns(info, [a.column for a in when.assignments])
        expressions: list[n.Expr] = [
            a.value if a.op == "=" else n.Binary(a.op[:-1], n.Column((alias, a.column)), a.value)
            for a in when.assignments
        ]
    else:
        names = when.columns or [c.name for c in info.columns if not c.identity and not c.computed]
        columns = t.check_columns(info, names)
        expressions = list(when.row)
    sqls = []
    for e, column in zip(expressions, columns):
        sql, kind = t.x(e)
        sqls.append(t.assigned(e, sql, kind, column.type))
    return columns, sqls


def _part(when: n.MergeWhen, i: int, info: ObjectInfo, columns: list[ColumnInfo]) -> str:
    """The change of one clause; it returns the action, the new and the old values of all columns."""
    new = ", ".join(f"lab_target.{ident(c.name)} AS {ident('i ' + c.name)}" for c in info.columns)
    old = ", ".join(f"lab_old.{ident(c.name)} AS {ident('d ' + c.name)}" for c in info.columns)
    no_new = ", ".join(f"NULL::{pg_type(c.type)} AS {ident('i ' + c.name)}" for c in info.columns)
    no_old = ", ".join(f"NULL::{pg_type(c.type)} AS {ident('d ' + c.name)}" for c in info.columns)
    located = (
        f"FROM lab_pairs JOIN {info.ref} AS lab_old ON lab_old.ctid = lab_pairs.lab_ctid WHERE lab_target.ctid = "
        f"lab_pairs.lab_ctid AND lab_clause = {i}"
    )
    if when.action == "DELETE":
        using = located.replace("FROM", "USING", 1)
        return f"DELETE FROM {info.ref} AS lab_target {using} RETURNING 'DELETE' AS lab_action, {no_new}, {old}"
    names = ", ".join(ident(c.name) for c in columns)
    taken = ", ".join(f"lab_v{i}_{j}" for j in range(len(columns)))
    if when.action == "UPDATE":
        sets = ", ".join(f"{ident(c.name)} = lab_v{i}_{j}" for j, c in enumerate(columns))
        return f"UPDATE {info.ref} AS lab_target SET {sets} {located} RETURNING 'UPDATE' AS lab_action, {new}, {old}"
    body = f"({names}) SELECT {taken} FROM lab_pairs WHERE lab_clause = {i}" if columns else "DEFAULT VALUES"
    return f"INSERT INTO {info.ref} AS lab_target {body} RETURNING 'INSERT' AS lab_action, {new}, {no_old}"


def _finish(t: DmlTranslator, s: n.Merge, info: ObjectInfo, sql: str) -> Translation:
    from .dml import Translation

    if s.output is None:
        translation = Translation("MERGE", f"{sql}SELECT lab_action FROM lab_changed", t)
        translation.counts_rows = True
    else:
        items, outputs = _output_items(t, s.output, info)
        if s.output.into is None:
            translation = Translation("MERGE", f"{sql}SELECT {items} FROM lab_changed", t)
            translation.outputs = outputs
        else:
            into = t.target(s.output.into)
            names = s.output.into_columns or [c.name for c in into.columns if not c.identity and not c.computed]
            listed = ", ".join(ident(name) for name in names)
            translation = Translation(
                "MERGE", f"{sql}INSERT INTO {into.ref} ({listed}) SELECT {items} FROM lab_changed", t
            )
    translation.target = info
    translation.updated = frozenset(a.column.lower() for w in s.whens for a in w.assignments)
    t.ctes.pop()
    return translation


def _output_items(t: DmlTranslator, output: n.OutputClause, info: ObjectInfo) -> tuple[str, list[Output]]:
    t.sources.append({"inserted": _Source(info), "deleted": _Source(info), "": _Source(None, {"$action": _ACTION})})
    parts: list[str] = []
    outputs: list[Output] = []
    for item in output.items:
        e = item.expr
        if isinstance(e, n.Star):
            which = e.qualifier[-1].lower() if e.qualifier else "inserted"
            parts += [f'"{which}".{ident(c.name)}' for c in info.columns]
            outputs += [Output(c.name, c.type) for c in info.columns]
            continue
        sql, kind = t.x(e)
        parts.append(sql)
        outputs.append(Output(item.alias or (e.parts[-1] if isinstance(e, n.Column) else ""), kind))
    t.sources.pop()
    sql = ", ".join(parts)
    return (
        sql.replace('"inserted"."', 'lab_changed."i ')
        .replace('"deleted"."', 'lab_changed."d ')
        .replace('"$action"', "lab_action")
    ), outputs
