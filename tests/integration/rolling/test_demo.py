# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo stops everything that it started, however it ends. What its modes show is in test_flow.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab import net
from lab.proc import INTERRUPTIBLE
from lab.stack import ROOT
from lab.waiting import LIMIT_S, wait_until


def _processes_of(number: int) -> list[str]:
    """Command lines of all processes that belong to a lab."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"/lab/{number}/" in line or f"127.77.{number}." in line:
            found.append(line)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with net.allocate() as where:
        free = where.number
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        demo = subprocess.Popen(
            [
                *INTERRUPTIBLE,
                *(sys.executable, "-u", "-m", "lab.demo", "--net", str(free), "--output", str(tmp_path)),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: b"PLAY [Preflight]" in log.read_bytes() or demo.poll() is not None, "a play", 240)
        assert len(_processes_of(free)) > 5
        # Ctrl-C goes to the whole group of the terminal, a service manager's SIGTERM to the process alone.
        if number is signal.SIGINT:
            os.killpg(demo.pid, number)
        else:
            demo.send_signal(number)
        assert demo.wait(LIMIT_S) == 130, log.read_text()
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert b"interrupted; everything is stopped" in log.read_bytes()
    assert _processes_of(free) == []
    assert not (tmp_path / "summary.json").exists()
