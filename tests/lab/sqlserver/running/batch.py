# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches and dynamic strings: run their statements and decide how far an error reaches."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from ..backend import BackendError
from ..errors import COMPILE_ERRORS, ConnectionGone, SqlError
from ..frame import (
    BatchAbort,
    BreakSignal,
    ContinueSignal,
    Frame,
    ReturnSignal,
    ScopeAbort,
    check_nesting,
)
from ..parser import nodes as n
from ..pgerrors import to_sql_error
from . import binding, options
from .registry import HANDLERS

if TYPE_CHECKING:
    from ..session import Session


# Statements around others, and RAISERROR of an informational message, leave @@ERROR as it is.
_KEEP_ERROR = (n.If, n.While, n.Block, n.TryCatch, n.Exec, n.ExecString, n.Return, n.RaisError)

# https://learn.microsoft.com/sql/t-sql/functions/rowcount-transact-sql: these reset @@ROWCOUNT. SET options and USE
# do it themselves: inside a procedure EXEC preserves what its last statement has left.
_RESET_ROWCOUNT = (n.Print, n.RaisError, n.Transaction, n.WaitFor, n.CreateTable, n.AlterAdd, n.DropObjects)


def run_batch(s: Session, text: str, frame: Frame | None = None) -> None:
    """A batch from the client, or a string with the variables of its frame."""
    s.server.counters.batches += 1
    s.batches += 1
    if frame is None:
        frame = Frame(text)
    try:
        statements = s.parse(text)
        if s.settings.parse_only:
            return
        binding.bind(s, statements, frame)
        run_all(s, statements, frame)
    except SqlError as error:
        report(s, error)
        if s.settings.xact_abort and s.tran.count and error.number not in COMPILE_ERRORS:
            s.tran.rollback()
    except (ScopeAbort, BatchAbort):
        if frame.parent is not None:
            raise
    except ReturnSignal:
        pass
    except (BreakSignal, ContinueSignal):
        report(s, SqlError(135, "Cannot use a BREAK statement outside the scope of a WHILE statement.", 15))
    finally:
        end_frame(s, frame)


def end_frame(s: Session, frame: Frame) -> None:
    for name in frame.temp:
        info = s.temp.pop(name, None)
        if info is not None and not s.backend.failed:
            with contextlib.suppress(BackendError):
                s.backend.command(f"DROP TABLE IF EXISTS {info.ref}")
    if frame.tables and not s.backend.failed:
        for info in frame.tables.values():
            s.backend.command(f"DROP TABLE IF EXISTS {info.ref}")


def finish_request(s: Session) -> None:
    """A doomed transaction ends with the batch of the client that it was doomed in."""
    if s.tran.count and s.tran.doomed:
        s.tran.rollback()
        report(
            s,
            SqlError(
                3998,
                "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
            ),
        )


def report(s: Session, error: SqlError) -> None:
    s.error = error.number
    if error.first is not None:
        before = error.first
        s.out.message(before.number, before.text, before.severity, 1, error.procedure, max(error.line, 1))
    s.out.message(error.number, error.text, error.severity, error.state, error.procedure, max(error.line, 1))
    s.out.done(error=True)


def run_all(s: Session, statements: Sequence[n.Statement], frame: Frame) -> None:
    for statement in statements:
        execute(s, statement, frame)


def execute(s: Session, statement: n.Statement, frame: Frame) -> None:
    """One statement; decides how far its error reaches."""
    if s.killed:
        raise ConnectionGone("cut by the control socket")
    if s.settings.noexec and not isinstance(statement, n.SetOption):
        return
    try:
        HANDLERS[type(statement)](s, statement, frame)
    except BackendError as error:
        wrapped = to_sql_error(error, s, "", None, {}, frame.source[statement.start : statement.end])
        _failed(s, wrapped, statement, frame)
    except SqlError as error:
        _failed(s, error, statement, frame)
    else:
        if not isinstance(statement, _KEEP_ERROR):
            s.error = 0
        if isinstance(statement, _RESET_ROWCOUNT):
            s.rowcount = 0


def _failed(s: Session, error: SqlError, statement: n.Statement, frame: Frame) -> None:
    """An error where it was raised: to the innermost TRY that may catch it, or to the client."""
    if error.scope is not None:  # on its way to an outer TRY
        raise error
    error.scope = frame
    error.line = error.line or statement.line
    error.procedure = error.procedure or frame.procedure
    s.error = error.number
    fatal = error.aborts == "transaction" or (s.settings.xact_abort and not error.user_raised)
    if any(t is not frame or error.number not in COMPILE_ERRORS for t in s.tries):
        _doom(s, error, fatal)
        raise error
    report(s, error)
    if s.tran.count and (fatal or s.backend.failed or s.tran.doomed):
        s.tran.rollback()
    _abort(error, fatal, frame)


def _doom(s: Session, error: SqlError, fatal: bool) -> None:
    """A caught error that would have ended the transaction leaves it open for reading only."""
    if not s.tran.count or not (fatal or s.backend.failed):
        return
    if error.number == 1205 or s.backend.failed:
        _restart_doomed(s)
    s.tran.doomed = True


def _abort(error: SqlError, fatal: bool, frame: Frame) -> None:
    if fatal or error.aborts in ("batch", "transaction"):
        raise BatchAbort
    if error.aborts == "scope":
        raise ScopeAbort
    if frame.trigger is not None and not error.user_raised:
        raise BatchAbort


def _restart_doomed(s: Session) -> None:
    """PostgreSQL's transaction is lost: the client's stays open, doomed, and reads in a new one."""
    s.backend.command("ROLLBACK")
    s.backend.command("BEGIN")
    s.tran.fresh()


def _compiled(s: Session, text: str, frame: Frame) -> list[n.Statement]:
    """The statements of a dynamic string. An error here ends the string; the batch around it goes on."""
    try:
        statements = s.parse(text)
        binding.bind(s, statements, frame)
    except SqlError as error:
        compile_failed(s, error, frame)
    else:
        return statements


def compile_failed(s: Session, error: SqlError, frame: Frame) -> NoReturn:
    """An error of a procedure or dynamic string before it runs ends only this, unless a TRY around it catches it."""
    error.scope = frame
    error.procedure = error.procedure or frame.procedure
    s.error = error.number
    if s.tries or error.aborts == "transaction":
        _doom(s, error, s.settings.xact_abort)
        raise error
    report(s, error)
    raise ScopeAbort from error


def run_string(s: Session, text: str, inner: Frame) -> None:
    """A dynamic batch inside another."""
    inner.source = text
    check_nesting(inner.level)
    if inner.trigger is None and inner.parent is not None:
        inner.trigger = inner.parent.trigger
    kept = s.settings.copy()
    db = s.db, s.db_name
    s.out.in_proc += 1
    try:
        run_all(s, _compiled(s, text, inner), inner)
    except (ReturnSignal, ScopeAbort):
        pass
    finally:
        s.out.in_proc -= 1
        options.restore(s, kept)
        s.db, s.db_name = db
        end_frame(s, inner)
