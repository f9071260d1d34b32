# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE, ALTER and DROP: PostgreSQL's definition and the lab's catalogue change in one transaction."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser import nodes as n
from ..translate.dml import DmlTranslator
from ..translate.expressions import _Source
from ..translate.names import column_type, ident, physical, quote, schema_ident
from ..wire import types
from ..wire.types import SqlType
from .catalog import ColumnInfo, ObjectInfo

if TYPE_CHECKING:
    from ..session import Session

_KINDS = {
    "U": "table",
    "P": "procedure",
    "V": "view",
    "TR": "trigger",
    "FN": "function",
    "SN": "synonym",
    "SO": "sequence object",
    "TYPE": "type",
}
_CONSTRAINT_TYPES = {"PRIMARY KEY": "PK", "UNIQUE": "UQ", "CHECK": "C", "FOREIGN KEY": "F", "DEFAULT": "D"}
_NEW_ID = "nextval('lab.object_ids')::int4"


def _suffix() -> str:
    return secrets.token_hex(4).upper()


def _wrapped(text: str) -> str:
    """A definition as sys.default_constraints shows it: in parentheses, numbers in two."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _balanced(text[1:-1]):
        text = text[1:-1].strip()
    return f"(({text}))" if text.replace(".", "").replace("-", "").isdigit() else f"({text})"


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


class _TableScope:
    """The scope of an expression inside a table's definition: only its columns."""

    def __init__(self, session: Session) -> None:
        self.db = session.db
        self.session = session

    def variable_type(self, name: str) -> SqlType:
        raise SqlError(112, "Variables are not allowed in the CREATE TABLE statement.", 15)

    def table(self, name: n.Name) -> ObjectInfo | str:
        found = self.session.find(name)
        if found is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
        return found

    def module_query(self, info: ObjectInfo) -> n.Module:
        return self.session.module_of(info)


