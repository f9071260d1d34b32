# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every kind of definition needs: expressions, names, rows of the catalogue."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import SqlError
from ...parser import nodes as n
from ...translate.dml import DmlTranslator
from ...translate.expressions import _Source
from ...translate.names import quote
from ...wire.types import SqlType
from .. import lookup
from ..catalog import ColumnInfo, ObjectInfo

if TYPE_CHECKING:
    from ...session import Session

NEW_ID = "nextval('lab.object_ids')::int4"


def suffix() -> str:
    return secrets.token_hex(4).upper()


def wrapped(text: str) -> str:
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


class TableScope:
    """The scope of an expression inside a table's definition: only its columns."""

    def __init__(self, session: Session) -> None:
        self.db = session.db
        self.session = session

    def variable_type(self, name: str) -> SqlType:
        raise SqlError(112, "Variables are not allowed in the CREATE TABLE statement.", 15)

    def table(self, name: n.Name) -> ObjectInfo | str:
        found = lookup.find(self.session, name)
        if found is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(name)}'.")
        return found

    def module_query(self, info: ObjectInfo) -> n.Module:
        return lookup.module_of(self.session, info)

    def same_owner(self, one: ObjectInfo, other: ObjectInfo) -> bool:
        return self.session.server.rights.same_owner(self.session, one.schema, other)


def columns_of(e: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(e, n.Column):
        found.add(e.parts[-1])
    elif isinstance(e, (list, tuple)):
        for part in e:
            found |= columns_of(part)
    elif hasattr(e, "__dataclass_fields__"):
        for name in e.__dataclass_fields__:
            found |= columns_of(getattr(e, name))
    return found


class Base:
    """Helpers; each kind of definition builds on them."""

    def expression(self, s: Session, e: n.Expr, info: ObjectInfo | None = None) -> tuple[str, SqlType | None]:
        translator = DmlTranslator(TableScope(s), definition=True)
        if info is not None:
            translator.sources = [{info.name.lower(): _Source(info)}]
        return translator.x(e)

    def checked(self, s: Session, e: n.Expr, info: ObjectInfo) -> str:
        for name in columns_of(e):
            if name.lower() not in info.by_name:
                raise SqlError(207, f"Invalid column name '{name}'.")
        return self.expression(s, e, info)[0]

    def named(self, s: Session, name: n.Name, kinds: tuple[str, ...] = ("U",)) -> ObjectInfo:
        info = lookup.find(s, name)
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
        db, schema, last = lookup.split(s, name)
        schemas = s.server.schemas(s, db)
        if schema.lower() not in schemas:
            raise SqlError(
                2760,
                f'The specified schema name "{schema}" either does not exist or you do not have permission to use it.',
            )
        schema = schemas[schema.lower()]
        if not s.server.rights.alters_schema(s, db, schema):
            raise SqlError(
                2760,
                f'The specified schema name "{schema}" either does not exist or you do not have permission to use it.',
            )
        if (
            lookup.find(s, (*name[:-2], schema, last)) is not None
            if len(name) > 1
            else lookup.find(s, (schema, last)) is not None
        ):
            raise SqlError(2714, f"There is already an object named '{last}' in the database.", 16, 6)
        return db, schema, last

    def register(self, db: str, schema: str, name: str, kind: str, parent: str = "0", object_id: str = NEW_ID) -> str:
        return (
            f"INSERT INTO lab.objects (object_id, db, schema_name, name, type, parent_object_id) VALUES "
            f"({object_id}, {quote(db)}, "
            f"{quote(schema)}, {quote(name)}, {quote(kind)}, {parent})"
        )

    def _next_id(self, s: Session) -> int:
        return int(s.backend.query(f"SELECT {NEW_ID}").rows[0][0] or 0)

    def _oid(self, s: Session, ref: str) -> int:
        return int(s.backend.query(f"SELECT {quote(ref)}::regclass::oid").rows[0][0] or 0)

    def _strings(self, s: Session, sql: str) -> list[str]:
        return [(r[0] or b"").decode() for r in s.backend.query(sql).rows]

    def _pairs(self, s: Session, sql: str) -> list[tuple[str, str]]:
        return [((r[0] or b"").decode(), (r[1] or b"").decode()) for r in s.backend.query(sql).rows]

    @staticmethod
    def _forget_index(object_id: int, name: str) -> str:
        return (
            f"DELETE FROM lab.index_columns WHERE object_id = {object_id} AND index_id = (SELECT index_id FROM "
            f"lab.indexes WHERE "
            f"object_id = {object_id} AND name = {quote(name)}); DELETE FROM lab.indexes WHERE object_id = "
            f"{object_id} AND name = "
            f"{quote(name)}"
        )

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
        new = (
            f"(SELECT coalesce(max(index_id), {0 if clustered else 1}) + 1 FROM lab.indexes WHERE object_id = "
            f"{info.object_id})"
        )
        rows = [
            f"INSERT INTO lab.indexes (object_id, index_id, name, pg_name, clustered, is_unique, is_primary, "
            f"is_constraint, filter) "
            f"VALUES ({info.object_id}, {new}, {quote(name)}, {quote(pg_name)}, {clustered}, {unique}, {primary}, "
            f"{constraint}, "
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
