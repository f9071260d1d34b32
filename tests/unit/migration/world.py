# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that every migration needs, and a directory of scripts to run."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration import tasks
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.context import Context
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.report import Request
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.api import Reply
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import ServerError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import named
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import checksum
from unit.mssql.scripted import Answer, ScriptedServer, count, rows

WHEN = datetime.datetime(2026, 11, 1, 8, 30, 0)
GONE = ServerError("Invalid object name", 208, "42S02")

Step = tuple[str, Answer]

ROLE = "CREATE ROLE zero_downtime_deploy"
LOCKED: Step = ("sp_getapplock.*@DbPrincipal = N'zero_downtime_deploy'", rows((0,)))
WRITABLE: Step = ("Updateability", rows(("Shop", "READ_WRITE")))
FORMAT: Step = ("SELECT version FROM deploy.zero_downtime_format", rows((1,)))
PROBE: Step = ("FROM deploy.migration_journal WHERE 1 = 0", rows((0,)))
OPENED: tuple[Step | str, ...] = (WRITABLE, ROLE, LOCKED, FORMAT, PROBE)
ANNOUNCED: tuple[Step, Step] = (
    ("UPDATE deploy.migration_lock SET token", count(1)),
    ("SELECT token FROM", rows((7,))),
)
NO_CONTRACT: Step = ("SELECT id, app, phase, script, checksum.*phase = N'contract", rows())
RELEASED: tuple[Step | str, ...] = (("released_at = SYSUTCDATETIME", count(1)), "sp_releaseapplock")
UNLOCKED = "sp_releaseapplock"
BEGIN: Step = ("BEGIN TRANSACTION; SELECT CURRENT_TRANSACTION_ID", rows((99, "Shop")))
COMMITTED: Step = ("UPDATE deploy.migration_lock SET token = token .* INSERT INTO .* COMMIT TRANSACTION", rows((1,)))
ROUND: Step = (
    "UPDATE deploy.migration_lock SET token = token .* UPDATE deploy.migration_progress .* COMMIT",
    rows((1,)),
)
WRITTEN: Step = (
    "BEGIN TRANSACTION; UPDATE deploy.migration_lock SET token .* INSERT INTO deploy.migration_journal .* COMMIT",
    rows((1,)),
)
NO_LEDGER: tuple[Step, Step] = (("'deployment ledger'", rows()), ("deploy.deployment_lease WHERE 1 = 0", GONE))


def journal(*entries: tuple[str, str, str] | tuple[str, str, str, str | None], phase: str = "") -> Step:
    """The rows of the journal: name, checksum, state, and maybe the release."""
    found = []
    for at, entry in enumerate(entries, 1):
        name, text, state, *release = entry
        found.append((at, "shop", phase, name, text, state, release[0] if release else None, WHEN, 100, 3))
    return (f"SELECT id, app, phase, script, checksum.*phase = N'{phase}", rows(*found))


def releases(*names: str) -> Step:
    return ("SELECT release FROM", rows(*((name,) for name in names)))


def ledger(
    *nodes: tuple[str, str | None, str],
    consumers: tuple[tuple[str, str | None], ...] = (),
    deployed: tuple[str, ...] = (),
) -> tuple[Step, ...]:
    """The ledger: name, version and outcome of nodes; name and version of other programs; deployed releases."""
    return (
        ("'deployment ledger'", rows((1,))),
        ("deploy.deployment_lease WHERE 1 = 0", rows((0,))),
        ("FROM deploy.deployment_node", rows(*((n, v, None, o, "r1", None, WHEN) for n, v, o in nodes))),
        ("FROM deploy.deployment_consumer", rows(*((n, v, None, WHEN) for n, v in consumers))),
        ("FROM deploy.deployment_run .*'succeeded'", rows(*((version,) for version in deployed))),
    )


class World:
    """A release's directory of scripts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pauses: list[float] = []
        self.context: Context

    def put(self, path: str, text: str) -> str:
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return checksum(text)

    def run(self, server: ScriptedServer, phase: str = "expand", action: str = "apply", **different: Any) -> Context:
        request = Request(app="shop", phase=named(phase), path=str(self.root), **different)
        context = self.context = Context(server, request, Progress(""))
        make = context.runner

        def runner() -> Any:
            made = make()
            made.pause = self.pauses.append
            made.jitter = lambda: 1.0
            return made

        context.runner = runner  # type: ignore[method-assign]
        tasks.carry_out(context, action)
        server.finished()
        return context


def busy(number: int) -> Answer:
    return ServerError("busy", number, "42000")


def answered(*values: Any) -> Reply:
    return rows(values)
