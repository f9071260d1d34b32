# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""BEGIN, COMMIT, ROLLBACK and SAVE TRANSACTION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frame import Frame
from ..parser import nodes as n
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


@executes(n.Transaction)
def transaction(s: Session, statement: n.Transaction, frame: Frame) -> None:
    name = statement.name
    if name.startswith("@"):
        name = str(frame.get(name.lower()))
    if statement.action == "BEGIN":
        s.tran.begin(name)
    elif statement.action == "COMMIT":
        s.tran.commit()
    elif statement.action == "SAVE":
        s.tran.save(name)
    elif name:
        s.tran.rollback_to(name)
    else:
        s.tran.rollback_requested()
