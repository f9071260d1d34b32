# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.mssql.server import DRIVERS, DSN, Database, Server, of_the_environment
from lab import net

_COUNTER = itertools.count(1)
_RUN = int(time.time()) % 10**8


@pytest.fixture(scope="package")
def server() -> Iterator[Server | None]:
    """The lab's SQL Server; None when the tests run against one that the environment names."""
    if DSN:
        yield None
        return
    with net.allocate() as where:
        state = Path("build") / "lab" / f"mssql-{where.number}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        server = Server(where, state.resolve())
        try:
            server.start()
            yield server
        finally:
            server.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(server: Server | None, driver: str) -> Database:
    name = f"t{_RUN:x}_{next(_COUNTER)}_{driver}"
    return Database(of_the_environment() if server is None else server.options(driver), name)


@pytest.fixture
def lab_server(server: Server | None) -> Server:
    """For tests that need the lab: they stop the server, or look at its certificate."""
    if server is None:
        pytest.skip("needs the lab's SQL Server")
    return server


Write = Callable[[str, "str | bytes"], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a script into the release's directory."""

    def put(name: str, content: str | bytes) -> None:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    return put
