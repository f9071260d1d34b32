# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts processes from any thread: scenes run side by side in threads, where no code may run between fork and exec."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..ansible_cli import COLLECTIONS, ROOT
from ..proc import Process


def python_path() -> str:
    """Where Python finds the lab and the collection, whatever directory and environment a test is started from."""
    more = filter(None, [os.environ.get("PYTHONPATH")])
    return os.pathsep.join([str(ROOT / "tests"), str(COLLECTIONS), *more])


def launch(name: str, argv: Sequence[str | Path], directory: Path) -> Process:
    """A process that ends with the thread that started it."""
    return Process(
        name, ["setpriv", "--pdeathsig", "TERM", *argv], directory, env={"PYTHONPATH": python_path()}, outlives=True
    )
