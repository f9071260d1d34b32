# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""INSERT, UPDATE, DELETE and MERGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..backend import Result
from ..catalog.catalog import ObjectInfo
from ..errors import SqlError
from ..frame import Frame
from ..parser import nodes as n
from ..translate.dml import Translation
from ..translate.names import ident, physical, quote
from ..wire import tokens
from . import results, translated, triggers, variables
from .registry import executes

if TYPE_CHECKING:
    from ..session import Session

# The verb in messages, and the command in the DONE token.
_VERBS = {
    n.Insert: ("INSERT", tokens.CMD_INSERT),
    n.Update: ("UPDATE", tokens.CMD_UPDATE),
    n.Delete: ("DELETE", tokens.CMD_DELETE),
    n.Merge: ("MERGE", tokens.CMD_MERGE),
}


@executes(n.Insert, n.Update, n.Delete, n.Merge)
def change_rows(s: Session, statement: n.Statement, frame: Frame) -> None:
    if isinstance(statement, n.Insert) and isinstance(statement.rows, n.Exec):
        s.server.procedures.insert_exec(s, statement, frame)
        return
    translation = translated.translate(s, statement, frame)
    change(s, statement, frame, translation, translated.parameters(s, translation, frame))


def change(
    s: Session, statement: n.Statement, frame: Frame, translation: Translation, params: list[bytes | None]
) -> None:
    """Run a translated change with its triggers, and send its rows and count."""
    info = translation.target
    assert info is not None
    s.writable(info)
    s.server.rights.check(s, translation, frame)
    s.begin_implicit()
    verb, command = _VERBS[type(statement)]
    events = (verb,) if verb != "MERGE" else ("INSERT", "UPDATE", "DELETE")
    firing = [t for t in info.triggers if t.events & set(events)]
    if firing and translation.outputs is not None and translation.assigns is None:
        raise SqlError(
            334,
            f"The target table '{info.label}' of the DML statement cannot have any enabled triggers if the statement "
            "contains an OUTPUT clause without INTO clause.",
        )

    def work() -> Result:
        if translation.locate is not None:
            _lock_rows(s, translation, frame, params)
        result = translated.run(s, translation, params)
        _note_identity(s, translation, info, result, frame)
        if firing:
            triggers.fire(s, firing, info, events, translation.updated, frame, len(result.rows) or result.count)
        return result

    several = bool(firing or translation.locks or translation.locate)
    result = translated.guarded(s, statement, frame, verb, info, translation.spelling, work, several)
    _answer(s, translation, result, frame, command)


def _lock_rows(s: Session, translation: Translation, frame: Frame, params: list[bytes | None]) -> None:
    """Find and lock the rows first; the change then sees their newest versions."""
    assert translation.locate is not None
    sql, needed = translation.locate
    found = {row[0] for row in s.backend.query(sql, translated.values_of(s, needed, frame)).rows}
    ctids = b"{" + b",".join(b'"' + (c or b"") + b'"' for c in found) + b"}"
    for i, p in enumerate(translation.params):
        if p[0] == "ctids":
            params[i] = ctids


def _note_identity(s: Session, translation: Translation, info: ObjectInfo, result: Result, frame: Frame) -> None:
    if translation.identity_at < 0 or not result.rows:
        return
    s.last_identity = int(result.rows[-1][translation.identity_at] or 0)
    frame.identity = s.last_identity
    if s.settings.identity_insert == info.object_id:
        _advance_identity(s, info)


def _answer(s: Session, translation: Translation, result: Result, frame: Frame, command: int) -> None:
    count = len(result.rows) if translation.identity_at >= 0 or translation.counts_rows else result.count
    if translation.assigns is not None:
        count = len(result.rows)
        variables.assign(s, translation, results.shape(s, translation, result)[1], frame)
    elif translation.outputs is not None:
        columns, rows = results.shape(s, translation, result, translation.identity_at)
        count = len(rows)
        command = tokens.CMD_SELECT
        s.out.rows(columns, rows)
    s.rowcount = count
    if not s.settings.nocount:
        s.out.done(count, command)
    elif translation.outputs is not None and translation.assigns is None:
        s.out.done(None, command)


def _advance_identity(s: Session, info: ObjectInfo) -> None:
    """An explicit value beyond the identity's last one moves it."""
    assert info.identity is not None
    column = ident(info.identity.name)
    s.backend.query(
        f"SELECT setval(s::regclass, m) FROM (SELECT pg_get_serial_sequence({quote(info.ref)}, "
        f"{quote(physical(info.identity.name))}) AS s, (SELECT max({column}) FROM {info.ref}) AS m) x "
        "WHERE m > coalesce(pg_sequence_last_value(s::regclass), m - 1)"
    )
