# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""permissions.sql creates the tables that the modules would create, and grants no more on them than the modules use."""

from __future__ import annotations

import re

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger import sql as ledger
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration import journal
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import applock, own_tables
from integration.mssql.server import ROOT

TEXT = (ROOT / "docs" / "sql" / "permissions.sql").read_text(encoding="utf-8")


def plain(sql: str) -> str:
    """Without line ends and blanks that mean nothing."""
    return re.sub(r"\s+", " ", sql).replace("( ", "(").strip("; ")


@pytest.mark.parametrize("tables", [journal.TABLES, ledger.TABLES])
def test_the_tables_are_those_of_the_modules(tables: own_tables.OwnTables) -> None:
    for statement in (own_tables.FORMAT_DDL, *tables.ddl):
        assert f"{plain(statement)};" in plain(TEXT), statement
    row = f"INSERT INTO {own_tables.FORMAT_TABLE} (component, version) VALUES (N'{tables.component}', {tables.version})"
    assert row in plain(TEXT)


def test_the_file_creates_no_other_table() -> None:
    made = re.findall(r"CREATE TABLE (deploy\.\w+)", TEXT)
    own = re.findall(r"CREATE TABLE (\S+)", " ".join((own_tables.FORMAT_DDL, *journal.TABLES.ddl, *ledger.TABLES.ddl)))
    assert made == own


def test_the_history_can_only_be_added_to() -> None:
    """Nobody gets UPDATE or DELETE on a table of the history, and nobody ALTER in the schema."""
    granted = re.findall(r"GRANT ([A-Z, ]+) ON (?:SCHEMA::)?(\[?deploy\S*) TO", TEXT)
    assert granted
    for table in ("deployment_event", "migration_journal", "migration_release"):
        assert [rights for rights, on in granted if on == f"deploy.{table}"] == ["INSERT"]
    assert {rights for rights, on in granted if on == "[deploy]"} == {"SELECT"}
    assert not [rights for rights, on in granted if "ALTER" in rights or "CONTROL" in rights]


def test_the_role_of_the_locks_is_the_one_that_the_modules_name() -> None:
    assert f"CREATE ROLE [{applock.ROLE}]" in TEXT
