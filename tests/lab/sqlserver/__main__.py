# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m lab.sqlserver CONFIG.json`: prints READY when it serves, ends on SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import sys
from types import FrameType

from .config import load
from .control import Control
from .server import Server


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m lab.sqlserver CONFIG.json", file=sys.stderr)
        return 2
    config = load(sys.argv[1])
    logging.basicConfig(
        filename=config.log or None, level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s"
    )
    sys.setswitchinterval(0.002)
    sys.setrecursionlimit(8000)  # the parser refuses what is deeper
    server = Server(config)

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.start()
        if config.control:
            Control(server, config.control)
        print("READY", flush=True)
        server.serve_forever()
    finally:
        server.cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
