# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.mssql.server import DSN, Database, Server
from lab import net

_COUNTER = itertools.count(1)


@pytest.fixture(scope="package")
def server() -> Iterator[Server | None]:
    """The lab's SQL Server; None when the tests run against one that the environment names."""
    if DSN:
        yield None
        return
    with net.allocate() as where:
        state = Path("build") / "lab" / f"lint-{where.number}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        server = Server(where, state.resolve())
        try:
            server.start()
            yield server
        finally:
            server.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def database(server: Server | None) -> Database:
    name = f"c{next(_COUNTER)}"
    return Database({"dsn": DSN, "database": "master"} if server is None else server.options("microsoft"), name)
