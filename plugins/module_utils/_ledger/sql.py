# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in SQL Server: tables in schema `deploy`, of the application's own database by default.

Private to this collection.
"""

from __future__ import annotations

from .._mssql import applock
from .._mssql.api import Connection, literal
from .._mssql.errors import MssqlError, ServerError
from .._mssql.own_tables import OwnTables
from .._names import identity
from .model import Consumer, Event, Lease, Node, Run, Staged
from .store import LedgerStore

_WAIT_MS = 10000

TABLES = OwnTables(
    component="deployment ledger",
    version=1,
    probe="deploy.deployment_lease",
    ddl=(
        "CREATE TABLE deploy.deployment_lease ("
        "app NVARCHAR(64) NOT NULL CONSTRAINT pk_deployment_lease PRIMARY KEY, "
        "fencing_token BIGINT NOT NULL, held BIT NOT NULL, owner NVARCHAR(200) NOT NULL, "
        "run_id NVARCHAR(100) NOT NULL, acquired_at DATETIME2(3) NOT NULL, renewed_at DATETIME2(3) NOT NULL, "
        "expires_at DATETIME2(3) NOT NULL, version NVARCHAR(100) NULL);",
        "CREATE TABLE deploy.deployment_run ("
        "app NVARCHAR(64) NOT NULL, run_id NVARCHAR(100) NOT NULL, version NVARCHAR(100) NULL, "
        "owner NVARCHAR(200) NOT NULL, started_at DATETIME2(3) NOT NULL, ended_at DATETIME2(3) NULL, "
        "result NVARCHAR(32) NULL, CONSTRAINT pk_deployment_run PRIMARY KEY (app, run_id));",
        "CREATE TABLE deploy.deployment_node ("
        "app NVARCHAR(64) NOT NULL, node NVARCHAR(255) NOT NULL, version NVARCHAR(100) NULL, "
        "previous_version NVARCHAR(100) NULL, outcome NVARCHAR(32) NOT NULL, run_id NVARCHAR(100) NOT NULL, "
        "detail NVARCHAR(2000) NULL, changed_at DATETIME2(3) NOT NULL, "
        "CONSTRAINT pk_deployment_node PRIMARY KEY (app, node));",
        "CREATE TABLE deploy.deployment_consumer ("
        "app NVARCHAR(64) NOT NULL, name NVARCHAR(128) NOT NULL, version NVARCHAR(100) NULL, "
        "program_name NVARCHAR(128) NULL, changed_at DATETIME2(3) NOT NULL, "
        "CONSTRAINT pk_deployment_consumer PRIMARY KEY (app, name));",
        "CREATE TABLE deploy.deployment_event ("
        "id BIGINT IDENTITY(1,1) NOT NULL CONSTRAINT pk_deployment_event PRIMARY KEY, app NVARCHAR(64) NOT NULL, "
        "occurred_at DATETIME2(3) NOT NULL, kind NVARCHAR(32) NOT NULL, run_id NVARCHAR(100) NULL, "
        "fencing_token BIGINT NULL, owner NVARCHAR(200) NULL, node NVARCHAR(255) NULL, outcome NVARCHAR(32) NULL, "
        "version NVARCHAR(100) NULL, previous_version NVARCHAR(100) NULL, detail NVARCHAR(2000) NULL, "
        "login_name NVARCHAR(128) NOT NULL);",
    ),
)


class SqlLedgerStore(LedgerStore):
    """The ledger through one session. Every time in it is the server's."""

    def __init__(self, connection: Connection, app: str) -> None:
        self._connection = connection
        self._app = literal(identity(app))
        self._resource = f"zero_downtime.dotnet/ledger/{identity(app)}"

    def exists(self) -> bool:
        return TABLES.exist(self._connection)

    def begin(self) -> None:
        applock.prepare(self._connection)
        if not self.exists():
            self._create()
        self._connection.execute("BEGIN TRANSACTION;")
        self._lock(self._resource, "Transaction")

    def _lock(self, resource: str, owner: str) -> None:
        granted = applock.take(self._connection, resource, owner, _WAIT_MS)
        if granted is not applock.Grant.GRANTED:
            self.rollback()
            raise MssqlError(
                f"Another task has been writing to the ledger for {_WAIT_MS // 1000} s: run this one again."
            )

    def _create(self) -> None:
        """Create the tables once, also when two first deployments run at the same time."""
        resource = "zero_downtime.dotnet/ledger"
        self._lock(resource, "Session")
        # Outside of a transaction: the error for a missing table would roll it back.
        if not self.exists():
            TABLES.create(self._connection)
        applock.release(self._connection, resource)

    def commit(self) -> None:
        self._connection.execute("COMMIT TRANSACTION;")

    def rollback(self) -> None:
        try:
            self._connection.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;")
        except ServerError:
            self._connection.close()

    def lease(self) -> Lease | None:
        rows = self._connection.rows(
            "SELECT fencing_token, held, owner, run_id, acquired_at, renewed_at, expires_at, "
            "CASE WHEN held = 1 AND expires_at > SYSUTCDATETIME() THEN 1 ELSE 0 END AS alive, version "
            f"FROM deploy.deployment_lease WHERE app = {self._app};"
        )
        if not rows:
            return None
        token, held, owner, run_id, acquired, renewed, expires, alive, version = rows[0]
        return Lease(int(token), bool(held), owner, run_id, acquired, renewed, expires, bool(alive), version)

    def nodes(self) -> list[Node]:
        rows = self._connection.rows(
            "SELECT node, version, previous_version, outcome, run_id, detail, changed_at "
            f"FROM deploy.deployment_node WHERE app = {self._app} ORDER BY node;"
        )
        return [Node(*row) for row in rows]

    def consumers(self) -> list[Consumer]:
        rows = self._connection.rows(
            "SELECT name, version, program_name, changed_at "
            f"FROM deploy.deployment_consumer WHERE app = {self._app} ORDER BY name;"
        )
        return [Consumer(*row) for row in rows]

    def staged(self, version: str) -> list[Staged]:
        rows = self._connection.rows(
            f"SELECT node, version, detail, occurred_at FROM deploy.deployment_event WHERE app = {self._app} "
            f"AND kind = N'staged' AND version = {literal(version)} ORDER BY id;"
        )
        return list({identity(row[0]): Staged(*row) for row in rows}.values())

    def deployed(self) -> list[str]:
        rows = self._connection.rows(
            f"SELECT version FROM deploy.deployment_run WHERE app = {self._app} AND result = N'succeeded' "
            "AND version IS NOT NULL ORDER BY started_at, run_id;"
        )
        return list(dict.fromkeys(str(row[0]) for row in rows))

    def runs(self, last: int) -> list[Run]:
        rows = self._connection.rows(
            f"SELECT TOP ({int(last)}) run_id, version, owner, started_at, ended_at, result "
            f"FROM deploy.deployment_run WHERE app = {self._app} ORDER BY started_at DESC, run_id;"
        )
        return [Run(*row) for row in rows]

    def events(self, last: int) -> list[Event]:
        rows = self._connection.rows(
            f"SELECT TOP ({int(last)}) kind, run_id, fencing_token, owner, node, outcome, version, previous_version, "
            f"detail, occurred_at FROM deploy.deployment_event WHERE app = {self._app} ORDER BY id DESC;"
        )
        return [Event(*row) for row in rows]

    def grant(self, token: int, owner: str, run_id: str, version: str | None, ttl_s: int, new: bool) -> None:
        who = (
            f"{int(token)}, 1, {literal(owner)}, {literal(run_id)}, SYSUTCDATETIME(), SYSUTCDATETIME(), "
            f"DATEADD(SECOND, {int(ttl_s)}, SYSUTCDATETIME()), {literal(version)}"
        )
        if new:
            self._connection.execute(
                "INSERT INTO deploy.deployment_lease "
                "(app, fencing_token, held, owner, run_id, acquired_at, renewed_at, expires_at, version) "
                f"VALUES ({self._app}, {who});"
            )
            return
        self._connection.execute(
            f"UPDATE deploy.deployment_lease SET fencing_token = {int(token)}, held = 1, owner = {literal(owner)}, "
            f"run_id = {literal(run_id)}, acquired_at = SYSUTCDATETIME(), renewed_at = SYSUTCDATETIME(), "
            f"expires_at = DATEADD(SECOND, {int(ttl_s)}, SYSUTCDATETIME()), version = {literal(version)} "
            f"WHERE app = {self._app};"
        )

    def extend(self, token: int, ttl_s: int) -> None:
        later = f"DATEADD(SECOND, {int(ttl_s)}, SYSUTCDATETIME())"
        self._connection.execute(
            "UPDATE deploy.deployment_lease SET renewed_at = SYSUTCDATETIME(), "
            f"expires_at = CASE WHEN expires_at > {later} THEN expires_at ELSE {later} END "
            f"WHERE app = {self._app} AND fencing_token = {int(token)};"
        )

    def free(self) -> None:
        self._connection.execute(f"UPDATE deploy.deployment_lease SET held = 0 WHERE app = {self._app};")

    def put_run(self, run_id: str, version: str | None, owner: str) -> None:
        where = f"app = {self._app} AND run_id = {literal(run_id)}"
        changed = self._connection.execute(
            f"UPDATE deploy.deployment_run SET version = COALESCE({literal(version)}, version), "
            f"owner = {literal(owner)}, ended_at = NULL, result = NULL WHERE {where};"
        ).rows_affected
        if not changed:
            self._connection.execute(
                "INSERT INTO deploy.deployment_run (app, run_id, version, owner, started_at) "
                f"VALUES ({self._app}, {literal(run_id)}, {literal(version)}, {literal(owner)}, SYSUTCDATETIME());"
            )

    def end_run(self, run_id: str, result: str) -> None:
        self._connection.execute(
            f"UPDATE deploy.deployment_run SET ended_at = SYSUTCDATETIME(), result = {literal(result)} "
            f"WHERE app = {self._app} AND run_id = {literal(run_id)};"
        )

    def put_node(self, node: Node, stored: str | None) -> None:
        changed = self._connection.execute(
            f"UPDATE deploy.deployment_node SET node = {literal(node.name)}, version = {literal(node.version)}, "
            f"previous_version = {literal(node.previous_version)}, outcome = {literal(node.outcome)}, "
            f"run_id = {literal(node.run_id)}, detail = {literal(node.detail)}, changed_at = SYSUTCDATETIME() "
            f"WHERE app = {self._app} AND node = {literal(stored or node.name)};"
        ).rows_affected
        if not changed:
            self._connection.execute(
                "INSERT INTO deploy.deployment_node "
                "(app, node, version, previous_version, outcome, run_id, detail, changed_at) "
                f"VALUES ({self._app}, {literal(node.name)}, {literal(node.version)}, "
                f"{literal(node.previous_version)}, {literal(node.outcome)}, {literal(node.run_id)}, "
                f"{literal(node.detail)}, SYSUTCDATETIME());"
            )

    def put_consumer(self, consumer: Consumer, stored: str | None) -> None:
        changed = self._connection.execute(
            f"UPDATE deploy.deployment_consumer SET name = {literal(consumer.name)}, "
            f"version = {literal(consumer.version)}, "
            f"program_name = {literal(consumer.program_name)}, changed_at = SYSUTCDATETIME() "
            f"WHERE app = {self._app} AND name = {literal(stored or consumer.name)};"
        ).rows_affected
        if not changed:
            self._connection.execute(
                "INSERT INTO deploy.deployment_consumer (app, name, version, program_name, changed_at) "
                f"VALUES ({self._app}, {literal(consumer.name)}, {literal(consumer.version)}, "
                f"{literal(consumer.program_name)}, SYSUTCDATETIME());"
            )

    def drop_consumer(self, name: str) -> None:
        self._connection.execute(
            f"DELETE FROM deploy.deployment_consumer WHERE app = {self._app} AND name = {literal(name)};"
        )

    def put_event(self, event: Event) -> None:
        self._connection.execute(
            "INSERT INTO deploy.deployment_event (app, occurred_at, kind, run_id, fencing_token, owner, node, outcome, "
            "version, previous_version, detail, login_name) "
            f"VALUES ({self._app}, SYSUTCDATETIME(), {literal(event.kind)}, {literal(event.run_id)}, "
            f"{literal(event.fencing_token)}, {literal(event.owner)}, {literal(event.node)}, {literal(event.outcome)}, "
            f"{literal(event.version)}, {literal(event.previous_version)}, {literal(event.detail)}, ORIGINAL_LOGIN());"
        )
