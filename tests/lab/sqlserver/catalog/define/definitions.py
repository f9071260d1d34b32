# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE, ALTER and DROP: PostgreSQL's definition and the lab's catalogue change in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import SqlError
from ...frame import Frame
from ...parser import nodes as n
from ...running import translated
from ...translate.names import quote
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
        if a.option in ("READ_ONLY", "READ_WRITE"):
            s.backend.command(
                f"UPDATE lab.databases SET read_only = {a.option == 'READ_ONLY'} WHERE name = {quote(name)}"
            )


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
