# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a translation sees of the session and of the running batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog import lookup
from ..catalog.catalog import ObjectInfo
from ..frame import Frame, undeclared
from ..parser import nodes as n
from ..wire.types import SqlType

if TYPE_CHECKING:
    from ..session import Session


class Scope:
    """The variables of a frame, and objects by name."""

    def __init__(self, session: Session, frame: Frame) -> None:
        self.session = session
        self.frame = frame
        self.db = session.db

    def variable_type(self, name: str) -> SqlType:
        kind = self.frame.types.get(name)
        if kind is None:
            raise undeclared(name)
        return kind

    def table(self, name: n.Name) -> ObjectInfo | str:
        return lookup.find_source(self.session, name, self.frame)

    def module_query(self, info: ObjectInfo) -> n.Module:
        return lookup.module_of(self.session, info)

    def same_owner(self, one: ObjectInfo, other: ObjectInfo) -> bool:
        return self.session.server.rights.same_owner(self.session, one.schema, other)

    def trigger_table(self) -> ObjectInfo | None:
        return self.frame.trigger.table if self.frame.trigger is not None else None
