# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import VARIABLE, Progress
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._wait import Deadline
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._progress import ProgressTail, local_reader


class FakeTime:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_sleeps_grow_are_clamped_and_end_at_the_deadline() -> None:
    time = FakeTime()
    deadline = Deadline(1.0, 0.1, 0.4, 2.0, time.clock, time.sleep)
    while not deadline.expired:
        deadline.sleep()
    assert time.slept == [0.1, 0.2, 0.4, 0.3]
    assert deadline.left_s == 0
    assert deadline.elapsed_ms == 1000
    deadline.sleep()
    assert len(time.slept) == 4


def test_hurry_begins_with_short_sleeps_again() -> None:
    time = FakeTime()
    deadline = Deadline(10.0, 0.1, 0.4, 2.0, time.clock, time.sleep)
    deadline.sleep()
    deadline.sleep()
    deadline.hurry()
    deadline.sleep()
    assert time.slept == [0.1, 0.2, 0.1]


def test_progress_without_a_file_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    progress = Progress()
    progress.say("a line")
    assert not progress.wanted
    assert list(tmp_path.iterdir()) == []


def test_progress_writes_due_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeTime()
    path = tmp_path / "lines"
    monkeypatch.setenv(VARIABLE, str(path))
    progress = Progress(interval_s=2.0, clock=time.clock)
    for number in range(5):
        progress.tell(lambda number=number: f"line\n{number}")  # type: ignore[misc]
        time.now += 1.0
    assert path.read_text() == "line 0\nline 2\nline 4\n"


def test_progress_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    progress = Progress(str(tmp_path / "missing" / "lines"))
    progress.say("a line")
    assert not progress.wanted


def test_progress_does_not_follow_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "lines").symlink_to(target)
    Progress(str(tmp_path / "lines")).say("a line")
    assert not target.exists()


def test_tail_shows_complete_lines_and_the_last_ones(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    seen: list[str] = []
    with ProgressTail(local_reader(str(path)), seen.append, poll_s=0.01):
        Progress(str(path)).say("first")
        Progress(str(path)).say("second")
    assert seen == ["first", "second"]
