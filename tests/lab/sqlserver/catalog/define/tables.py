# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE TABLE, also for temporary tables and table variables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...errors import SqlError, refusal
from ...frame import Frame
from ...parser import nodes as n
from ...running import queries, values
from ...translate.names import column_type, ident, physical, quote, schema_ident, units_check
from ...wire import types
from ...wire.types import SqlType
from .. import lookup
from ..catalog import ColumnInfo, ObjectInfo
from .indexes import Indexes

if TYPE_CHECKING:
    from ...session import Session


class Tables(Indexes):
    """New tables."""

    def create_table(self, s: Session, t: n.CreateTable, frame: Frame) -> None:
        temporary = t.name[-1].startswith("#")
        if temporary:
            if t.name[-1].startswith("##"):
                raise refusal("global temporary tables", t.name[-1])
            low = t.name[-1].lower()
            if low in s.temp and low in frame.temp:
                raise SqlError(2714, f"There is already an object named '{t.name[-1]}' in the database.", 16, 6)
            s.temp[low] = self.temporary(s, t)
            if frame.procedure or frame.parent is not None:
                frame.temp.append(low)
            return
        s.server.rights.require(s, "CREATE TABLE")
        db, schema, name = self.free(s, t.name)
        ref = f"{schema_ident(db, schema)}.{ident(name)}"
        info = self._shape(s, t, ObjectInfo(0, db, schema, name, "U", ref))
        columns = [self._column_sql(s, c, info) for c in t.columns]
        commands = [
            f"CREATE TABLE {ref} ({', '.join(columns)})",
            self.register(db, schema, name, "U", "0", f"{quote(ref)}::regclass::oid::int4"),
        ]
        commands += [self._column_row(info, c) for c in t.columns]
        s.backend.command("; ".join(commands))
        info.object_id = self._oid(s, ref)
        self._constraints(s, info, t)
        self._row_version(s, info)
        for index in t.indexes:
            self.make_index(s, info, index)

    def _shape(self, s: Session, t: n.CreateTable, info: ObjectInfo) -> ObjectInfo:
        """The table's columns as ObjectInfo, with the checks that SQL Server makes."""
        seen = set()
        columns = []
        keys = self._key_columns(t, info)
        for at, c in enumerate(t.columns, 1):
            low = c.name.lower()
            if low in seen:
                raise SqlError(
                    2705,
                    f"Column names in each table must be unique. Column name '{c.name}' in table '{info.label}' is "
                    "specified more than once.",
                )
            seen.add(low)
            self._settle_nullability(c, low in keys, info)
            columns.append(
                ColumnInfo(
                    c.name,
                    c.type or types.INT,
                    c.nullable is not False,
                    at,
                    at,
                    c.identity is not None,
                    c.computed is not None,
                )
            )
        if sum(1 for c in t.columns if c.identity) > 1:
            raise SqlError(
                2744,
                f"Multiple identity columns specified for table '{info.name}'. Only one identity column per table is "
                "allowed.",
            )
        info.add_columns(columns)
        for c in t.columns:
            if c.computed is not None:
                kind = self.expression(s, c.computed, info)[1]
                c.type = kind or types.NVARCHAR_4000
                info.by_name[c.name.lower()].type = c.type
        return info

    @staticmethod
    def _key_columns(t: n.CreateTable, info: ObjectInfo) -> set[str]:
        """The columns of the primary key, in lower case."""
        found = [[c for c, _unused in k.columns] for k in t.constraints if k.kind == "PRIMARY KEY"]
        found += [[c.name] for c in t.columns for k in c.constraints if k.kind == "PRIMARY KEY"]
        if len(found) > 1:
            raise SqlError(8110, f"Cannot add multiple PRIMARY KEY constraints to table '{info.name}'.")
        return {c.lower() for names in found for c in names}

    @staticmethod
    def _settle_nullability(c: n.ColumnDef, in_key: bool, info: ObjectInfo) -> None:
        """Columns of the key and identity columns are NOT NULL, and must not be declared NULL."""
        if in_key and c.nullable:
            raise SqlError(8111, f"Cannot define PRIMARY KEY constraint on nullable column in table '{info.name}'.")
        if c.identity is not None and c.nullable:
            raise SqlError(
                8147, f"Could not create IDENTITY attribute on nullable column '{c.name}', table '{info.name}'."
            )
        if in_key or c.identity is not None:
            c.nullable = False

    def _column_sql(self, s: Session, c: n.ColumnDef, info: ObjectInfo) -> str:
        assert c.type is not None
        parts = [ident(c.name), column_type(c.type)]
        if c.computed is not None:
            parts.append(f"GENERATED ALWAYS AS ({self.expression(s, c.computed, info)[0]}) STORED")
        elif c.identity is not None:
            seed, step = c.identity
            limits = f" MINVALUE {min(seed, -(2**31))}" if step > 0 else f" MAXVALUE {max(seed, 2**31)}"
            parts.append(f"GENERATED BY DEFAULT AS IDENTITY (START WITH {seed} INCREMENT BY {step}{limits})")
        elif c.type.name == "timestamp":
            parts.append("DEFAULT int8send(nextval('lab.rowversions'))")
        if c.nullable is False:
            parts.append("NOT NULL")
        units = units_check(c.name, c.type)
        if units and c.computed is None:
            parts.append(units)
        if c.type.name == "tinyint":
            parts.append(f"CHECK ({ident(c.name)} BETWEEN 0 AND 255)")
        return " ".join(parts)

    def _column_row(self, info: ObjectInfo, c: n.ColumnDef, column_id: str = "") -> str:
        kind = c.type
        assert kind is not None
        oid = f"{quote(info.ref)}::regclass"
        attnum = f"(SELECT attnum FROM pg_attribute WHERE attrelid = {oid} AND attname = {quote(physical(c.name))})"
        seed, step = c.identity or (0, 0)
        length = (
            kind.length
            if kind.name
            in (
                "char",
                "varchar",
                "nchar",
                "nvarchar",
                "binary",
                "varbinary",
                "sysname",
                "xml",
                "text",
                "ntext",
                "image",
            )
            else kind.max_length
        )
        computed = quote(f"({c.computed_text})") if c.computed is not None else "NULL"
        return (
            f"INSERT INTO lab.columns (object_id, column_id, attnum, name, type, length, prec, scale, nullable, "
            f"identity, seed, "
            f"increment, computed, persisted) VALUES ({oid}::oid::int4, {column_id or attnum}, {attnum}, "
            f"{quote(c.name)}, "
            f"{quote(kind.name)}, {length}, {kind.precision}, {kind.scale}, {c.nullable is not False}, "
            f"{c.identity is not None}, "
            f"{seed if c.identity else 'NULL'}, {step if c.identity else 'NULL'}, {computed}, {c.persisted})"
        )

    def _constraints(self, s: Session, info: ObjectInfo, t: n.CreateTable) -> None:
        everything = [k for c in t.columns for k in c.constraints] + t.constraints
        order = {"DEFAULT": 0, "PRIMARY KEY": 1, "UNIQUE": 2, "CHECK": 3, "FOREIGN KEY": 4}
        for constraint in sorted(everything, key=lambda k: order[k.kind]):
            self.add_constraint(s, info, constraint)

    def _row_version(self, s: Session, info: ObjectInfo) -> None:
        for c in info.columns:
            if c.type.name == "timestamp":
                function = f"{schema_ident(info.db, info.schema)}.{ident('lab_rv_' + info.name)}"
                s.backend.command(
                    f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $lab$ BEGIN "
                    f"NEW.{ident(c.name)} := "
                    f"int8send(nextval('lab.rowversions')); RETURN NEW; END $lab$; CREATE TRIGGER lab_rowversion "
                    f"BEFORE UPDATE ON "
                    f"{info.ref} FOR EACH ROW EXECUTE FUNCTION {function}()"
                )

    def temporary(self, s: Session, t: n.CreateTable) -> ObjectInfo:
        """A temporary table or table variable: PostgreSQL's own, known to this session alone."""
        s.temp_serial += 1
        ref = f"pg_temp.{ident(f'{t.name[-1][:40]}_{s.temp_serial}')}"
        info = self._shape(s, t, ObjectInfo(0, "tempdb", "dbo", t.name[-1], "#", ref))
        columns = [self._column_sql(s, c, info) for c in t.columns]
        s.backend.command(f"CREATE TEMPORARY TABLE {ref} ({', '.join(columns)})")
        info.object_id = self._oid(s, ref)
        self._constraints(s, info, t)
        return info

    def table_variable(self, s: Session, name: str, t: n.CreateTable, frame: Frame) -> None:
        if name in frame.tables:
            return
        frame.tables[name] = self.temporary(s, t)

    def typed_variable(self, s: Session, item: n.Declaration, frame: Frame) -> None:
        assert item.table_type is not None
        info = lookup.find(s, item.table_type)
        if info is None or info.kind not in ("TT", "TYPE"):
            raise SqlError(2715, f"Column, parameter, or variable: Cannot find data type {'.'.join(item.table_type)}.")
        if info.kind == "TT":
            statement = s.server.parse(info.definition, True)[0]
            assert isinstance(statement, n.CreateType) and statement.table is not None
            frame.tables[item.name] = self.temporary(
                s, n.CreateTable((item.name,), statement.table.columns, statement.table.constraints)
            )
            return
        kind = SqlType(*json.loads(info.target))
        frame.declare(item.name, kind, values.evaluate(s, item.value, frame) if item.value is not None else None)

    def select_into(self, s: Session, statement: n.SelectStatement, query: n.Select, frame: Frame) -> None:
        assert query.into is not None
        plain = n.Select(
            query.items,
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
        )
        inner = n.SelectStatement(plain)
        n.place(inner, statement.start, statement.end, statement.line)
        columns, rows = queries.rows(s, inner, frame)
        for at, column in enumerate(columns):
            if not column.name:
                raise SqlError(
                    1038,
                    "An object or column name is missing or empty. For SELECT INTO statements, verify each column "
                    "has a "
                    f"name (column {at + 1}).",
                    15,
                )
        table = n.CreateTable(query.into, [n.ColumnDef(c.name, c.type, True) for c in columns], [])
        s.writable(ObjectInfo(0, "", "", "", "#" if query.into[-1].startswith("#") else "U", ""))
        from ...backend import to_pg

        with s.tran.atomic(s.savepoint_needed()):
            self.create_table(s, table, frame)
            if query.into[-1].startswith("#"):
                info = s.temp[query.into[-1].lower()]
            else:
                s.definitions_changed()
                found = lookup.find(s, query.into) if s.tran.count else None
                db, schema, last = lookup.split(s, query.into)
                info = found or ObjectInfo(0, db, schema, last, "U", f"{schema_ident(db, schema)}.{ident(last)}")
            marks = ", ".join(f"${i}" for i in range(1, len(columns) + 1))
            for row in rows:
                s.backend.prepared(f"INSERT INTO {info.ref} VALUES ({marks})", [to_pg(v) for v in row])
        if not query.into[-1].startswith("#"):
            s.definitions_changed()
        s.rowcount = len(rows)
        if not s.settings.nocount:
            s.out.done(len(rows), 0xC1)

    def truncate(self, s: Session, t: n.Truncate, frame: Frame) -> None:
        info = lookup.find(s, t.table)
        if info is None or info.kind not in ("U", "#"):
            raise SqlError(
                4701,
                f'Cannot find the object "{".".join(t.table)}" because it does not exist or you do not have '
                "permissions.",
            )
        if info.kind == "U":
            s.server.rights.require(s, "ALTER", info)
            if self._strings(
                s,
                f"SELECT '1' FROM lab.foreign_keys WHERE referenced = {info.object_id} AND parent <> {info.object_id}",
            ):
                raise SqlError(
                    4712,
                    f"Cannot truncate table '{info.label}' because it is being referenced by a FOREIGN KEY constraint.",
                )
        s.backend.command(f"TRUNCATE {info.ref} RESTART IDENTITY")
