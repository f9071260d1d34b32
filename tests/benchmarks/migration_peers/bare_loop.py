# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a careful script would do, in a process of its own: the yardstick.

Usage: bare_loop.py CONNECTION-STRING-FILE DIRECTORY. The same statements and journal inserts in the same transactions.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyodbc

JOURNAL = (
    "IF OBJECT_ID(N'dbo.bare_journal', N'U') IS NULL CREATE TABLE dbo.bare_journal ("
    "id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_bare_journal PRIMARY KEY, script NVARCHAR(255) NOT NULL, "
    "checksum CHAR(64) NOT NULL, written_at DATETIME2(3) NOT NULL);"
)


def main(connection_file: str, directory: str) -> None:
    connection = pyodbc.connect(Path(connection_file).read_text(), autocommit=True)
    cursor = connection.cursor()
    cursor.execute(JOURNAL)
    for path in sorted(Path(directory).glob("*.sql")):
        text = path.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        cursor.execute("BEGIN TRANSACTION;")
        cursor.execute(text)
        while cursor.nextset():
            pass
        cursor.execute(
            "INSERT INTO dbo.bare_journal (script, checksum, written_at) "
            f"VALUES (N'{path.name}', '{digest}', SYSUTCDATETIME()); COMMIT TRANSACTION;"
        )


main(*sys.argv[1:])
