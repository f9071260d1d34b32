# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""EXEC of procedures and of strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frame import Frame
from ..parser import nodes as n
from . import batch, values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


@executes(n.Exec)
def execute(s: Session, statement: n.Exec, frame: Frame) -> None:
    s.server.procedures.execute(s, statement, frame)


@executes(n.ExecString)
def execute_string(s: Session, statement: n.ExecString, frame: Frame) -> None:
    batch.run_string(s, values.text(s, statement.text, frame), Frame("", frame))