class Definitions:
    """One method for each kind of statement."""

    def run(self, s: Session, statement: n.Statement, frame: Frame) -> None:
        method = _METHODS[type(statement)]
        verb = (
            "ALTER"
            if isinstance(statement, (n.AlterAdd, n.AlterColumn, n.AlterCheck))
            else "CREATE"
            if isinstance(statement, n.CreateIndex)
            else "UPDATE"
        )

        s.guarded(statement, frame, verb, None, {}, lambda: method(self, s, statement, frame), True)
        s.definitions_changed()

    # ---- helpers

    def expression(self, s: Session, e: n.Expr, info: ObjectInfo | None = None) -> tuple[str, SqlType | None]:
        translator = DmlTranslator(_TableScope(s), definition=True)
        if info is not None:
            translator.sources = [{info.name.lower(): _Source(info)}]
        return translator.x(e)

    def checked(self, s: Session, e: n.Expr, info: ObjectInfo) -> str:
        for name in _columns_of(e):
            if name.lower() not in info.by_name:
                raise SqlError(207, f"Invalid column name '{name}'.")
        return self.expression(s, e, info)[0]

    def named(self, s: Session, name: n.Name, kinds: tuple[str, ...] = ("U",)) -> ObjectInfo:
        info = s.find(name)
        if info is None or (info.kind not in kinds and info.kind != "#"):
            raise SqlError(
                4902,
                f'Cannot find the object "{".".join(p for p in name if p)}" because it does not exist or you do not '
                "have permissions.",
            )
        s.server.rights.require(s, "ALTER", info)
        own = replace(
            info, columns=[replace(c) for c in info.columns]
        )  # others may hold the cached one; this may be rolled back
        own.add_columns(own.columns)
        return own

    def free(self, s: Session, name: n.Name) -> tuple[str, str, str]:
        """Database, schema and name for a new object; refuses a taken one."""
        db, schema, last = s.split(name)
        schemas = s.server.schemas(s, db)
        if schema.lower() not in schemas:
            raise SqlError(
                2760,
                f'The specified schema name "{schema}" either does not exist or you do not have permission to use it.',
            )
        schema = schemas[schema.lower()]
        if s.find((*name[:-2], schema, last)) is not None if len(name) > 1 else s.find((schema, last)) is not None:
            raise SqlError(2714, f"There is already an object named '{last}' in the database.", 16, 6)
        return db, schema, last

    def register(self, db: str, schema: str, name: str, kind: str, parent: str = "0", object_id: str = _NEW_ID) -> str:
        return (
            f"INSERT INTO lab.objects (object_id, db, schema_name, name, type, parent_object_id) VALUES ({object_id}, {quote(db)}, "
            f"{quote(schema)}, {quote(name)}, {quote(kind)}, {parent})"
        )

    # ---- tables

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

    def _oid(self, s: Session, ref: str) -> int:
        return int(s.backend.query(f"SELECT {quote(ref)}::regclass::oid").rows[0][0] or 0)

    def _shape(self, s: Session, t: n.CreateTable, info: ObjectInfo) -> ObjectInfo:
        """The table's columns as ObjectInfo, with the checks that SQL Server makes."""
        seen = set()
        columns = []
        keys = {c.lower() for k in t.constraints if k.kind == "PRIMARY KEY" for c, _unused in k.columns}
        keys |= {c.name.lower() for c in t.columns for k in c.constraints if k.kind == "PRIMARY KEY"}
        primary = sum(1 for k in t.constraints if k.kind == "PRIMARY KEY") + sum(
            1 for c in t.columns for k in c.constraints if k.kind == "PRIMARY KEY"
        )
        if primary > 1:
            raise SqlError(8110, f"Cannot add multiple PRIMARY KEY constraints to table '{info.name}'.")
        for at, c in enumerate(t.columns, 1):
            low = c.name.lower()
            if low in seen:
                raise SqlError(
                    2705,
                    f"Column names in each table must be unique. Column name '{c.name}' in table '{info.label}' is "
                    "specified more than once.",
                )
            seen.add(low)
            if low in keys and c.nullable is None:
                c.nullable = False
            if low in keys and c.nullable:
                raise SqlError(8111, f"Cannot define PRIMARY KEY constraint on nullable column in table '{info.name}'.")
            if c.identity is not None:
                if c.nullable:
                    raise SqlError(
                        8147, f"Could not create IDENTITY attribute on nullable column '{c.name}', table '{info.name}'."
                    )
                c.nullable = False
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
            f"INSERT INTO lab.columns (object_id, column_id, attnum, name, type, length, prec, scale, nullable, identity, seed, "
            f"increment, computed, persisted) VALUES ({oid}::oid::int4, {column_id or attnum}, {attnum}, {quote(c.name)}, "
            f"{quote(kind.name)}, {length}, {kind.precision}, {kind.scale}, {c.nullable is not False}, {c.identity is not None}, "
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
                    f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $lab$ BEGIN NEW.{ident(c.name)} := "
                    f"int8send(nextval('lab.rowversions')); RETURN NEW; END $lab$; CREATE TRIGGER lab_rowversion BEFORE UPDATE ON "
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
        info = s.find(item.table_type)
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
        frame.declare(item.name, kind, s.evaluate(item.value, frame) if item.value is not None else None)

    # ---- constraints

    def add_constraint(self, s: Session, info: ObjectInfo, k: n.Constraint, nocheck: bool = False) -> None:
        columns = []
        for column, descending in k.columns:
            found = info.by_name.get(column.lower())
            if found is None:
                raise (
                    SqlError(1911, f"Column name '{column}' does not exist in the target table or view.")
                    if k.kind in ("PRIMARY KEY", "UNIQUE")
                    else SqlError(207, f"Invalid column name '{column}'.")
                )
            columns.append((found, descending))
        name = k.name or self._generated(info, k)
        if info.kind == "#":
            name = f"{name}_{_suffix()}"
        elif s.find((info.schema, name)) is not None:
            raise SqlError(2714, f"There is already an object named '{name}' in the database.", 16, 6)
        {
            "DEFAULT": self._default,
            "PRIMARY KEY": self._key,
            "UNIQUE": self._key,
            "CHECK": self._check,
            "FOREIGN KEY": self._foreign,
        }[k.kind](s, info, k, name, columns, nocheck)

    @staticmethod
    def _generated(info: ObjectInfo, k: n.Constraint) -> str:
        prefix = {"PRIMARY KEY": "PK", "UNIQUE": "UQ", "CHECK": "CK", "FOREIGN KEY": "FK", "DEFAULT": "DF"}[k.kind]
        column = f"__{k.columns[0][0][:5]}" if k.kind in ("DEFAULT", "CHECK", "FOREIGN KEY") and k.columns else ""
        return f"{prefix}__{info.name[:9]}{column}__{_suffix()}"

    def _default(
        self,
        s: Session,
        info: ObjectInfo,
        k: n.Constraint,
        name: str,
        columns: list[tuple[ColumnInfo, bool]],
        nocheck: bool,
    ) -> None:
        assert k.expr is not None
        column = columns[0][0]
        if column.default_id:
            raise SqlError(1781, "Column already has a DEFAULT bound to it.")
        if column.identity:
            raise SqlError(
                1754,
                f"Defaults cannot be created on columns with an IDENTITY attribute. Table '{info.name}', column "
                f"'{column.name}'.",
            )
        sql, kind = self.expression(s, k.expr)
        translator = DmlTranslator(_TableScope(s), definition=True)
        value = translator.assigned(k.expr, sql, kind, column.type)
        commands = [f"ALTER TABLE {info.ref} ALTER COLUMN {ident(column.name)} SET DEFAULT {value}"]
        if info.kind != "#":
            object_id = self._next_id(s)
            commands += [
                self.register(info.db, info.schema, name, "D", str(info.object_id), str(object_id)),
                f"INSERT INTO lab.defaults VALUES ({object_id}, {info.object_id}, {column.column_id}, {quote(_wrapped(k.text))})",
                f"UPDATE lab.columns SET default_object_id = {object_id} WHERE object_id = {info.object_id} AND column_id = "
                f"{column.column_id}",
            ]
            column.default_id = object_id
        s.backend.command("; ".join(commands))

    def _next_id(self, s: Session) -> int:
        return int(s.backend.query(f"SELECT {_NEW_ID}").rows[0][0] or 0)

    def _key(
        self,
        s: Session,
        info: ObjectInfo,
        k: n.Constraint,
        name: str,
        columns: list[tuple[ColumnInfo, bool]],
        nocheck: bool,
    ) -> None:
        primary = k.kind == "PRIMARY KEY"
        if primary:
            for column, _unused in columns:
                if column.nullable:
                    raise SqlError(
                        8111, f"Cannot define PRIMARY KEY constraint on nullable column in table '{info.name}'."
                    )
        listed = ", ".join(ident(c.name) for c, _unused in columns)
        what = "PRIMARY KEY" if primary else "UNIQUE NULLS NOT DISTINCT"
        commands = [f"ALTER TABLE {info.ref} ADD CONSTRAINT {ident(name)} {what} ({listed})"]
        if info.kind != "#":
            if (
                primary
                and s.backend.query(
                    "SELECT 1 FROM lab.indexes WHERE object_id = $1::int4 AND is_primary",
                    [str(info.object_id).encode()],
                ).rows
            ):
                raise SqlError(1779, f"Table '{info.name}' already has a primary key defined on it.")
            commands.append(self.register(info.db, info.schema, name, "PK" if primary else "UQ", str(info.object_id)))
            clustered = k.clustered if k.clustered is not None else primary
            commands += self._index_rows(info, name, physical(name), columns, [], clustered, True, primary, True, "")
        s.backend.command("; ".join(commands))

    def _index_rows(
        self,
        info: ObjectInfo,
        name: str,
        pg_name: str,
        columns: list[tuple[ColumnInfo, bool]],
        include: list[ColumnInfo],
        clustered: bool,
        unique: bool,
        primary: bool,
        constraint: bool,
        where: str,
    ) -> list[str]:
        new = f"(SELECT coalesce(max(index_id), {0 if clustered else 1}) + 1 FROM lab.indexes WHERE object_id = {info.object_id})"
        rows = [
            f"INSERT INTO lab.indexes (object_id, index_id, name, pg_name, clustered, is_unique, is_primary, is_constraint, filter) "
            f"VALUES ({info.object_id}, {new}, {quote(name)}, {quote(pg_name)}, {clustered}, {unique}, {primary}, {constraint}, "
            f"{quote('(' + where + ')') if where else 'NULL'})"
        ]
        at = f"(SELECT index_id FROM lab.indexes WHERE object_id = {info.object_id} AND name = {quote(name)})"
        cells = [f"({info.object_id}, {at}, {i}, {c.column_id}, {d}, false)" for i, (c, d) in enumerate(columns, 1)]
        cells += [
            f"({info.object_id}, {at}, {i}, {c.column_id}, false, true)"
            for i, c in enumerate(include, len(columns) + 1)
        ]
        rows.append(f"INSERT INTO lab.index_columns VALUES {', '.join(cells)}")
        return rows

    def _check(
        self,
        s: Session,
        info: ObjectInfo,
        k: n.Constraint,
        name: str,
        columns: list[tuple[ColumnInfo, bool]],
        nocheck: bool,
    ) -> None:
        assert k.expr is not None
        sql = self.checked(s, k.expr, info)
        commands = [
            f"ALTER TABLE {info.ref} ADD CONSTRAINT {ident(name)} CHECK ({sql}){' NOT VALID' if nocheck else ''}"
        ]
        if info.kind != "#":
            object_id = self._next_id(s)
            commands += [
                self.register(info.db, info.schema, name, "C", str(info.object_id), str(object_id)),
                f"INSERT INTO lab.checks VALUES ({object_id}, {info.object_id}, {columns[0][0].column_id if columns else 0}, "
                f"{quote('(' + k.text + ')')}, {quote(sql)}, false, {nocheck})",
            ]
        s.backend.command("; ".join(commands))

    def _foreign(
        self,
        s: Session,
        info: ObjectInfo,
        k: n.Constraint,
        name: str,
        columns: list[tuple[ColumnInfo, bool]],
        nocheck: bool,
    ) -> None:
        f = k.foreign
        assert f is not None
        if info.kind == "#":
            return  # SQL Server ignores them on temporary tables
        target = info if (f.table[-1].lower() == info.name.lower() and len(f.table) == 1) else s.find(f.table)
        if target is None or target.kind != "U":
            raise SqlError(1767, f"Foreign key '{name}' references invalid table '{'.'.join(f.table)}'.")
        references = f.references
        if not references:
            rows = s.backend.query(
                "SELECT c.name FROM lab.indexes i JOIN lab.index_columns k USING (object_id, index_id) JOIN "
                "lab.columns c ON c.object_id = i.object_id AND c.column_id = k.column_id WHERE i.object_id = "
                "$1::int4 AND i.is_primary ORDER BY k.ordinal",
                [str(target.object_id).encode()],
            ).rows
            references = [(r[0] or b"").decode() for r in rows]
        found = []
        for reference in references:
            column = target.by_name.get(reference.lower())
            if column is None:
                raise SqlError(
                    1770,
                    f"Foreign key '{name}' references invalid column '{reference}' in referenced table "
                    f"'{'.'.join(f.table)}'.",
                )
            found.append(column)
        actions = (f" ON DELETE {f.on_delete}" if f.on_delete else "") + (
            f" ON UPDATE {f.on_update}" if f.on_update else ""
        )
        sql = (
            f"FOREIGN KEY ({', '.join(ident(c.name) for c, _ in columns)}) REFERENCES {target.ref} "
            f"({', '.join(ident(c.name) for c in found)}){actions}"
        )
        object_id = self._next_id(s)
        cells = ", ".join(
            f"({object_id}, {i}, {c.column_id}, {r.column_id})"
            for i, ((c, _unused), r) in enumerate(zip(columns, found), 1)
        )
        s.backend.command(
            "; ".join(
                [
                    f"ALTER TABLE {info.ref} ADD CONSTRAINT {ident(name)} {sql}{' NOT VALID' if nocheck else ''}",
                    self.register(info.db, info.schema, name, "F", str(info.object_id), str(object_id)),
                    f"INSERT INTO lab.foreign_keys VALUES ({object_id}, {info.object_id}, {target.object_id}, "
                    f"{quote(f.on_delete or 'NO ACTION')}, {quote(f.on_update or 'NO ACTION')}, {quote(sql)}, false, {nocheck})",
                    f"INSERT INTO lab.foreign_key_columns VALUES {cells}",
                ]
            )
        )

    # ---- ALTER TABLE

    def alter_add(self, s: Session, a: n.AlterAdd, frame: Frame) -> None:
        info = self.named(s, a.table)
        for c in a.columns:
            if c.name.lower() in info.by_name:
                raise SqlError(
                    2705,
                    f"Column names in each table must be unique. Column name '{c.name}' in table "
                    f"'{'.'.join(a.table)}' is specified more than once.",
                )
            self._add_column(s, info, c)
            fresh = (
                s.backend.query(
                    "SELECT attnum, column_id FROM lab.columns WHERE object_id = $1::int4 AND name = $2",
                    [str(info.object_id).encode(), c.name.encode()],
                ).rows
                if info.kind != "#"
                else []
            )
            attnum, column_id = (
                (int(fresh[0][0] or 0), int(fresh[0][1] or 0)) if fresh else (len(info.columns) + 1,) * 2
            )
            assert c.type is not None
            info.add_columns(
                [
                    *info.columns,
                    ColumnInfo(
                        c.name,
                        c.type,
                        c.nullable is not False,
                        attnum,
                        column_id,
                        c.identity is not None,
                        c.computed is not None,
                    ),
                ]
            )
            for constraint in c.constraints:
                self.add_constraint(s, info, constraint, a.nocheck)
        for constraint in a.constraints:
            self.add_constraint(s, info, constraint, a.nocheck)

    def _add_column(self, s: Session, info: ObjectInfo, c: n.ColumnDef) -> None:
        if c.computed is not None:
            c.type = self.expression(s, c.computed, info)[1] or types.NVARCHAR_4000
        if c.identity is not None:
            c.nullable = False
        if any(k.kind == "PRIMARY KEY" for k in c.constraints):
            c.nullable = False
        assert c.type is not None
        sql = self._column_sql(s, c, info)
        default = next((k for k in c.constraints if k.kind == "DEFAULT"), None)
        if default is not None and (c.nullable is False or c.with_values):
            assert default.expr is not None
            value, kind = self.expression(s, default.expr)
            translator = DmlTranslator(_TableScope(s), definition=True)
            sql += f" DEFAULT {translator.assigned(default.expr, value, kind, c.type)}"
        elif (
            c.nullable is False
            and default is None
            and c.identity is None
            and c.type.name != "timestamp"
            and c.computed is None
        ) and s.backend.query(f"SELECT 1 FROM {info.ref} LIMIT 1").rows:
            raise SqlError(
                4901,
                "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition "
                "specified, or the column being added is an identity or timestamp column, or alternatively if none of "
                "the previous conditions are satisfied the table must be empty to allow addition of this column. Column "
                f"'{c.name}' cannot be added to non-empty table '{info.name}' because it does not satisfy these "
                "conditions.",
                aborts="scope",
            )
        commands = [f"ALTER TABLE {info.ref} ADD COLUMN {sql}"]
        if info.kind != "#":
            new = f"(SELECT coalesce(max(column_id), 0) + 1 FROM lab.columns WHERE object_id = {info.object_id})"
            commands.append(self._column_row(info, c, new))
            commands.append(
                f"UPDATE lab.objects SET modify_date = clock_timestamp() AT TIME ZONE 'UTC' WHERE object_id = "
                f"{info.object_id}"
            )
        s.backend.command("; ".join(commands))
        if c.type.name == "timestamp":
            shaped = ObjectInfo(info.object_id, info.db, info.schema, info.name, "U", info.ref)
            shaped.add_columns([ColumnInfo(c.name, c.type, False, 0, 0)])
            self._row_version(s, shaped)

    def alter_column(self, s: Session, a: n.AlterColumn, frame: Frame) -> None:
        info = self.named(s, a.table)
        c = a.column
        assert c.type is not None
        old = info.by_name.get(c.name.lower())
        if old is None:
            raise SqlError(
                4924,
                f"ALTER TABLE ALTER COLUMN failed because column '{c.name}' does not exist in table '{info.name}'.",
            )
        if old.computed:
            raise SqlError(4928, f"Cannot alter column '{old.name}' because it is 'COMPUTED'.", aborts="scope")
        nullable = c.nullable is not False
        parts = []
        name = ident(old.name)
        if c.type != old.type:
            self._no_dependants(s, info, old, "ALTER COLUMN", c.type)
            using = (
                "" if old.type.is_string and c.type.is_string else f" USING {self._converted(name, old.type, c.type)}"
            )
            if old.default_id and using:
                parts.append(f"ALTER COLUMN {name} DROP DEFAULT")
            parts.append(f"ALTER COLUMN {name} TYPE {column_type(c.type)}{using}")
            if old.default_id and using:
                default = s.backend.query(
                    "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = $1::int4 AND adnum = $2::int2",
                    [str(info.object_id).encode(), str(old.attnum).encode()],
                ).rows
                if default:
                    parts.append(f"ALTER COLUMN {name} SET DEFAULT {(default[0][0] or b'').decode()}")
        if nullable != old.nullable:
            if nullable and self._in_primary_key(s, info, old):
                raise SqlError(
                    8111,
                    f"Cannot define PRIMARY KEY constraint on nullable column in table '{info.name}'.",
                    aborts="scope",
                )
            parts.append(f"ALTER COLUMN {name} {'DROP' if nullable else 'SET'} NOT NULL")
        if parts:
            s.backend.command(f"ALTER TABLE {info.ref} {', '.join(parts)}")
        length = c.type.length if c.type.is_string or c.type.name in ("binary", "varbinary") else c.type.max_length
        s.backend.command(
            f"UPDATE lab.columns SET type = {quote(c.type.name)}, length = {length}, prec = {c.type.precision}, scale = "
            f"{c.type.scale}, nullable = {nullable} WHERE object_id = {info.object_id} AND column_id = {old.column_id}"
        )

    def _converted(self, name: str, old: SqlType, new: SqlType) -> str:
        translator = DmlTranslator(None, definition=True)  # type: ignore[arg-type]
        return translator.cast(name, old, new)

    def _in_primary_key(self, s: Session, info: ObjectInfo, c: ColumnInfo) -> bool:
        return bool(
            s.backend.query(
                f"SELECT 1 FROM lab.indexes i JOIN lab.index_columns k USING (object_id, index_id) WHERE i.object_id "
                f"= {info.object_id} AND i.is_primary AND k.column_id = {c.column_id}"
            ).rows
        )

    def _no_dependants(
        self, s: Session, info: ObjectInfo, c: ColumnInfo, action: str, new: SqlType | None = None
    ) -> None:
        """Defaults, indexes, keys and checks stand in the way of dropping a column, and of changing its type."""
        widening = (
            new is not None
            and new.name == c.type.name
            and (new.length >= c.type.length or new.length == types.MAX)
            and (new.is_string or new.name == "varbinary")
        )
        if widening:
            return
        found: list[tuple[str, str]] = []
        if c.default_id and new is None:
            found += [
                ("object", r)
                for r in self._strings(s, f"SELECT name FROM lab.objects WHERE object_id = {c.default_id}")
            ]
        found += [
            ("index" if kind == "f" else "object", name)
            for name, kind in self._pairs(
                s,
                "SELECT i.name, CASE WHEN is_constraint THEN 't' ELSE 'f' END FROM lab.indexes i JOIN lab.index_columns k USING (object_id, "
                f"index_id) WHERE i.object_id = {info.object_id} AND k.column_id = {c.column_id}",
            )
        ]
        found += [
            ("object", r)
            for r in self._strings(
                s,
                "SELECT o.name FROM lab.objects o JOIN lab.foreign_keys f USING (object_id) JOIN lab.foreign_key_columns k USING (object_id) "
                f"WHERE (f.parent = {info.object_id} AND k.parent_column_id = {c.column_id}) OR (f.referenced = {info.object_id} AND "
                f"k.referenced_column_id = {c.column_id})",
            )
        ]
        for definition, name in self._pairs(
            s,
            f"SELECT k.definition, o.name FROM lab.checks k JOIN lab.objects o USING (object_id) "
            f"WHERE k.parent = {info.object_id}",
        ):
            if c.name.lower() in {w.lower() for w in _words(definition)}:
                found.append(("object", name))
        found += [
            ("column", r)
            for r in self._strings(
                s,
                f"SELECT name FROM lab.columns WHERE object_id = {info.object_id} AND computed IS NOT NULL AND column_id <> {c.column_id} "
                f'AND strpos(lower(computed) COLLATE "C", lower({quote(c.name)})) > 0',
            )
        ]
        if found:
            kind, name = found[0]
            error = SqlError(
                4922,
                f"ALTER TABLE {action} {c.name} failed because one or more objects access this column.",
                aborts="scope",
            )
            error.first = SqlError(5074, f"The {kind} '{name}' is dependent on column '{c.name}'.")
            raise error

    def _strings(self, s: Session, sql: str) -> list[str]:
        return [(r[0] or b"").decode() for r in s.backend.query(sql).rows]

    def _pairs(self, s: Session, sql: str) -> list[tuple[str, str]]:
        return [((r[0] or b"").decode(), (r[1] or b"").decode()) for r in s.backend.query(sql).rows]

    def alter_drop(self, s: Session, a: n.AlterDrop, frame: Frame) -> None:
        info = self.named(s, a.table)
        for kind, name, if_exists in a.items:
            if kind == "COLUMN":
                column = info.by_name.get(name.lower())
                if column is None:
                    if if_exists:
                        continue
                    raise SqlError(
                        4924,
                        f"ALTER TABLE DROP COLUMN failed because column '{name}' does not exist in table "
                        f"'{info.name}'.",
                    )
                self._no_dependants(s, info, column, "DROP COLUMN")
                if len(info.columns) == 1:
                    raise SqlError(
                        4923,
                        f"ALTER TABLE DROP COLUMN failed because '{name}' is the only data column in table "
                        f"'{info.name}'. A table must have at least one data column.",
                    )
                s.backend.command(
                    f"ALTER TABLE {info.ref} DROP COLUMN {ident(column.name)}; DELETE FROM lab.columns WHERE object_id = "
                    f"{info.object_id} AND column_id = {column.column_id}"
                )
                info.add_columns([c for c in info.columns if c is not column])
            else:
                self._drop_constraint(s, info, name, if_exists)

    def _drop_constraint(self, s: Session, info: ObjectInfo, name: str, if_exists: bool) -> None:
        rows = s.backend.query(
            "SELECT object_id, type, name FROM lab.objects WHERE parent_object_id = $1::int4 AND name = $2 AND type <> "
            "'TR'",
            [str(info.object_id).encode(), name.encode()],
        ).rows
        if not rows:
            if if_exists:
                return
            error = SqlError(3727, "Could not drop constraint. See previous errors.", aborts="scope")
            error.first = SqlError(3728, f"'{name}' is not a constraint.")
            raise error
        object_id, kind, real = (int(rows[0][0] or 0), (rows[0][1] or b"").decode(), (rows[0][2] or b"").decode())
        commands = []
        if kind == "D":
            commands.append(
                f"DO $lab$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', {quote(info.ref)}, "
                f"attname) FROM lab.defaults d JOIN lab.columns c ON c.object_id = d.parent AND c.column_id = d.column_id "
                f"JOIN pg_attribute a ON a.attrelid = d.parent AND a.attnum = c.attnum WHERE d.object_id = {object_id}); "
                "END $lab$"
            )
            commands.append(f"UPDATE lab.columns SET default_object_id = 0 WHERE default_object_id = {object_id}")
        else:
            if kind in ("PK", "UQ"):
                used = (
                    self._strings(
                        s,
                        "SELECT p.schema_name || '.' || p.name || '|' || o.name FROM lab.foreign_keys f JOIN lab.objects o "
                        "USING (object_id) JOIN lab.objects p ON p.object_id = f.parent WHERE f.referenced = "
                        f"{info.object_id}",
                    )
                    if kind == "PK"
                    else []
                )
                if used:
                    table, _unused, key = used[0].partition("|")
                    raise SqlError(
                        3725,
                        f"The constraint '{real}' is being referenced by table '{table}', foreign key constraint "
                        f"'{key}'.",
                        aborts="scope",
                    )
                commands.append(self._forget_index(info.object_id, real))
            commands.append(f"ALTER TABLE {info.ref} DROP CONSTRAINT IF EXISTS {ident(real)}")
        for table in ("defaults", "checks", "foreign_keys", "foreign_key_columns", "objects"):
            commands.append(f"DELETE FROM lab.{table} WHERE object_id = {object_id}")
        s.backend.command("; ".join(commands))

    @staticmethod
    def _forget_index(object_id: int, name: str) -> str:
        return (
            f"DELETE FROM lab.index_columns WHERE object_id = {object_id} AND index_id = (SELECT index_id FROM lab.indexes WHERE "
            f"object_id = {object_id} AND name = {quote(name)}); DELETE FROM lab.indexes WHERE object_id = {object_id} AND name = "
            f"{quote(name)}"
        )

    def alter_check(self, s: Session, a: n.AlterCheck, frame: Frame) -> None:
        info = self.named(s, a.table)
        rows = self._pairs(
            s,
            "SELECT o.object_id::text || '|' || o.type, o.name FROM lab.objects o WHERE o.type IN ('C', 'F') AND "
            f"o.parent_object_id = {info.object_id}",
        )
        wanted = {name.lower() for name in a.names}
        known = {name.lower() for _unused, name in rows}
        for missing in wanted - known:
            raise SqlError(4917, f"Constraint '{missing}' does not exist.")
        for key, name in rows:
            if wanted and name.lower() not in wanted:
                continue
            object_id, _unused, kind = key.partition("|")
            table = "checks" if kind == "C" else "foreign_keys"
            column = "expression" if kind == "C" else "definition"
            sql, _untrusted, disabled = s.backend.query(
                f"SELECT {column}, untrusted::int, disabled::int FROM lab.{table} WHERE object_id = {object_id}"
            ).rows[0]
            body = (sql or b"").decode()
            body = f"CHECK ({body})" if kind == "C" else body
            if not a.enable:
                s.backend.command(
                    f"ALTER TABLE {info.ref} DROP CONSTRAINT IF EXISTS {ident(name)}; UPDATE lab.{table} SET disabled = "
                    f"true, untrusted = true WHERE object_id = {object_id}"
                )
                continue
            commands = []
            if disabled == b"1":
                commands.append(f"ALTER TABLE {info.ref} ADD CONSTRAINT {ident(name)} {body} NOT VALID")
            if a.with_check:
                commands.append(f"ALTER TABLE {info.ref} VALIDATE CONSTRAINT {ident(name)}")
            trust = ", untrusted = false" if a.with_check else ""
            commands.append(f"UPDATE lab.{table} SET disabled = false{trust} WHERE object_id = {object_id}")
            s.backend.command("; ".join(commands))

    def alter_trigger(self, s: Session, a: n.AlterTrigger, frame: Frame) -> None:
        info = self.named(s, a.table)
        for name in a.names or list(
            self._strings(s, f"SELECT name FROM lab.objects WHERE type = 'TR' AND parent_object_id = {info.object_id}")
        ):
            done = s.backend.query(
                f"UPDATE lab.modules SET disabled = {not a.enable} WHERE object_id = (SELECT object_id FROM lab.objects "
                f"WHERE type = 'TR' AND parent_object_id = {info.object_id} AND name = {quote(name)})"
            )
            if not done.count:
                raise SqlError(
                    4920, f"ALTER TABLE failed because trigger '{name}' on table '{info.name}' does not exist."
                )

    # ---- indexes

    def create_index(self, s: Session, i: n.CreateIndex, frame: Frame) -> None:
        info = s.find(i.table)
        if info is None or info.kind not in ("U", "#"):
            raise SqlError(
                1088,
                f'Cannot find the object "{".".join(i.table)}" because it does not exist or you do not have '
                "permissions.",
                aborts="scope",
            )
        if info.kind == "U":
            s.server.rights.require(s, "ALTER", info)
        self.make_index(s, info, i)

    def make_index(self, s: Session, info: ObjectInfo, i: n.CreateIndex) -> None:
        columns = []
        for name, descending in i.columns:
            column = info.by_name.get(name.lower())
            if column is None:
                raise SqlError(
                    1911, f"Column name '{name}' does not exist in the target table or view.", aborts="scope"
                )
            columns.append((column, descending))
        include = []
        for name in i.include:
            column = info.by_name.get(name.lower())
            if column is None:
                raise SqlError(
                    1911, f"Column name '{name}' does not exist in the target table or view.", aborts="scope"
                )
            include.append(column)
        where = f" WHERE {self.checked(s, i.where, info)}" if i.where is not None else ""
        keys = ", ".join(f"{ident(c.name)} {'DESC NULLS LAST' if d else 'ASC NULLS FIRST'}" for c, d in columns)
        included = f" INCLUDE ({', '.join(ident(c.name) for c in include)})" if include else ""
        distinct = " NULLS NOT DISTINCT" if i.unique else ""
        pg_name = physical(f"{info.name}.{i.name}")
        if info.kind == "#":
            s.backend.command(
                f"CREATE {'UNIQUE ' if i.unique else ''}INDEX {ident(pg_name + _suffix())} ON {info.ref} ({keys}){included}"
                f"{distinct}{where}"
            )
            return
        taken = s.backend.query(
            f"SELECT pg_name FROM lab.indexes WHERE object_id = {info.object_id} AND name = {quote(i.name)}"
        ).rows
        if taken:
            if not i.drop_existing:
                raise SqlError(
                    1913,
                    f"The operation failed because an index or statistics with name '{i.name}' already exists on table "
                    f"'{'.'.join(i.table)}'.",
                )
            s.backend.command(
                f"DROP INDEX {schema_ident(info.db, info.schema)}.{ident((taken[0][0] or b'').decode())}; "
                + self._forget_index(info.object_id, i.name)
            )
        if (
            i.clustered
            and s.backend.query(f"SELECT 1 FROM lab.indexes WHERE object_id = {info.object_id} AND clustered").rows
        ):
            raise SqlError(
                1902,
                f"Cannot create more than one clustered index on table '{info.label}'. Drop the existing clustered index "
                "before creating another.",
                aborts="scope",
            )
        s.backend.command(
            "; ".join(
                [
                    f"CREATE {'UNIQUE ' if i.unique else ''}INDEX {ident(pg_name)} ON {info.ref} ({keys}){included}{distinct}{where}",
                    *self._index_rows(
                        info, i.name, pg_name, columns, include, i.clustered, i.unique, False, False, i.where_text
                    ),
                ]
            )
        )

    def drop_index(self, s: Session, d: n.DropIndex, frame: Frame) -> None:
        for name, table in d.items:
            info = s.find(table)
            rows = (
                s.backend.query(
                    f"SELECT pg_name, is_constraint::int FROM lab.indexes WHERE object_id = {info.object_id} AND name = "
                    f"{quote(name)}"
                ).rows
                if info is not None
                else []
            )
            if info is None or not rows:
                if d.if_exists:
                    continue
                raise SqlError(
                    3701,
                    f"Cannot drop the index '{'.'.join(table)}.{name}', because it does not exist or you do not have "
                    "permission.",
                )
            if rows[0][1] == b"1":
                raise SqlError(
                    3723,
                    f"An explicit DROP INDEX is not allowed on index '{'.'.join(table)}.{name}'. It is being used for "
                    "PRIMARY KEY or UNIQUE KEY constraint enforcement.",
                )
            s.server.rights.require(s, "ALTER", info)
            s.backend.command(
                f"DROP INDEX IF EXISTS {schema_ident(info.db, info.schema)}.{ident((rows[0][0] or b'').decode())}; "
                + self._forget_index(info.object_id, name)
            )

    def alter_index(self, s: Session, a: n.AlterIndex, frame: Frame) -> None:
        info = self.named(s, a.table)
        if a.action == "DISABLE":
            raise refusal("ALTER INDEX ... DISABLE", a.name)
        if (
            a.name
            and not s.backend.query(
                f"SELECT 1 FROM lab.indexes WHERE object_id = {info.object_id} AND name = {quote(a.name)}"
            ).rows
        ):
            raise SqlError(2727, f"Cannot find index '{a.name}'.", 11)

    # ---- DROP

    def drop_objects(self, s: Session, d: n.DropObjects, frame: Frame) -> None:
        for name in d.names:
            if d.kind == "SCHEMA":
                self._drop_schema(s, name[-1], d.if_exists)
                continue
            if d.kind == "DATABASE":
                raise refusal("DROP DATABASE", name[-1])
            if name[-1].startswith("#"):
                info = s.temp.get(name[-1].lower())
                if info is None and not d.if_exists:
                    raise self._cannot_drop(d.kind, name)
                if info is not None:
                    s.backend.command(f"DROP TABLE IF EXISTS {info.ref}")
                    del s.temp[name[-1].lower()]
                continue
            info = s.find(name)
            kinds = {"FN": ("FN", "IF"), "TYPE": ("TT", "TYPE")}.get(d.kind, (d.kind,))
            if info is None or info.kind not in kinds:
                if info is not None and info.kind not in kinds:
                    raise SqlError(
                        3705,
                        f"Cannot use DROP {_KINDS[d.kind].upper()} with '{'.'.join(name)}' because '{'.'.join(name)}' is "
                        f"a {_KINDS.get(info.kind, info.kind)}. Use DROP {_KINDS.get(info.kind, info.kind).upper()}.",
                    )
                if d.if_exists:
                    continue
                raise self._cannot_drop(d.kind, name)
            s.server.rights.require(s, "ALTER", info, dropping=True)
            if info.kind == "U":
                self._drop_table(s, info)
            else:
                self._drop_plain(s, info)

    @staticmethod
    def _cannot_drop(kind: str, name: n.Name) -> SqlError:
        return SqlError(
            3701,
            f"Cannot drop the {_KINDS[kind]} '{'.'.join(p for p in name if p)}', because it does not exist or you do "
            "not have permission.",
            11,
        )

    def _drop_table(self, s: Session, info: ObjectInfo) -> None:
        used = self._strings(
            s,
            f"SELECT name FROM lab.objects o JOIN lab.foreign_keys f USING (object_id) WHERE f.referenced = "
            f"{info.object_id} AND f.parent <> {info.object_id}",
        )
        if used:
            raise SqlError(
                3726, f"Could not drop object '{info.label}' because it is referenced by a FOREIGN KEY constraint."
            )
        bound = self._strings(
            s,
            "SELECT o.name FROM lab.dependencies d JOIN lab.modules m ON m.object_id = d.referencing JOIN lab.objects o "
            f"ON o.object_id = m.object_id WHERE m.schemabinding AND d.entity = {quote(info.name)}",
        )
        if bound:
            raise SqlError(
                3729, f"Cannot DROP TABLE '{info.label}' because it is being referenced by object '{bound[0]}'."
            )
        i = info.object_id
        children = f"(SELECT object_id FROM lab.objects WHERE parent_object_id = {i})"
        commands = [f"DROP TABLE {info.ref} CASCADE"]
        for table in ("defaults", "checks", "foreign_keys", "foreign_key_columns", "modules"):
            commands.append(f"DELETE FROM lab.{table} WHERE object_id IN {children}")
        for table in ("columns", "indexes", "index_columns"):
            commands.append(f"DELETE FROM lab.{table} WHERE object_id = {i}")
        commands.append(f"DELETE FROM lab.objects WHERE parent_object_id = {i} OR object_id = {i}")
        s.backend.command("; ".join(commands))

    def _drop_plain(self, s: Session, info: ObjectInfo) -> None:
        commands = []
        if info.kind == "SO":
            commands.append(f"DROP SEQUENCE {info.ref}")
        for table in ("modules", "parameters", "objects"):
            commands.append(f"DELETE FROM lab.{table} WHERE object_id = {info.object_id}")
        commands.append(f"DELETE FROM lab.dependencies WHERE referencing = {info.object_id}")
        s.backend.command("; ".join(commands))

    def _drop_schema(self, s: Session, name: str, if_exists: bool) -> None:
        if name.lower() not in s.server.schemas(s, s.db):
            if if_exists:
                return
            raise SqlError(
                15151, f"Cannot drop the schema '{name}', because it does not exist or you do not have permission."
            )
        used = self._strings(
            s, f"SELECT name FROM lab.objects WHERE db = {quote(s.db)} AND schema_name = {quote(name)} LIMIT 1"
        )
        if used:
            raise SqlError(3729, f"Cannot drop schema '{name}' because it is being referenced by object '{used[0]}'.")
        s.server.rights.require(s, "ALTER ANY SCHEMA")
        s.backend.command(
            f"DROP SCHEMA {schema_ident(s.db, name)}; DELETE FROM lab.schemas WHERE db = {quote(s.db)} AND name = "
            f"{quote(name)}"
        )

    # ---- schemas, sequences, synonyms, types

    def create_schema(self, s: Session, c: n.CreateSchema, frame: Frame) -> None:
        s.server.rights.require(s, "CREATE SCHEMA")
        if c.name.lower() in s.server.schemas(s, s.db):
            raise SqlError(2714, f"There is already an object named '{c.name}' in the database.", 16, 6)
        s.backend.command(
            f"CREATE SCHEMA {schema_ident(s.db, c.name)}; INSERT INTO lab.schemas VALUES ({quote(s.db)}, (SELECT "
            f"max(schema_id) + 1 FROM lab.schemas WHERE db = {quote(s.db)} AND schema_id < 16000), {quote(c.name)})"
        )

    def create_sequence(self, s: Session, c: n.CreateSequence, frame: Frame) -> None:
        if c.alter:
            info = s.find(c.name)
            if info is None or info.kind != "SO":
                raise SqlError(
                    15151,
                    f"Cannot alter the sequence '{'.'.join(c.name)}', because it does not exist or you do not have "
                    "permission.",
                )
            s.backend.command(f"ALTER SEQUENCE {info.ref} RESTART WITH {c.first}")
            return
        db, schema, name = self.free(s, c.name)
        s.server.rights.require(s, "CREATE SEQUENCE")
        ref = f"{schema_ident(db, schema)}.{ident(name)}"
        low = min(c.first, -(2**62)) if c.increment > 0 else -(2**62)
        s.backend.command(
            f"CREATE SEQUENCE {ref} START {c.first} INCREMENT {c.increment} MINVALUE {low}; "
            + self.register(db, schema, name, "SO")
        )

    def create_synonym(self, s: Session, c: n.CreateSynonym, frame: Frame) -> None:
        db, schema, name = self.free(s, c.name)
        s.server.rights.require(s, "CREATE SYNONYM")
        s.backend.command(
            f"INSERT INTO lab.objects (object_id, db, schema_name, name, type, target) VALUES ({_NEW_ID}, {quote(db)}, "
            f"{quote(schema)}, {quote(name)}, 'SN', {quote(json.dumps(list(c.target)))})"
        )

    def create_type(self, s: Session, c: n.CreateType, frame: Frame) -> None:
        db, schema, name = self.free(s, c.name)
        s.server.rights.require(s, "CREATE TYPE")
        if c.table is None:
            assert c.base is not None
            raise refusal("alias types", name)
        text = frame.source[c.start : c.end]
        object_id = self._next_id(s)
        s.backend.command(
            "; ".join(
                [
                    self.register(db, schema, name, "TT", "0", str(object_id)),
                    f"INSERT INTO lab.modules (object_id, definition, quoted, ansi_nulls, schemabinding) VALUES "
                    f"({object_id}, {quote(text)}, true, true, false)",
                ]
            )
        )

    def truncate(self, s: Session, t: n.Truncate, frame: Frame) -> None:
        info = s.find(t.table)
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

    def transfer(self, s: Session, t: n.TransferSchema, frame: Frame) -> None:
        info = s.find(t.name)
        if info is None:
            raise SqlError(
                15151,
                f"Cannot find the object '{t.name[-1]}', because it does not exist or you do not have permission.",
            )
        schemas = s.server.schemas(s, s.db)
        if t.schema.lower() not in schemas:
            raise SqlError(
                15151, f"Cannot alter the schema '{t.schema}', because it does not exist or you do not have permission."
            )
        s.server.rights.require(s, "ALTER", info)
        commands = [
            f"UPDATE lab.objects SET schema_name = {quote(schemas[t.schema.lower()])} WHERE object_id = {info.object_id} OR "
            f"parent_object_id = {info.object_id}"
        ]
        if info.kind in ("U", "SO"):
            commands.append(
                f"ALTER {'TABLE' if info.kind == 'U' else 'SEQUENCE'} {info.ref} SET SCHEMA {schema_ident(s.db, t.schema)}"
            )
        s.backend.command("; ".join(commands))

    def rename(self, s: Session, old: str, new: str, kind: str) -> None:
        """sp_rename."""
        parts = tuple(self._strings(s, f"SELECT unnest(lab.split_name({quote(old)}))"))
        with s.tran.atomic(s.savepoint_needed()):
            if kind.upper() == "COLUMN":
                self._rename_column(s, parts, new)
            elif kind.upper() == "INDEX":
                self._rename_index(s, parts, new)
            elif kind.upper() in ("OBJECT", ""):
                self._rename_object(s, parts, new)
            else:
                raise refusal(f"sp_rename of a {kind}")
        s.definitions_changed()

    def _no_item(self, name: n.Name) -> SqlError:
        return SqlError(
            15225,
            f"No item by the name of '{'.'.join(name)}' could be found in the current database, given that @itemtype was "
            "input as '(null)'.",
            11,
        )

    def _rename_column(self, s: Session, parts: n.Name, new: str) -> None:
        info = s.find(parts[:-1]) if len(parts) > 1 else None
        column = info.by_name.get(parts[-1].lower()) if info is not None else None
        if info is None or column is None:
            raise self._no_item(parts)
        s.server.rights.require(s, "ALTER", info)
        if new.lower() in info.by_name and new.lower() != column.name.lower():
            raise SqlError(
                15335,
                f"Error: The new name '{new}' is already in use as a COLUMN name and would cause a duplicate that is not "
                "permitted.",
                11,
            )
        commands = [
            f"UPDATE lab.columns SET name = {quote(new)} WHERE object_id = {info.object_id} AND column_id = {column.column_id}"
        ]
        if physical(new) != physical(column.name):
            commands.append(f"ALTER TABLE {info.ref} RENAME COLUMN {ident(column.name)} TO {ident(new)}")
        s.backend.command("; ".join(commands))

    def _rename_index(self, s: Session, parts: n.Name, new: str) -> None:
        info = s.find(parts[:-1]) if len(parts) > 1 else None
        if info is None:
            raise self._no_item(parts)
        done = s.backend.query(
            f"UPDATE lab.indexes SET name = {quote(new)} WHERE object_id = {info.object_id} AND name = "
            f"{quote(parts[-1])}"
        )
        if not done.count:
            raise self._no_item(parts)

    def _rename_object(self, s: Session, parts: n.Name, new: str) -> None:
        info = s.find(parts)
        if info is None:
            raise self._no_item(parts)
        s.server.rights.require(s, "ALTER", info)
        if s.find((info.schema, new)) is not None and new.lower() != info.name.lower():
            raise SqlError(
                15335,
                f"Error: The new name '{new}' is already in use as a OBJECT name and would cause a duplicate that is not "
                "permitted.",
                11,
            )
        commands = [f"UPDATE lab.objects SET name = {quote(new)} WHERE object_id = {info.object_id}"]
        if physical(new) != physical(info.name):
            if info.kind in ("U", "SO"):
                commands.append(
                    f"ALTER {'TABLE' if info.kind == 'U' else 'SEQUENCE'} {info.ref} RENAME TO {ident(new)}"
                )
            elif info.kind in ("PK", "UQ", "C", "F"):
                commands.append(
                    f"DO $lab$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', conrelid::regclass, "
                    f"conname, {quote(physical(new))}) FROM pg_constraint WHERE conname = {quote(physical(info.name))} LIMIT 1); "
                    "END $lab$"
                )
                commands.append(
                    f"UPDATE lab.indexes SET name = {quote(new)}, pg_name = {quote(physical(new))} WHERE name = "
                    f"{quote(info.name)} AND is_constraint"
                )
        s.backend.command("; ".join(commands))

    # ---- modules

    def module(self, s: Session, m: n.Module, frame: Frame) -> None:
        s.server.rights.require(
            s, {"P": "CREATE PROCEDURE", "V": "CREATE VIEW", "TR": "CREATE PROCEDURE"}.get(m.kind, "CREATE FUNCTION")
        )
        existing = s.find(m.name)
        if m.mode == "ALTER" and existing is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(m.name)}'.", 16, 6)
        if existing is not None and m.mode == "CREATE":
            raise SqlError(2714, f"There is already an object named '{m.name[-1]}' in the database.", 16, 3)
        if existing is not None and existing.kind != m.kind:
            raise SqlError(
                2010, f"Cannot perform alter on '{'.'.join(m.name)}' because it is an incompatible object type."
            )
        if m.kind == "V":
            self._view_columns(s, m, frame)
        parent = "0"
        if m.kind == "TR":
            table = s.find(m.table)
            if table is None or table.kind != "U":
                raise SqlError(
                    8197, f"The object '{'.'.join(m.table)}' does not exist or is invalid for this operation."
                )
            s.server.rights.require(s, "ALTER", table)
            parent = str(table.object_id)
            self._capture(s, table)
        text = quote(m.text)
        if existing is not None:
            object_id = existing.object_id
            commands = [
                f"UPDATE lab.modules SET definition = {text}, quoted = {s.quoted_identifier}, ansi_nulls = {s.ansi_nulls}, events = "
                f"{quote(','.join(m.events))}, schemabinding = {m.schemabinding} WHERE object_id = {object_id}",
                f"UPDATE lab.objects SET modify_date = clock_timestamp() AT TIME ZONE 'UTC', parent_object_id = {parent} WHERE "
                f"object_id = {object_id}",
                f"DELETE FROM lab.parameters WHERE object_id = {object_id}; DELETE FROM lab.dependencies WHERE referencing = "
                f"{object_id}; DELETE FROM lab.columns WHERE object_id = {object_id}",
            ]
        else:
            db, schema, name = self.free(s, m.name)
            object_id = self._next_id(s)
            commands = [
                self.register(db, schema, name, m.kind, parent, str(object_id)),
                f"INSERT INTO lab.modules (object_id, definition, quoted, ansi_nulls, schemabinding, events) VALUES ({object_id}, "
                f"{text}, {s.quoted_identifier}, {s.ansi_nulls}, {m.schemabinding}, {quote(','.join(m.events))})",
            ]
        for at, p in enumerate(m.params, 1):
            kind = p.type or SqlType("table type")
            commands.append(
                f"INSERT INTO lab.parameters VALUES ({object_id}, {at}, {quote(p.name)}, {quote(kind.name)}, {kind.length}, "
                f"{kind.precision}, {kind.scale}, {p.output}, {p.default is not None})"
            )
        names = sorted(_tables_in(m))
        for schema_name, entity in names:
            commands.append(
                f"INSERT INTO lab.dependencies VALUES ({object_id}, {quote(schema_name) if schema_name else 'NULL'}, "
                f"{quote(entity)})"
            )
        s.backend.command("; ".join(commands))
        if m.kind == "V":
            self._record_view(s, object_id)

    _view_shape: list[tuple[str, SqlType]]

    def _view_columns(self, s: Session, m: n.Module, frame: Frame) -> None:
        """A view's query must be valid when it is made."""
        assert m.query is not None
        if isinstance(m.query, n.Select) and m.query.order and m.query.top is None and m.query.offset is None:
            raise SqlError(
                1033,
                "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table "
                "expressions, unless TOP, OFFSET or FOR XML is also specified.",
                15,
            )
        from ..session import Scope

        translator = DmlTranslator(Scope(s, Frame(m.text)))
        sql = translator.query(m.query)
        values = s.parameters(_Params(translator.params), Frame(m.text))  # type: ignore[arg-type]
        result = s.backend.query(f"SELECT * FROM ({sql}) lab_view LIMIT 0", values)
        from ..translate.dml import Translation

        translation = Translation("SELECT", sql, translator)
        translation.outputs = translator.outputs
        columns, _unused = s.shape(translation, result)
        shape = []
        for i, column in enumerate(columns):
            name = m.columns[i] if i < len(m.columns) else column.name
            if not name:
                raise SqlError(
                    4511, f"Create View or Function failed because no column name was specified for column {i + 1}."
                )
            shape.append((name, column.type))
        s.context["view_shape"] = shape

    def _record_view(self, s: Session, object_id: int) -> None:
        rows = []
        for at, (name, kind) in enumerate(s.context.pop("view_shape"), 1):
            length = kind.length if kind.is_string or kind.name in ("binary", "varbinary") else kind.max_length
            rows.append(
                f"({object_id}, {at}, {at}, {quote(name)}, {quote(kind.name)}, {length}, {kind.precision}, {kind.scale}, true)"
            )
        s.backend.command(
            "INSERT INTO lab.columns (object_id, column_id, attnum, name, type, length, prec, scale, nullable) VALUES "
            + ", ".join(rows)
        )

    def _capture(self, s: Session, table: ObjectInfo) -> None:
        """PostgreSQL triggers that hand over the changed rows; made with the table's first trigger."""
        if s.backend.query(
            f"SELECT 1 FROM pg_trigger WHERE tgrelid = {table.object_id} AND tgname = 'lab_capture_insert'"
        ).rows:
            return
        s.backend.command(
            "; ".join(
                [
                    f"CREATE TRIGGER lab_capture_insert AFTER INSERT ON {table.ref} REFERENCING NEW TABLE AS lab_new FOR EACH STATEMENT EXECUTE "
                    "FUNCTION lab.capture()",
                    f"CREATE TRIGGER lab_capture_update AFTER UPDATE ON {table.ref} REFERENCING OLD TABLE AS lab_old NEW TABLE AS lab_new FOR EACH "
                    "STATEMENT EXECUTE FUNCTION lab.capture()",
                    f"CREATE TRIGGER lab_capture_delete AFTER DELETE ON {table.ref} REFERENCING OLD TABLE AS lab_old FOR EACH STATEMENT EXECUTE "
                    "FUNCTION lab.capture()",
                ]
            )
        )

    # ---- SELECT INTO

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
        columns, rows = s._rows(inner, frame)
        for at, column in enumerate(columns):
            if not column.name:
                raise SqlError(
                    1038,
                    "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a "
                    f"name (column {at + 1}).",
                    15,
                )
        table = n.CreateTable(query.into, [n.ColumnDef(c.name, c.type, True) for c in columns], [])
        s.writable(ObjectInfo(0, "", "", "", "#" if query.into[-1].startswith("#") else "U", ""))
        from ..backend import to_pg

        with s.tran.atomic(s.savepoint_needed()):
            self.create_table(s, table, frame)
            if query.into[-1].startswith("#"):
                info = s.temp[query.into[-1].lower()]
            else:
                s.definitions_changed()
                found = s.find(query.into) if s.tran.count else None
                db, schema, last = s.split(query.into)
                info = found or ObjectInfo(0, db, schema, last, "U", f"{schema_ident(db, schema)}.{ident(last)}")
            marks = ", ".join(f"${i}" for i in range(1, len(columns) + 1))
            for row in rows:
                s.backend.prepared(f"INSERT INTO {info.ref} VALUES ({marks})", [to_pg(v) for v in row])
        if not query.into[-1].startswith("#"):
            s.definitions_changed()
        s.rowcount = len(rows)
        if not s.nocount:
            s.out.done(len(rows), 0xC1)

    # ---- permissions and databases

    def permission(self, s: Session, p: n.Permission, frame: Frame) -> None:
        s.server.rights.change(s, p)

    def principal(self, s: Session, p: n.Principal, frame: Frame) -> None:
        s.server.rights.principal(s, p)

    def alter_database(self, s: Session, a: n.AlterDatabase, frame: Frame) -> None:
        if s.tran.count:
            raise SqlError(226, "ALTER DATABASE statement not allowed within multi-statement transaction.")
        s.server.rights.require(s, "ALTER DATABASE")
        name = a.name or s.db_name
        if s.server.database(s, name) is None:
            raise SqlError(
                5011,
                f"User does not have permission to alter database '{name}', the database does not exist, or the database is "
                "not in a state that allows access checks.",
            )
        if a.option in ("READ_ONLY", "READ_WRITE"):
            s.backend.command(
                f"UPDATE lab.databases SET read_only = {a.option == 'READ_ONLY'} WHERE name = {quote(name)}"
            )


