# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is a script: statements that are expected, in order, and what is answered to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.api import (
    Connection,
    Connector,
    Reply,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import ServerError

Answer = Reply | ServerError


def rows(*values: Sequence[Any]) -> Reply:
    return Reply(sets=[list(values)])


def count(affected: int) -> Reply:
    return Reply(rows_affected=affected, counted=True)


class ScriptedServer(Connector):
    """Expects, over all its sessions, exactly the statements of the script. A pattern is a regular expression."""

    def __init__(self, *script: tuple[str, Answer] | str) -> None:
        self.script = [(step, Reply()) if isinstance(step, str) else step for step in script]
        self.sent: list[str] = []
        self.sessions = 0
        self.open = 0

    def connect(self) -> ScriptedConnection:
        self.sessions += 1
        self.open += 1
        return ScriptedConnection(self)

    def answer(self, sql: str) -> Reply:
        assert self.script, f"nothing more was expected, but this was sent: {sql}"
        pattern, reply = self.script.pop(0)
        assert re.search(pattern, sql, re.DOTALL), f"expected {pattern!r}, but this was sent: {sql}"
        self.sent.append(sql)
        if isinstance(reply, ServerError):
            raise reply
        return reply

    def finished(self) -> None:
        assert not self.script, f"never sent: {self.script[0][0]}"
        assert self.open == 0, f"{self.open} sessions were left open"


class ScriptedConnection(Connection):
    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._closed = False

    def execute(self, sql: str, *, keep_rows: bool = True) -> Reply:
        assert not self._closed, f"sent on a session that was closed: {sql}"
        return self._server.answer(sql)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._server.open -= 1
