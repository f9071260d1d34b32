# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRINT, RAISERROR and THROW."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser import nodes as n
from . import values
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session


@executes(n.Print)
def print_(s: Session, statement: n.Print, frame: Frame) -> None:
    s.out.message(0, values.text(s, statement.value, frame), 0, 1, frame.procedure, statement.line)


@executes(n.RaisError)
def raiserror(s: Session, statement: n.RaisError, frame: Frame) -> None:
    message = values.evaluate(s, statement.message, frame)
    severity = int(values.evaluate(s, statement.severity, frame))
    state = int(values.evaluate(s, statement.state, frame))
    number = 50000
    if isinstance(message, int):
        raise refusal("RAISERROR with the number of a stored message")
    _check_severity(s, severity, statement.log)
    text = format_message(str(message), [values.evaluate(s, a, frame) for a in statement.args])
    if severity <= 10:
        s.out.message(number, text, severity, state, frame.procedure, statement.line)
        return
    error = SqlError(number, text, severity, state)
    error.user_raised = True
    raise error


def _check_severity(s: Session, severity: int, log: bool) -> None:
    if severity > 18 and not log:
        raise SqlError(
            2754,
            "Error severity levels greater than 18 can only be specified by members of the sysadmin role, using the "
            "WITH LOG option.",
        )
    if log and not s.server.config.login(s.login).sysadmin:
        raise SqlError(2778, "Only System Administrator can specify WITH LOG option for RAISERROR command.")
    if severity > 19:
        raise refusal("RAISERROR with a severity that ends the connection")


@executes(n.Throw)
def throw(s: Session, statement: n.Throw, frame: Frame) -> None:
    if statement.number is None:
        at: Frame | None = frame
        while at is not None and not at.caught:
            at = at.parent
        if at is None:
            raise SqlError(
                10704,
                "To rethrow an error, a THROW statement must be used inside a CATCH block.",
                15,
                aborts="batch",
            )
        original = at.caught[-1]
        error = SqlError(original.number, original.text, original.severity, original.state, aborts="batch")
        error.line, error.procedure = original.line, original.procedure
        raise error
    assert statement.message is not None and statement.state is not None
    number = int(values.evaluate(s, statement.number, frame))
    if number < 50000:
        raise SqlError(
            35100,
            f"Error number {number} in the THROW statement is outside the valid range. Specify an error number "
            "in the valid range of 50000 to 2147483647.",
        )
    raise SqlError(
        number,
        values.text(s, statement.message, frame),
        16,
        int(values.evaluate(s, statement.state, frame)),
        aborts="batch",
    )


def format_message(text: str, args: list[Any]) -> str:
    """RAISERROR's %d, %s, %i, %u, %x with widths."""
    queue = list(args)

    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if not queue:
            return "(null)"
        value = queue.pop(0)
        if value is None:
            return "(null)"
        if match[2] in "diu":
            return format(int(value), (match[1] or "").replace("-", "<"))
        if match[2] in "xXo":
            return format(int(value), match[2])
        return conversion.to_text(value)

    return re.sub(r"%(-?\d*)(?:\.\d+)?(?:I64|l|h)?([sdiuxXo])|%%", one, text)
