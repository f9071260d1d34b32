# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control socket: one JSON object a line in, one out. Faults for tests."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import SqlError

if TYPE_CHECKING:
    from .server import Server


class Control:
    """Commands: {"cut": "all" | {"program": name} | {"spid": n}}, {"restart": seconds}, {"hold": true | false},
    {"offline": true | false}, {"read_only": {"database": name, "on": true}}, {"counters": true}, {"stop": true}."""

    def __init__(self, server: Server, path: str) -> None:
        self.server = server
        self.path = Path(path)
        self.path.unlink(missing_ok=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        here = Path.cwd()
        if len(str(self.path)) > 100:  # a unix socket's path is short: bind from its directory
            os.chdir(self.path.parent)
            try:
                self.socket.bind(self.path.name)
            finally:
                os.chdir(here)
        else:
            self.socket.bind(str(self.path))
        self.socket.listen(8)
        threading.Thread(target=self._accept, daemon=True, name="control").start()

    def _accept(self) -> None:
        while True:
            try:
                client, _unused = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rw", encoding="utf-8") as stream:
            for line in stream:
                try:
                    answer = self.run(json.loads(line))
                except (SqlError, ValueError, KeyError, TypeError, OSError) as error:
                    answer = {"error": str(error)}
                stream.write(json.dumps(answer) + "\n")
                stream.flush()

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(request, dict) or len(request) != 1:
            raise ValueError("one command an object expected")
        ((name, value),) = request.items()
        command: Callable[[Any], dict[str, Any]] | None = getattr(self, "_do_" + str(name), None)
        if command is None:
            raise ValueError(f"unknown command {name!r}")
        return {"ok": True, **command(value)}

    def _do_cut(self, value: Any) -> dict[str, Any]:
        if value == "all":
            return {"cut": self.server.cut()}
        return {"cut": self.server.cut(str(value.get("program", "")), int(value.get("spid", 0)))}

    def _do_restart(self, value: Any) -> dict[str, Any]:
        self.server.restart(float(value) if not isinstance(value, bool) else 0.5)
        return {}

    def _do_offline(self, value: Any) -> dict[str, Any]:
        """Refuse connections and cut those that are open, until told otherwise."""
        self.server.close_listener()
        if value:
            self.server.cut()
        else:
            self.server.listen()
        return {}

    def _do_hold(self, value: Any) -> dict[str, Any]:
        if value:
            self.server.hold.clear()
        else:
            self.server.hold.set()
        return {}

    def _do_read_only(self, value: Any) -> dict[str, Any]:
        self.server.set_read_only(value["database"], bool(value["on"]))
        return {}

    def _do_counters(self, value: Any) -> dict[str, Any]:
        return self.server.statistics()

    def _do_stop(self, value: Any) -> dict[str, Any]:
        self.server.stop()
        return {}


def send(path: str | Path, request: dict[str, Any], timeout: float = 30) -> dict[str, Any]:
    """What tests call: one command, its answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(timeout)
        client.connect(str(path))
        with client.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            answer: dict[str, Any] = json.loads(stream.readline())
    if "error" in answer:
        raise RuntimeError(f"lab.sqlserver: {answer['error']}")
    return answer
