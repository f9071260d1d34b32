# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m lab.windows CONFIG.json: one simulated Windows host, in the foreground, until SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

from .config import ConfigError, load
from .host import serve


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m lab.windows CONFIG.json", file=sys.stderr)
        return 2
    try:
        config = load(Path(arguments[0]))
    except ConfigError as error:
        print(f"lab.windows: {error}", file=sys.stderr)
        return 2
    gc.freeze()
    asyncio.run(serve(config, lambda: print("READY", flush=True)))
    sys.stdout.flush()
    os._exit(0)  # programs that still wait for input do not keep the host alive


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
