# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a part of the lab for a fault over its control socket: `python -m lab.control SOCKET '{"winrm": "down"}'`."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any


def ask(path: Path, command: dict[str, Any], timeout_s: float = 15.0) -> dict[str, Any]:
    """One command, one line of answer. Raises when the part does not do as it is asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(json.dumps(command).encode() + b"\n")
        with connection.makefile() as answer:
            line = answer.readline()
    found: dict[str, Any] = json.loads(line)
    if not found.get("ok", False):
        raise RuntimeError(f"{path.name} refused {command}: {line.strip()}")
    return found


if __name__ == "__main__":
    print(ask(Path(sys.argv[1]), json.loads(sys.argv[2])))
