# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE, ALTER, DROP, GRANT and the like: handed to the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog.catalog import ObjectInfo
from ..frame import Frame
from ..parser import nodes as n
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


@executes(
    n.CreateTable,
    n.AlterAdd,
    n.AlterColumn,
    n.AlterDrop,
    n.AlterCheck,
    n.AlterTrigger,
    n.CreateIndex,
    n.DropIndex,
    n.AlterIndex,
    n.DropObjects,
    n.CreateSchema,
    n.CreateSequence,
    n.CreateSynonym,
    n.CreateType,
    n.Truncate,
    n.Permission,
    n.Principal,
    n.AlterDatabase,
    n.UpdateStatistics,
    n.TransferSchema,
    n.Module,
)
def definition(s: Session, statement: n.Statement, frame: Frame) -> None:
    if not isinstance(statement, n.AlterDatabase):
        s.writable(None if not _is_temp(statement) else ObjectInfo(0, "", "", "", "#", ""))
    s.begin_implicit()
    s.server.definitions.run(s, statement, frame)


def _is_temp(s: n.Statement) -> bool:
    name = getattr(s, "name", None) or getattr(s, "table", None)
    if isinstance(s, n.DropObjects):
        name = s.names[0]
    return isinstance(name, tuple) and bool(name) and name[-1].startswith("#")
