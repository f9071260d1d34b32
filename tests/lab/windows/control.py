# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: tests inject faults and read what happened. One JSON object a line, one line as the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .drive import Refused
from .machine import InjectedFailure, Machine
from .winrm.listener import Winrm


class Control:
    """Serves the socket until it is closed."""

    def __init__(self, path: Path, machine: Machine, winrm: Winrm) -> None:
        self._path = path
        self._machine = machine
        self._winrm = winrm
        self._server: asyncio.Server | None = None
        self._orders: dict[str, Callable[[Any], Any]] = {
            "winrm_drop_after": self._drop_after,
            "winrm_drop_in_command": self._drop_in_command,
            "crash_worker": self._crash,
            "appcmd_fail": self._appcmd_fail,
            "drive_limit_bytes": self._drive_limit,
            "request_monitor": self._request_monitor,
            "hold": lambda path: machine.drive.hold(machine.drive.local(path)),
            "let_go": lambda path: machine.drive.release(machine.drive.local(path)),
            "counters": self._counters,
            "transcript": self._transcript,
            "refusals": lambda wanted: list(machine.record.refusals),
            "state": self._state,
            "forget": self._forget,
        }

    async def open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            orders = json.loads(line)
            answer: dict[str, Any] = {"ok": True}
            for name, value in orders.items():
                if name == "winrm":
                    await self._winrm_state(value)
                elif name in self._orders:
                    answer[name] = self._orders[name](value)
                else:
                    raise ValueError(f"unknown order {name}; known: winrm, {', '.join(self._orders)}")
            return answer
        except (ValueError, TypeError, KeyError, AttributeError, Refused) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    async def _winrm_state(self, value: str) -> None:
        if value == "up":
            await self._winrm.up()
        elif value == "down":
            self._winrm.down()
        elif value == "hang":
            self._winrm.hang()
        else:
            raise ValueError(f"winrm is {value!r}: up, down or hang expected")

    def _drop_after(self, operations: int | None) -> None:
        self._winrm.disturbance.drop_after = operations

    def _drop_in_command(self, text: str | None) -> None:
        self._winrm.disturbance.drop_in_command = text

    def _crash(self, name: str) -> int:
        worker = self._machine.iis.pools[name].worker
        if worker is None or not worker.pid:
            raise ValueError(f"the pool {name} has no worker")
        worker.kill()
        return worker.pid

    def _appcmd_fail(self, value: dict[str, Any]) -> None:
        self._machine.appcmd_failures.append(InjectedFailure(**value))

    def _drive_limit(self, value: int | None) -> None:
        self._machine.drive.limit_bytes = value

    def _request_monitor(self, value: bool) -> None:
        self._machine.config.role_services.request_monitor = bool(value)

    def _counters(self, wanted: Any) -> dict[str, int]:
        return {
            **self._machine.record.counters,
            **self._machine.iis.counters,
            "open_shells": len(self._winrm.shells),
        }

    def _transcript(self, wanted: Any) -> list[str]:
        return list(self._machine.record.transcript)

    def _state(self, wanted: Any) -> dict[str, Any]:
        iis = self._machine.iis
        return {
            "pools": {
                pool.name: {
                    "state": pool.state,
                    "worker": pool.worker.pid if pool.worker else None,
                    "workers": [worker.pid for worker in pool.workers()],
                    "in_flight": len(pool.requests()),
                }
                for pool in iis.pools.values()
            },
            "sites": {
                site.name: {
                    "state": site.state,
                    "path": site.root.path,
                    "paths": {application.url_path: application.path for application in site.applications},
                    "bindings": [str(b) for b in site.bindings],
                }
                for site in iis.sites.values()
            },
        }

    def _forget(self, wanted: Any) -> None:
        record = self._machine.record
        record.counters.clear()
        record.transcript.clear()
        record.refusals.clear()
