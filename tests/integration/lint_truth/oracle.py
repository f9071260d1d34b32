# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release does to the one that still runs, found by running both on the SQL Server of the lab.

The former schema is made, each script of the new release is applied by the engine, and after each one every statement
of the former release is executed. Lint is not asked here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyodbc
from integration.mssql.server import Database, closing

from .case import MODULES, TABLE, Case, Outcome, Script

COLUMNS = ["Id", "Name", "Code", "Amount"]
_COUNTING = (
    "CREATE TABLE dbo.{T}_Touched (Tx bigint NOT NULL, N int NOT NULL);",
    "CREATE TRIGGER dbo.{T}_Count ON dbo.{T} AFTER INSERT, UPDATE, DELETE AS BEGIN SET NOCOUNT ON; "
    "INSERT dbo.{T}_Touched (Tx, N) SELECT CURRENT_TRANSACTION_ID(), COUNT(*) FROM "
    "(SELECT Id FROM inserted UNION SELECT Id FROM deleted) AS touched; END",
)
_BATCH_OF_ROWS = 500


class Trial:
    """One case in a database that many share."""

    def __init__(self, case: Case, database: Database, directory: Path) -> None:
        self.case = case
        self.database = database
        self.directory = directory
        self._number = 0

    def named(self, text: str) -> str:
        return text.replace("{T}", f"{self.database.app}_t").replace("{N}", f"{self.database.app}_n")

    def prepare(self) -> None:
        """The former release: its schema, its rows, the scripts that it applied itself."""
        with closing(self.database.connect()) as connection:
            for batch in (TABLE, *MODULES, *self.case.former):
                connection.execute(self.named(batch))
            for start in range(0, self.case.rows, _BATCH_OF_ROWS):
                count = min(_BATCH_OF_ROWS, self.case.rows - start)
                rows = ", ".join(f"(N'row {start + number}')" for number in range(count))
                connection.execute(self.named(f"INSERT dbo.{{T}} (Name) VALUES {rows};"))
            for batch in _COUNTING if self.case.counted else ():
                connection.execute(self.named(batch))
        for script in self.case.earlier:
            self.apply(script)

    def write(self, script: Script) -> None:
        """Puts the script behind those that are there."""
        self._number += 1
        file = self.directory / script.phase / f"{self._number:04}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(self.named(script.text) + "\n", encoding="utf-8")

    def apply(self, script: Script) -> dict[str, Any]:
        self.write(script)
        return self.database.migrate(self.directory, script.phase)

    def run(self) -> Outcome:
        """Applies the new release script by script, with the former release beside it."""
        outcome = Outcome()
        for script in self.case.scripts:
            before = self._rows()
            done = self.apply(script)
            if done.get("failed"):
                outcome.ran, outcome.message = False, str(done.get("msg"))
                return outcome
            self._compare(before, outcome)
            self._execute(outcome)
        if self.case.counted:
            query = "SELECT ISNULL(MAX(n), 0) FROM (SELECT SUM(N) AS n FROM dbo.{T}_Touched GROUP BY Tx) AS each"
            outcome.most_rows = int(self.database.query(self.named(query))[0][0])
        return outcome

    def _rows(self) -> dict[int, tuple[Any, ...]]:
        query = self.named("SELECT Id, Name, Code, Amount FROM dbo.{T}")
        return {int(row[0]): row for row in self.database.query(query)}

    def _compare(self, before: dict[int, tuple[Any, ...]], outcome: Outcome) -> None:
        """Rows of the former release that are gone."""
        if self.case.counted:
            return
        try:
            after = self._rows()
        except pyodbc.Error:
            return  # the statements below say so
        if lost := before.keys() - after.keys():
            outcome.broken.append(f"{len(lost)} of {len(before)} rows are gone")

    def _execute(self, outcome: Outcome) -> None:
        with closing(self.database.connect()) as connection:
            connection.execute("SET LOCK_TIMEOUT 5000;")
            for statement in self.case.statements:
                text = self.named(statement)
                try:
                    wrong = _wrong(connection.execute(text), statement)
                except pyodbc.Error as error:
                    wrong = str(error.args[-1])
                if wrong:
                    outcome.broken.append(f"{text}: {wrong}")


def _wrong(cursor: Any, statement: str) -> str:
    """What a statement that did not fail gave instead of what the former release reads."""
    names = [column[0] for column in cursor.description or []]
    if statement.endswith("_Find") or statement.startswith("SELECT Id, Name, Code"):
        return "" if names == COLUMNS else f"columns {names}"
    if statement.startswith("INSERT"):
        return "" if cursor.rowcount == 1 else f"{cursor.rowcount} rows written"
    return ""
