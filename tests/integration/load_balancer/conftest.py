# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests side by side: most of their time is waiting for a drain, so some run at the same time in threads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

SIDE_BY_SIDE = 5
_PLAYS = pytest.StashKey[dict[str, Future[None]]]()
_POOL = pytest.StashKey[ThreadPoolExecutor]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rows(*names): the rows of test_rows.py that a test looks at")
    config.addinivalue_line("markers", "beside: runs at the same time as others; takes parameters and `place` only")


@pytest.fixture(name="place")
def _place() -> Iterator[Path]:
    """A directory with a short path; a test that is marked `beside` gets its own from the thread that runs it."""
    with tempfile.TemporaryDirectory(prefix="zd") as directory:
        yield Path(directory)


def _play(item: pytest.Function) -> None:
    arguments = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    directory = Path(tempfile.mkdtemp(prefix="zd"))
    try:
        item.obj(**arguments, **({"place": directory} if "place" in item.fixturenames else {}))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """All that are marked begin when the first of them is due; each test then waits for its own."""
    if pyfuncitem.get_closest_marker("beside") is None:
        return None
    stash = pyfuncitem.session.stash
    if _PLAYS not in stash:
        pool = stash[_POOL] = ThreadPoolExecutor(SIDE_BY_SIDE)
        stash[_PLAYS] = {
            item.nodeid: pool.submit(_play, item)
            for item in pyfuncitem.session.items
            if isinstance(item, pytest.Function) and item.get_closest_marker("beside") is not None
        }
    stash[_PLAYS][pyfuncitem.nodeid].result()
    return True


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _POOL in session.stash:
        session.stash[_POOL].shutdown(wait=True, cancel_futures=True)
