# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control of flow: IF, WHILE, RETURN, TRY and CATCH, WAITFOR."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from ..errors import COMPILE_ERRORS, Cancelled, SqlError
from ..frame import BreakSignal, ContinueSignal, Frame, ReturnSignal
from ..parser import nodes as n
from . import batch, values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


@executes(n.Block)
def block(s: Session, statement: n.Block, frame: Frame) -> None:
    batch.run_all(s, statement.body, frame)


@executes(n.If)
def if_(s: Session, statement: n.If, frame: Frame) -> None:
    if _test(s, statement.condition, frame):
        batch.execute(s, statement.then, frame)
    elif statement.otherwise is not None:
        batch.execute(s, statement.otherwise, frame)


@executes(n.While)
def while_(s: Session, statement: n.While, frame: Frame) -> None:
    while _test(s, statement.condition, frame):
        if select.select([s.stream], [], [], 0)[0] and s.interrupted():
            raise Cancelled
        try:
            batch.execute(s, statement.body, frame)
        except BreakSignal:
            break
        except ContinueSignal:
            continue


def _test(s: Session, condition: n.Expr, frame: Frame) -> bool:
    """IF and WHILE are statements too: they reset @@ROWCOUNT and @@ERROR once their condition is known."""
    result = values.condition(s, condition, frame)
    s.rowcount = s.error = 0
    return result


@executes(n.Break)
def break_(s: Session, statement: n.Break, frame: Frame) -> None:
    raise BreakSignal


@executes(n.Continue)
def continue_(s: Session, statement: n.Continue, frame: Frame) -> None:
    raise ContinueSignal


@executes(n.Return)
def return_(s: Session, statement: n.Return, frame: Frame) -> None:
    value = values.evaluate(s, statement.value, frame) if statement.value is not None else 0
    s.rowcount = 1
    raise ReturnSignal(int(value or 0))


@executes(n.TryCatch)
def try_(s: Session, statement: n.TryCatch, frame: Frame) -> None:
    s.tries.append(frame)
    try:
        batch.run_all(s, statement.body.body, frame)
        return
    except SqlError as error:
        if error.scope is frame and error.number in COMPILE_ERRORS:
            raise
        caught = error
        s.rowcount = 0
    finally:
        s.tries.pop()
    caught.scope = None
    frame.caught.append(caught)
    try:
        batch.run_all(s, statement.handler.body, frame)
    finally:
        frame.caught.pop()


@executes(n.WaitFor)
def waitfor(s: Session, statement: n.WaitFor, frame: Frame) -> None:
    text = str(values.evaluate(s, statement.delay, frame)).strip()
    parts = text.split(":")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    if len(parts) == 2:
        seconds *= 60
    s.wait(seconds)


@executes(n.NoOperation)
def nothing(s: Session, statement: n.Statement, frame: Frame) -> None:
    return
