# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the lab: ready in time or an error that says why, and never one left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab import proc
from lab.waiting import LIMIT_S, wait_until

TESTS = Path(__file__).resolve().parents[2]
STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\nprint('READY', flush=True)\ntime.sleep(60)"
)


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _wait_until_gone(pid: int) -> None:
    wait_until(lambda: not _alive(pid), f"the end of process {pid}")


def test_ready_then_stopped(tmp_path: Path) -> None:
    with proc.ProcessGroup(tmp_path) as group:
        process = group.start("one", [sys.executable, "-c", "import time; print('READY', flush=True); time.sleep(60)"])
        process.wait_ready(LIMIT_S)
        assert process.running()
    assert not process.running()
    _wait_until_gone(process.pid)


def test_the_word_within_a_line_is_not_the_ready_line(tmp_path: Path) -> None:
    with proc.ProcessGroup(tmp_path) as group:
        process = group.start(
            "one", [sys.executable, "-c", "import time; print('not READY', flush=True); time.sleep(60)"]
        )
        wait_until(process.tail, "a first line in the log")
        with pytest.raises(proc.ProcessFailed, match=r"one was not ready within 0\.1 s:\nnot READY"):
            process.wait_ready(0.1)
        assert not process.running()


def test_an_early_end_is_told_with_the_tail_of_the_log(tmp_path: Path) -> None:
    with proc.ProcessGroup(tmp_path) as group:
        process = group.start("one", [sys.executable, "-c", "import sys; print('no such port'); sys.exit(7)"])
        with pytest.raises(proc.ProcessFailed, match=r"one ended with 7 before it was ready:\nno such port"):
            process.wait_ready(LIMIT_S)


def test_a_stubborn_process_and_its_child_are_killed(tmp_path: Path) -> None:
    process = proc.Process("one", [sys.executable, "-c", STUBBORN], tmp_path)
    process.wait_ready(LIMIT_S)
    child = int(process.log.read_text().split()[0])
    process.stop(grace_s=0.2)
    assert process.popen.returncode == -signal.SIGKILL
    _wait_until_gone(child)


def test_processes_end_when_the_lab_itself_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom lab import proc\n"
        f"p = proc.Process('one', [sys.executable, '-c', 'import time; time.sleep(60)'], Path({str(tmp_path)!r}))\n"
        "print(p.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    _wait_until_gone(int(ended.stdout))


def test_a_group_names_those_that_ended_by_themselves(tmp_path: Path) -> None:
    with proc.ProcessGroup(tmp_path) as group:
        lasting = group.start("lasting", [sys.executable, "-c", "import time; time.sleep(60)"])
        brief = group.start("brief", [sys.executable, "-c", ""])
        brief.wait(LIMIT_S)
        assert group.ended() == [brief]
        assert lasting.running()
