# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ALTER TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import SqlError
from ...frame import Frame
from ...parser import nodes as n
from ...translate.dml import DmlTranslator
from ...translate.names import column_type, ident, quote, units_check, units_constraint
from ...wire import types
from ...wire.types import SqlType
from ..catalog import ColumnInfo, ObjectInfo
from .base import TableScope
from .tables import Tables

if TYPE_CHECKING:
    from ...session import Session


def _words(text: str) -> set[str]:
    import re

    return set(re.findall(r"\w+", text))


class TableChanges(Tables):
    """Columns added, altered and dropped."""

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
            translator = DmlTranslator(TableScope(s), definition=True)
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
                "the previous conditions are satisfied the table must be empty to allow addition of this column. "
                "Column "
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
            parts += self._retype(s, info, old, c.type)
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
            f"UPDATE lab.columns SET type = {quote(c.type.name)}, length = {length}, prec = {c.type.precision}, "
            f"scale = {c.type.scale}, nullable = {nullable} WHERE object_id = {info.object_id} AND column_id = "
            f"{old.column_id}"
        )

    def _retype(self, s: Session, info: ObjectInfo, old: ColumnInfo, kind: SqlType) -> list[str]:
        """ALTER TABLE's parts that change the type; a default is taken off and put back around a conversion."""
        name = ident(old.name)
        units = units_check(old.name, kind)
        dropped = [f"DROP CONSTRAINT IF EXISTS {ident(units_constraint(old.name))}"] + (
            [f"ADD {units}"] if units else []
        )
        if old.type.is_string and kind.is_string:
            return [f"ALTER COLUMN {name} TYPE {column_type(kind)}", *dropped]
        change = f"ALTER COLUMN {name} TYPE {column_type(kind)} USING {self._converted(name, old.type, kind)}"
        if not old.default_id:
            return [change, *dropped]
        default = s.backend.query(
            "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = $1::int4 AND adnum = $2::int2",
            [str(info.object_id).encode(), str(old.attnum).encode()],
        ).rows
        again = [f"ALTER COLUMN {name} SET DEFAULT {(default[0][0] or b'').decode()}"] if default else []
        return [f"ALTER COLUMN {name} DROP DEFAULT", change, *again, *dropped]

    def _converted(self, name: str, old: SqlType, new: SqlType) -> str:
        translator = DmlTranslator(None, definition=True)
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
        """Defaults, indexes, keys and checks prevent dropping a column, and changing its type."""
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
                "SELECT i.name, CASE WHEN is_constraint THEN 't' ELSE 'f' END FROM lab.indexes i JOIN "
                "lab.index_columns k USING (object_id, "
                f"index_id) WHERE i.object_id = {info.object_id} AND k.column_id = {c.column_id}",
            )
        ]
        found += [
            ("object", r)
            for r in self._strings(
                s,
                "SELECT o.name FROM lab.objects o JOIN lab.foreign_keys f USING (object_id) JOIN "
                "lab.foreign_key_columns k USING (object_id) "
                f"WHERE (f.parent = {info.object_id} AND k.parent_column_id = {c.column_id}) OR (f.referenced = "
                f"{info.object_id} AND "
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
                f"SELECT name FROM lab.columns WHERE object_id = {info.object_id} AND computed IS NOT NULL AND "
                f"column_id <> {c.column_id} "
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
                    f"ALTER TABLE {info.ref} DROP COLUMN {ident(column.name)}; DELETE FROM lab.columns WHERE "
                    f"object_id = "
                    f"{info.object_id} AND column_id = {column.column_id}"
                )
                info.add_columns([c for c in info.columns if c is not column])
            else:
                self._drop_constraint(s, info, name, if_exists)

    def alter_trigger(self, s: Session, a: n.AlterTrigger, frame: Frame) -> None:
        info = self.named(s, a.table)
        for name in a.names or list(
            self._strings(s, f"SELECT name FROM lab.objects WHERE type = 'TR' AND parent_object_id = {info.object_id}")
        ):
            done = s.backend.query(
                f"UPDATE lab.modules SET disabled = {not a.enable} WHERE object_id = (SELECT object_id FROM "
                f"lab.objects "
                f"WHERE type = 'TR' AND parent_object_id = {info.object_id} AND name = {quote(name)})"
            )
            if not done.count:
                raise SqlError(
                    4920, f"ALTER TABLE failed because trigger '{name}' on table '{info.name}' does not exist."
                )
