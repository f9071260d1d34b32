# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defaults, keys, checks and foreign keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import SqlError
from ...frame import Frame
from ...parser import nodes as n
from ...translate.dml import DmlTranslator
from ...translate.names import TWIN, ident, index_key, physical, quote, schema_ident
from .. import lookup
from ..catalog import ColumnInfo, ObjectInfo
from .base import Base, TableScope, suffix, wrapped

if TYPE_CHECKING:
    from ...session import Session


class Constraints(Base):
    """ADD CONSTRAINT, alone or with its table."""

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
            name = f"{name}_{suffix()}"
        elif lookup.find(s, (info.schema, name)) is not None:
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
        return f"{prefix}__{info.name[:9]}{column}__{suffix()}"

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
        translator = DmlTranslator(TableScope(s), definition=True)
        value = translator.assigned(k.expr, sql, kind, column.type)
        commands = [f"ALTER TABLE {info.ref} ALTER COLUMN {ident(column.name)} SET DEFAULT {value}"]
        if info.kind != "#":
            object_id = self._next_id(s)
            commands += [
                self.register(info.db, info.schema, name, "D", str(info.object_id), str(object_id)),
                f"INSERT INTO lab.defaults VALUES ({object_id}, {info.object_id}, {column.column_id}, "
                f"{quote(wrapped(k.text))})",
                f"UPDATE lab.columns SET default_object_id = {object_id} WHERE object_id = {info.object_id} AND "
                f"column_id = "
                f"{column.column_id}",
            ]
            column.default_id = object_id
        s.backend.command("; ".join(commands))

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
        if any(c.type.is_string for c, _unused in columns):
            keys = ", ".join(f"({index_key(c.name, c.type)})" for c, _unused in columns)
            commands.append(f"CREATE UNIQUE INDEX {ident(name + TWIN)} ON {info.ref} ({keys}) NULLS NOT DISTINCT")
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
                f"INSERT INTO lab.checks VALUES ({object_id}, {info.object_id}, "
                f"{columns[0][0].column_id if columns else 0}, "
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
        target = info if (f.table[-1].lower() == info.name.lower() and len(f.table) == 1) else lookup.find(s, f.table)
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
            f"FOREIGN KEY ({', '.join(ident(c.name) for c, _unused in columns)}) REFERENCES {target.ref} "
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
                    f"{quote(f.on_delete or 'NO ACTION')}, {quote(f.on_update or 'NO ACTION')}, {quote(sql)}, false, "
                    f"{nocheck})",
                    f"INSERT INTO lab.foreign_key_columns VALUES {cells}",
                ]
            )
        )

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
                f"DO $lab$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', "
                f"{quote(info.ref)}, "
                f"attname) FROM lab.defaults d JOIN lab.columns c ON c.object_id = d.parent AND c.column_id = "
                f"d.column_id "
                f"JOIN pg_attribute a ON a.attrelid = d.parent AND a.attnum = c.attnum WHERE d.object_id = "
                f"{object_id}); "
                "END $lab$"
            )
            commands.append(f"UPDATE lab.columns SET default_object_id = 0 WHERE default_object_id = {object_id}")
        else:
            if kind in ("PK", "UQ"):
                used = (
                    self._strings(
                        s,
                        "SELECT p.schema_name || '.' || p.name || '|' || o.name FROM lab.foreign_keys f JOIN "
                        "lab.objects o "
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
            commands.append(f"DROP INDEX IF EXISTS {schema_ident(info.db, info.schema)}.{ident(real + TWIN)}")
        for table in ("defaults", "checks", "foreign_keys", "foreign_key_columns", "objects"):
            commands.append(f"DELETE FROM lab.{table} WHERE object_id = {object_id}")
        s.backend.command("; ".join(commands))

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
                    f"ALTER TABLE {info.ref} DROP CONSTRAINT IF EXISTS {ident(name)}; UPDATE lab.{table} SET "
                    f"disabled = "
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
