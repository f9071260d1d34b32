# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""yoyo over the same scripts. Usage: run_yoyo.py CONNECTION-STRING-FILE DIRECTORY.

yoyo has a generic ODBC backend, whose SQL is not SQL Server's: BEGIN, SAVEPOINT and TIMESTAMP are corrected here, so
that it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyodbc
from yoyo import read_migrations
from yoyo.backends.contrib.odbc import ODBCBackend
from yoyo.connections import parse_uri

_CONNECTION = Path(sys.argv[1])


class SqlServerBackend(ODBCBackend):  # type: ignore[misc]
    """The generic backend, with the words that SQL Server understands."""

    def connect(self, dburi: Any) -> Any:
        return pyodbc.connect(_CONNECTION.read_text())

    def execute(self, sql: str, params: Any = None) -> Any:
        return super().execute(sql.replace("TIMESTAMP", "DATETIME2"), params)

    def begin(self) -> None:
        assert not self._in_transaction
        self._in_transaction = True

    def savepoint(self, id: str) -> None:
        self.execute(f"SAVE TRANSACTION {self.quote_identifier(id)}")

    def savepoint_release(self, id: str) -> None:
        pass

    def savepoint_rollback(self, id: str) -> None:
        self.execute(f"ROLLBACK TRANSACTION {self.quote_identifier(id)}")


def main(directory: str) -> None:
    backend = SqlServerBackend(parse_uri("odbc://u:p@h/d"), "_yoyo_migration")
    backend.init_database()
    migrations = read_migrations(directory)
    with backend.lock():
        backend.apply_migrations(backend.to_apply(migrations))


main(sys.argv[2])