class _Params:
    """Only the parameters of a translation."""

    def __init__(self, params: list[Any]) -> None:
        self.params = params


def _columns_of(e: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(e, n.Column):
        found.add(e.parts[-1])
    elif isinstance(e, (list, tuple)):
        for part in e:
            found |= _columns_of(part)
    elif hasattr(e, "__dataclass_fields__"):
        for name in e.__dataclass_fields__:
            found |= _columns_of(getattr(e, name))
    return found


def _tables_in(e: Any) -> set[tuple[str, str]]:
    """Schema and name of what a module names: its dependencies, approximately."""
    found: set[tuple[str, str]] = set()
    if isinstance(e, n.TableRef):
        if not e.name[0].startswith(("@", "#")):
            found.add((e.name[-2] if len(e.name) > 1 else "", e.name[-1]))
    elif isinstance(e, n.Exec) and e.procedure:
        found.add((e.procedure[-2] if len(e.procedure) > 1 else "", e.procedure[-1]))
    if isinstance(e, (n.Insert, n.Update, n.Delete, n.Merge)) and not e.target[0].startswith(("@", "#")):
        found.add((e.target[-2] if len(e.target) > 1 else "", e.target[-1]))
    if isinstance(e, n.Call) and len(e.name) > 1:
        found.add((e.name[-2], e.name[-1]))
    if isinstance(e, (list, tuple)):
        for part in e:
            found |= _tables_in(part)
    elif hasattr(e, "__dataclass_fields__"):
        for name in e.__dataclass_fields__:
            found |= _tables_in(getattr(e, name))
    return found


def _words(text: str) -> set[str]:
    import re

    return set(re.findall(r"\w+", text))


_D = Definitions
_METHODS: dict[type, Any] = {
    n.CreateTable: _D.create_table,
    n.AlterAdd: _D.alter_add,
    n.AlterColumn: _D.alter_column,
    n.AlterDrop: _D.alter_drop,
    n.AlterCheck: _D.alter_check,
    n.AlterTrigger: _D.alter_trigger,
    n.CreateIndex: _D.create_index,
    n.DropIndex: _D.drop_index,
    n.AlterIndex: _D.alter_index,
    n.DropObjects: _D.drop_objects,
    n.CreateSchema: _D.create_schema,
    n.CreateSequence: _D.create_sequence,
    n.CreateSynonym: _D.create_synonym,
    n.CreateType: _D.create_type,
    n.Truncate: _D.truncate,
    n.Permission: _D.permission,
    n.Principal: _D.principal,
    n.AlterDatabase: _D.alter_database,
    n.TransferSchema: _D.transfer,
    n.Module: _D.module,
}
