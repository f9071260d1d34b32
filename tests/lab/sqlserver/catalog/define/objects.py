# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""DROP, sp_rename, and the small kinds: schemas, sequences, synonyms, types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...errors import SqlError, refusal
from ...frame import Frame
from ...parser import nodes as n
from ...translate.names import TWIN, ident, physical, quote, schema_ident, units_check, units_constraint
from .. import lookup
from ..catalog import ObjectInfo
from .base import NEW_ID
from .changes import TableChanges

if TYPE_CHECKING:
    from ...session import Session

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


class Objects(TableChanges):
    """Schemas, sequences, synonyms and types; DROP and sp_rename for every kind."""

    def drop_objects(self, s: Session, d: n.DropObjects, frame: Frame) -> None:
        for name in d.names:
            if d.kind == "SCHEMA":
                self._drop_schema(s, name[-1], d.if_exists)
            elif d.kind == "DATABASE":
                raise refusal("DROP DATABASE", name[-1])
            elif name[-1].startswith("#"):
                self._drop_temporary(s, d, name)
            else:
                self._drop_object(s, d, name)

    def _drop_temporary(self, s: Session, d: n.DropObjects, name: n.Name) -> None:
        info = s.temp.pop(name[-1].lower(), None)
        if info is not None:
            s.backend.command(f"DROP TABLE IF EXISTS {info.ref}")
        elif not d.if_exists:
            raise self._cannot_drop(d.kind, name)

    def _drop_object(self, s: Session, d: n.DropObjects, name: n.Name) -> None:
        info = lookup.find(s, name)
        if info is None:
            if d.if_exists:
                return
            raise self._cannot_drop(d.kind, name)
        if info.kind not in {"FN": ("FN", "IF"), "TYPE": ("TT", "TYPE")}.get(d.kind, (d.kind,)):
            shown, kind = ".".join(name), _KINDS.get(info.kind, info.kind)
            raise SqlError(
                3705,
                f"Cannot use DROP {_KINDS[d.kind].upper()} with '{shown}' because '{shown}' is a {kind}. Use DROP "
                f"{kind.upper()}.",
            )
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
            "SELECT o.name FROM lab.dependencies d JOIN lab.modules m ON m.object_id = d.referencing JOIN "
            "lab.objects o "
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

    def create_schema(self, s: Session, c: n.CreateSchema, frame: Frame) -> None:
        if c.exists or c.owner != "dbo":
            s.server.rights.owner_only(s, c.owner)
        if c.exists:
            self._change_owner(s, c)
            return
        s.server.rights.require(s, "CREATE SCHEMA")
        if c.name.lower() in s.server.schemas(s, s.db):
            raise SqlError(2714, f"There is already an object named '{c.name}' in the database.", 16, 6)
        s.backend.command(
            f"CREATE SCHEMA {schema_ident(s.db, c.name)}; INSERT INTO lab.schemas VALUES ({quote(s.db)}, (SELECT "
            f"max(schema_id) + 1 FROM lab.schemas WHERE db = {quote(s.db)} AND schema_id < 16000), {quote(c.name)}, "
            f"{quote(c.owner)})"
        )

    @staticmethod
    def _change_owner(s: Session, c: n.CreateSchema) -> None:
        if c.name.lower() in ("dbo", "sys", "information_schema"):
            raise SqlError(15150, f"Cannot alter the schema '{c.name}'.")
        if c.name.lower() not in s.server.schemas(s, s.db):
            raise SqlError(
                15151, f"Cannot find the schema '{c.name}', because it does not exist or you do not have permission."
            )
        where = f"db = {quote(s.db)} AND name = {quote(c.name)}"
        s.backend.command(f"UPDATE lab.schemas SET owner = {quote(c.owner)} WHERE {where}")

    def create_sequence(self, s: Session, c: n.CreateSequence, frame: Frame) -> None:
        if c.alter:
            info = lookup.find(s, c.name)
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
            f"INSERT INTO lab.objects (object_id, db, schema_name, name, type, target) VALUES ({NEW_ID}, {quote(db)}, "
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

    def transfer(self, s: Session, t: n.TransferSchema, frame: Frame) -> None:
        info = lookup.find(s, t.name)
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
            f"UPDATE lab.objects SET schema_name = {quote(schemas[t.schema.lower()])} WHERE object_id = "
            f"{info.object_id} OR "
            f"parent_object_id = {info.object_id}"
        ]
        if info.kind in ("U", "SO"):
            commands.append(
                f"ALTER {'TABLE' if info.kind == 'U' else 'SEQUENCE'} {info.ref} SET SCHEMA "
                f"{schema_ident(s.db, t.schema)}"
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
            f"No item by the name of '{'.'.join(name)}' could be found in the current database, given that @itemtype "
            f"was "
            "input as '(null)'.",
            11,
        )

    def _rename_column(self, s: Session, parts: n.Name, new: str) -> None:
        info = lookup.find(s, parts[:-1]) if len(parts) > 1 else None
        column = info.by_name.get(parts[-1].lower()) if info is not None else None
        if info is None or column is None:
            raise self._no_item(parts)
        s.server.rights.require(s, "ALTER", info)
        if new.lower() in info.by_name and new.lower() != column.name.lower():
            raise SqlError(
                15335,
                f"Error: The new name '{new}' is already in use as a COLUMN name and would cause a duplicate that is "
                f"not "
                "permitted.",
                11,
            )
        commands = [
            f"UPDATE lab.columns SET name = {quote(new)} WHERE object_id = {info.object_id} AND column_id = "
            f"{column.column_id}"
        ]
        if physical(new) != physical(column.name):
            commands.append(f"ALTER TABLE {info.ref} RENAME COLUMN {ident(column.name)} TO {ident(new)}")
            if units_check(column.name, column.type):
                old, fresh = (ident(units_constraint(name)) for name in (column.name, new))
                commands.append(f"ALTER TABLE {info.ref} RENAME CONSTRAINT {old} TO {fresh}")
        s.backend.command("; ".join(commands))

    def _rename_index(self, s: Session, parts: n.Name, new: str) -> None:
        info = lookup.find(s, parts[:-1]) if len(parts) > 1 else None
        if info is None:
            raise self._no_item(parts)
        done = s.backend.query(
            f"UPDATE lab.indexes SET name = {quote(new)} WHERE object_id = {info.object_id} AND name = "
            f"{quote(parts[-1])}"
        )
        if not done.count:
            raise self._no_item(parts)

    def _rename_object(self, s: Session, parts: n.Name, new: str) -> None:
        info = lookup.find(s, parts)
        if info is None:
            raise self._no_item(parts)
        s.server.rights.require(s, "ALTER", info)
        if lookup.find(s, (info.schema, new)) is not None and new.lower() != info.name.lower():
            raise SqlError(
                15335,
                f"Error: The new name '{new}' is already in use as a OBJECT name and would cause a duplicate that is "
                f"not "
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
                    f"DO $lab$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', "
                    f"conrelid::regclass, "
                    f"conname, {quote(physical(new))}) FROM pg_constraint WHERE conname = "
                    f"{quote(physical(info.name))} LIMIT 1); "
                    "END $lab$"
                )
                twin = f"{schema_ident(info.db, info.schema)}.{ident(info.name + TWIN)}"
                commands.append(f"ALTER INDEX IF EXISTS {twin} RENAME TO {ident(new + TWIN)}")
                commands.append(
                    f"UPDATE lab.indexes SET name = {quote(new)}, pg_name = {quote(physical(new))} WHERE name = "
                    f"{quote(info.name)} AND is_constraint"
                )
        s.backend.command("; ".join(commands))
