# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the database that ZERO_DOWNTIME_TEST_DSN names, on a SQL Server that may be starting still.

`--print-driver` prints the path of the ODBC driver in the virtual environment instead.
"""

from __future__ import annotations

import os
import re
import sys
import time

import pyodbc
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.drivers import packaged_driver

VARIABLE = "ZERO_DOWNTIME_TEST_DSN"
_DATABASE = re.compile(r"(?<=;)\s*(?:Database|Initial Catalog)\s*=\s*([^;{}]+)", re.IGNORECASE)
_WAIT_S = 180
_PAUSE_S = 2


def split(dsn: str) -> tuple[str, str]:
    """The connection string for the database master, and the name of the database. Raises ValueError."""
    found = _DATABASE.search(dsn)
    if not found:
        raise ValueError(f"{VARIABLE} names no database: add ;Database=...")
    return dsn[: found.start()] + "Database=master" + dsn[found.end() :], found.group(1).strip()


def create_statement(name: str) -> str:
    """Creates the database where it is missing."""
    literal, quoted = name.replace("'", "''"), name.replace("]", "]]")
    return f"IF DB_ID(N'{literal}') IS NULL CREATE DATABASE [{quoted}]"


def main() -> int:
    if "--print-driver" in sys.argv[1:]:
        driver = packaged_driver()
        print(driver or "")
        return 0 if driver else 1
    try:
        master, name = split(os.environ.get(VARIABLE, ""))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            pyodbc.connect(master, autocommit=True, timeout=5).execute(create_statement(name))
        except pyodbc.Error as error:
            if time.monotonic() > deadline:
                print(f"No answer from the server in {_WAIT_S} s: {error}", file=sys.stderr)
                return 1
            time.sleep(_PAUSE_S)
        else:
            return 0


if __name__ == "__main__":
    raise SystemExit(main())
