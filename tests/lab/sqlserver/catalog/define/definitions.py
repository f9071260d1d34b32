# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE, ALTER and DROP: PostgreSQL's definition and the lab's catalogue change in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import SqlError
from ...frame import Frame
from ...parser import nodes as n
from ...running import translated
from ...translate.names import ident, quote
from .. import lookup
from .modules import Modules

if TYPE_CHECKING:
    from ...session import Session


class Definitions(Modules):
    """`run` finds the method for each kind of statement."""

    def run(self, s: Session, statement: n.Statement, frame: Frame) -> None:
        method = _METHODS[type(statement)]
        verb = (
            "ALTER"
            if isinstance(statement, (n.AlterAdd, n.AlterColumn, n.AlterCheck))
            else "CREATE"
            if isinstance(statement, n.CreateIndex)
            else "UPDATE"
        )

        translated.guarded(s, statement, frame, verb, None, {}, lambda: method(self, s, statement, frame), True)
        s.definitions_changed()

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
                f"User does not have permission to alter database '{name}', the database does not exist, or the "
                f"database is "
                "not in a state that allows access checks.",
            )
        if a.new_name:
            self._rename_database(s, name, a.new_name)
        if a.option in ("READ_ONLY", "READ_WRITE"):
            s.backend.command(
                f"UPDATE lab.databases SET read_only = {a.option == 'READ_ONLY'} WHERE name = {quote(name)}"
            )

    def _rename_database(self, s: Session, name: str, new: str) -> None:
        """ALTER DATABASE ... MODIFY NAME needs the database for itself."""
        found = s.server.database(s, name)
        assert found is not None
        if found[0].lower() in ("master", "tempdb", "model", "msdb"):
            raise SqlError(5013, f"The master and model databases cannot be renamed: '{name}'.")
        if s.server.database(s, new) is not None and new.lower() != name.lower():
            raise SqlError(1801, f"Database '{new}' already exists. Choose a different database name.")
        low = name.lower()
        if any(other.db == low for other in s.server.sessions() if other is not s):
            raise SqlError(5030, "The database could not be exclusively locked to perform the operation.")
        old, fresh = quote(low), quote(new.lower())
        commands = [
            f"UPDATE lab.{table} SET db = {fresh} WHERE db = {old}"
            for table in ("schemas", "objects", "principals", "members", "permissions")
        ]
        commands.append(f"UPDATE lab.databases SET name = {quote(new)} WHERE name = {quote(found[0])}")
        if new.lower() != low:
            beginning = quote(low + ".")
            schemas = self._strings(s, f"SELECT nspname FROM pg_namespace WHERE starts_with(nspname, {beginning})")
            renamed = {x: ident(new.lower() + x[len(low) :]) for x in schemas}
            views = [x for x in schemas if x.endswith((".sys", ".information_schema"))]
            commands += [f"DROP SCHEMA {ident(x)} CASCADE" for x in views]
            commands += [f"ALTER SCHEMA {ident(x)} RENAME TO {renamed[x]}" for x in schemas if x not in views]
            commands += [f"CREATE SCHEMA {renamed[x]}" for x in views]
            commands += s.server.views.create(new.lower())
        s.backend.command("; ".join(commands))
        if s.db == low:
            s.db, s.db_name = new.lower(), new
        s.out.message(5701, f"The database name '{new}' has been set.", 0)

    def update_statistics(self, s: Session, u: n.UpdateStatistics, frame: Frame) -> None:
        info = lookup.find(s, u.table)
        if info is None or info.kind not in ("U", "#"):
            raise SqlError(2706, f"Table '{u.table[-1]}' does not exist.")
        s.server.rights.require(s, "ALTER", info)
        known = {
            x.lower() for x in self._strings(s, f"SELECT name FROM lab.indexes WHERE object_id = {info.object_id}")
        }
        for name in u.names:
            if name.lower() not in known:
                raise SqlError(
                    2767, f"Could not locate statistics '{name}' in the system catalogs.", aborts="statement"
                )
        s.backend.command(f"ANALYZE {info.ref}")


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
    n.UpdateStatistics: _D.update_statistics,
    n.TransferSchema: _D.transfer,
    n.Module: _D.module,
}
