# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import SqlError, refusal
from ...frame import Frame
from ...parser import nodes as n
from ...translate.names import ident, index_key, physical, quote, schema_ident
from .. import lookup
from ..catalog import ObjectInfo
from .base import suffix
from .constraints import Constraints

if TYPE_CHECKING:
    from ...session import Session


class Indexes(Constraints):
    """CREATE, DROP and ALTER INDEX."""

    def create_index(self, s: Session, i: n.CreateIndex, frame: Frame) -> None:
        info = lookup.find(s, i.table)
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
        keys = ", ".join(
            f"({index_key(c.name, c.type)}) {'DESC NULLS LAST' if d else 'ASC NULLS FIRST'}" for c, d in columns
        )
        included = f" INCLUDE ({', '.join(ident(c.name) for c in include)})" if include else ""
        distinct = " NULLS NOT DISTINCT" if i.unique else ""
        pg_name = physical(f"{info.name}.{i.name}")
        if info.kind == "#":
            s.backend.command(
                f"CREATE {'UNIQUE ' if i.unique else ''}INDEX {ident(pg_name + suffix())} ON {info.ref} "
                f"({keys}){included}"
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
                f"Cannot create more than one clustered index on table '{info.label}'. Drop the existing clustered "
                f"index "
                "before creating another.",
                aborts="scope",
            )
        s.backend.command(
            "; ".join(
                [
                    f"CREATE {'UNIQUE ' if i.unique else ''}INDEX {ident(pg_name)} ON {info.ref} "
                    f"({keys}){included}{distinct}{where}",
                    *self._index_rows(
                        info, i.name, pg_name, columns, include, i.clustered, i.unique, False, False, i.where_text
                    ),
                ]
            )
        )

    def drop_index(self, s: Session, d: n.DropIndex, frame: Frame) -> None:
        for name, table in d.items:
            info = lookup.find(s, table)
            rows = (
                s.backend.query(
                    f"SELECT pg_name, is_constraint::int FROM lab.indexes WHERE object_id = {info.object_id} AND "
                    f"name = "
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
