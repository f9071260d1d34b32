# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remote procedure calls: how drivers send parameterised statements."""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..errors import SqlError, refusal
from ..frame import Frame
from ..parser.expressions import ExpressionParser
from ..running import batch
from ..wire import types
from ..wire.reading import Reader, read_parameter
from .procedures import MISSING, Given

if TYPE_CHECKING:
    from ..session import Session

log = logging.getLogger("lab.sqlserver")
BY_ID = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}


def after_headers(body: bytes) -> Reader:
    return Reader(body, struct.unpack_from("<I", body)[0])


def run(s: Session, body: bytes) -> None:
    """All calls of one message."""
    b = after_headers(body)
    while b.pos < len(b.data):
        length = b.u16()
        name = BY_ID.get(b.u16(), "?") if length == 0xFFFF else b.take(2 * length).decode("utf-16-le")
        b.u16()
        given = []
        while b.pos < len(b.data) and b.data[b.pos] not in (0x80, 0xFF, 0xFE):
            parameter = b.b_varchar().lower()
            flags = b.u8()
            value, kind = read_parameter(b)
            given.append(Given(parameter, MISSING if flags & 2 else value, bool(flags & 1), kind))
        if b.pos < len(b.data):
            b.pos += 1
        if s.server.config.trace:
            log.info("call: %s %s", name, [(g.name, g.value) for g in given])
        s.out.in_proc += 1
        try:
            _call(s, name, given)
        except SqlError as error:
            batch.report(s, error)
            s.out.return_status(-6)
        finally:
            s.out.in_proc -= 1
        s.out.done(proc_end=True)


def _call(s: Session, name: str, given: list[Given]) -> None:
    low = name.lower().rpartition(".")[2]
    if low == "sp_executesql":
        _statement(s, _text(given[0].value), _text(given[1].value) if len(given) > 1 else "", given[2:], given[2:])
    elif low == "sp_prepexec":
        handle = _keep(s, _text(given[2].value), _text(given[1].value))
        _statement(s, _text(given[2].value), _text(given[1].value), given[3:], given[3:], handle)
    elif low == "sp_prepare":
        s.parse(_text(given[2].value))
        handle = _keep(s, _text(given[2].value), _text(given[1].value))
        s.out.return_status(0)
        s.out.return_value(0, given[0].name, types.INT, handle)
    elif low == "sp_execute":
        found = s.prepared.get(given[0].value)
        if found is None:
            raise SqlError(8179, f"Could not find prepared statement with handle {given[0].value}.")
        text, declarations = found
        _statement(s, text, declarations, given[1:], given[1:])
    elif low == "sp_unprepare":
        s.prepared.pop(given[0].value, None)
        s.out.return_status(0)
    elif low == "sp_prepexecrpc":
        handle = _keep(s, _text(given[1].value), "\0rpc")
        status = _procedure(s, _text(given[1].value), given[2:])
        s.out.return_status(status)
        s.out.return_value(0, given[0].name, types.INT, handle)
        _outputs(s, given[2:])
    elif low.startswith("sp_cursor"):
        raise refusal("server cursors", name)
    else:
        status = _procedure(s, name, given)
        s.out.return_status(status)
        _outputs(s, given)


def _text(value: Any) -> str:
    return "" if value is None or value is MISSING else str(value)


def _keep(s: Session, text: str, declarations: str) -> int:
    handle = s.next_handle
    s.next_handle += 1
    s.prepared[handle] = (text, declarations)
    if len(s.prepared) > 2000:
        del s.prepared[next(iter(s.prepared))]
    return handle


def _statement(
    s: Session, text: str, declarations: str, given: list[Given], outputs: list[Given], handle: int | None = None
) -> None:
    if declarations == "\0rpc":
        status = _procedure(s, text, given)
        s.out.return_status(status)
        _outputs(s, outputs)
        return
    frame = Frame(text)
    error = False
    try:
        s.server.procedures.declare(s, frame, declarations, given)
        batch.run_batch(s, text, frame)
    except SqlError as failure:
        batch.report(s, failure)
        error = True
    s.out.return_status(0 if not error else -6)
    if handle is not None:
        s.out.return_value(0, "", types.INT, handle)
    for one in given:
        if one.output:
            one.value = frame.values.get(one.name)
    _outputs(s, outputs)


def _procedure(s: Session, name: str, given: list[Given]) -> int:
    """A procedure called by name, as the only statement of its batch."""
    from ..errors import COMPILE_ERRORS
    from ..frame import BatchAbort, ScopeAbort

    frame = Frame(f"EXEC {name}")
    s.batches += 1
    s.server.counters.batches += 1
    name = name.rpartition(";")[0] if ";" in name else name
    try:
        return s.server.procedures.call(s, ExpressionParser(name).name(), given, frame)
    except SqlError as error:
        if error.scope is None:
            batch.report(s, error)
            if s.tran.count and s.settings.xact_abort and error.number not in COMPILE_ERRORS:
                s.tran.rollback()
        return -6
    except (BatchAbort, ScopeAbort):
        return -6


def _outputs(s: Session, given: list[Given]) -> None:
    for i, one in enumerate(given):
        if one.output:
            kind = one.kind or types.NVARCHAR_4000
            s.out.return_value(i, one.name, kind, conversion.coerce(None if one.value is MISSING else one.value, kind))
