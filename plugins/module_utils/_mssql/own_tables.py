# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own tables in schema `deploy`: created on first use, versioned, and refused in an unknown format.

Private to this collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .api import Connection, literal
from .errors import INVALID_OBJECT, MssqlError, ServerError

FORMAT_TABLE = "deploy.zero_downtime_format"
FORMAT_DDL = (
    "CREATE TABLE deploy.zero_downtime_format ("
    "component NVARCHAR(64) NOT NULL CONSTRAINT pk_zero_downtime_format PRIMARY KEY, "
    "version INT NOT NULL, "
    "created_at DATETIME2(3) NOT NULL CONSTRAINT df_zero_downtime_format_created_at DEFAULT (SYSUTCDATETIME()))"
)


@dataclass(frozen=True)
class OwnTables:
    """The tables of one component."""

    component: str
    version: int
    probe: str
    """One of the tables. Without its row in the format table it is refused."""
    ddl: Sequence[str]

    def exist(self, connection: Connection) -> bool:
        """Whether the tables exist, in a known format. Raises MssqlError when that is not certain.

        The tables are read, not looked up in the catalogue: without a permission on a table the catalogue hides it, and
        a journal that cannot be read must never count as empty.
        """
        found = self._format(connection)
        if found is None:
            if self._readable(connection, self.probe):
                raise MssqlError(
                    f"{self.probe} exists, but {FORMAT_TABLE} does not say which format it has: "
                    "restore that table's row before anything else."
                )
            return False
        if found != self.version:
            advice = "update the collection" if found > self.version else "this version cannot read it"
            raise MssqlError(
                f"The tables of the {self.component} in schema deploy have format {found}, expected is "
                f"{self.version}: {advice}."
            )
        if not self._readable(connection, self.probe):
            raise MssqlError(
                f"{FORMAT_TABLE} says that the tables of the {self.component} exist, but {self.probe} is missing: "
                "restore it from a backup."
            )
        return True

    def create(self, connection: Connection) -> None:
        """Create the tables. The caller holds a lock and has seen that they are missing."""
        connection.execute("IF SCHEMA_ID(N'deploy') IS NULL EXEC(N'CREATE SCHEMA deploy');")
        connection.execute(f"IF OBJECT_ID(N'{FORMAT_TABLE}', N'U') IS NULL {FORMAT_DDL};")
        connection.execute("BEGIN TRANSACTION;")
        for statement in self.ddl:
            connection.execute(statement)
        connection.execute(
            f"INSERT INTO {FORMAT_TABLE} (component, version) "
            f"VALUES ({literal(self.component)}, {self.version}); COMMIT TRANSACTION;"
        )

    def _format(self, connection: Connection) -> int | None:
        try:
            rows = connection.rows(f"SELECT version FROM {FORMAT_TABLE} WHERE component = {literal(self.component)};")
        except ServerError as error:
            if error.number == INVALID_OBJECT:
                return None
            raise MssqlError(f"{FORMAT_TABLE} could not be read: {error}.") from None
        return int(rows[0][0]) if rows else None

    def _readable(self, connection: Connection, table: str) -> bool:
        try:
            connection.execute(f"SELECT COUNT(*) FROM {table} WHERE 1 = 0;")
        except ServerError as error:
            if error.number == INVALID_OBJECT:
                return False
            raise MssqlError(f"{table} could not be read: {error}.") from None
        return True
