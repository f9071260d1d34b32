# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load on a lab for as long as a block runs, and its figures afterwards."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any

from . import net
from .load.records import Record
from .proc import Process
from .stack import Lab

_STOP_LIMIT_S = 60.0


class LoadRun:
    """The load generator as a process of its own. `run` names it: every write's id begins with it."""

    def __init__(self, lab: Lab, run: str, directory: Path, *, longest_s: float = 900.0, **load: Any) -> None:
        self.records_file = directory / f"{run}.requests.jsonl"
        self._live = lab.state / f"{run}.live.json"
        self._result = lab.state / f"{run}.load.json"
        self._lab = lab
        self._process: Process | None = None
        directory.mkdir(parents=True, exist_ok=True)
        address, port = lab.frontend
        self._config = {
            "load": {
                "address": address,
                "port": port,
                "host": net.SITE_HOST,
                "run": run,
                "max_duration_s": longest_s,
                "slow_rate": 4.0 * len(lab.nodes),
                "sticky_cookie": "SERVERID" if lab.cookie else "",
                **load,
            },
            "live": str(self._live),
            "result": str(self._result),
            "records": str(self.records_file),
            "database": lab.connection_string("shop"),
        }

    def start(self) -> None:
        self._process = self._lab.start_load(self._config)

    def mark(self, name: str) -> None:
        self._running.send_line(f"mark {name}")

    @property
    def sent(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int(json.loads(self._live.read_text())["requests"])
        return 0

    def stop(self) -> dict[str, Any]:
        """Stops sending, waits for the last answers, and returns the figures."""
        self._running.send_line("stop")
        if self._running.wait(_STOP_LIMIT_S) != 0:
            raise RuntimeError(f"the load generator failed:\n{self._running.tail()}")
        result: dict[str, Any] = json.loads(self._result.read_text())
        return result

    def records(self) -> list[Record]:
        with self.records_file.open() as file:
            return [Record(**json.loads(line)) for line in file]

    @property
    def _running(self) -> Process:
        assert self._process is not None, "the load was not started"
        return self._process

    def __enter__(self) -> LoadRun:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.running():
            self._process.stop(1)
