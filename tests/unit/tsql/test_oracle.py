# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sqlfluff as an oracle: where it parses a whole batch, it finds the same kinds of statements as the classifier."""

from __future__ import annotations

import functools
from collections import Counter

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.analysis import read_script
from sqlfluff.core import FluffConfig, Linter
from unit.tsql.dangers import DANGERS
from unit.tsql.test_properties import corpus

# What sqlfluff calls a statement, as the classifier calls it; None: a container, or no statement of its own.
KINDS: dict[str, str | None] = {
    "if_then_statement": "IF",
    "while_statement": "WHILE",
    "begin_end_block": None,
    "try_catch": None,
    "select_statement": "SELECT",
    "set_expression": "SELECT",
    "with_compound_statement": None,
    "insert_statement": "INSERT",
    "update_statement": "UPDATE",
    "delete_statement": "DELETE",
    "merge_statement": "MERGE",
    "execute_script_statement": "EXEC",
    "declare_segment": "DECLARE",
    "declare_cursor_segment": "DECLARE",
    "set_segment": "SET",
    "set_local_variable_segment": "SET",
    "set_language_statement": "SET",
    "create_table_statement": "CREATE TABLE",
    "create_table_graph_statement": "CREATE TABLE",
    "create_index_statement": "CREATE INDEX",
    "create_columnstore_index_statement": "CREATE INDEX",
    "alter_table_statement": "ALTER TABLE",
    "alter_table_switch_statement": "ALTER TABLE",
    "drop_table_statement": "DROP TABLE",
    "truncate_table": "TRUNCATE TABLE",
    "return_segment": "RETURN",
    "transaction_statement": "TRANSACTION",
    "print_statement": "PRINT",
    "throw_statement": "THROW",
    "raiserror_statement": "RAISERROR",
    "break_statement": "BREAK",
    "continue_statement": "CONTINUE",
    "goto_statement": "GOTO",
    "label_segment": "LABEL",
    "waitfor_statement": "WAITFOR",
    "fetch_cursor_statement": "FETCH",
    "open_cursor_statement": "OPEN",
    "close_cursor_statement": "CLOSE",
    "deallocate_cursor_statement": "DEALLOCATE",
    "create_function_statement": "CREATE FUNCTION",
    "create_procedure_statement": "CREATE PROCEDURE",
    "create_view_statement": "CREATE VIEW",
    "create_type_statement": "CREATE TYPE",
    "create_synonym_statement": "CREATE SYNONYM",
    "create_sequence_statement": "CREATE SEQUENCE",
    "create_schema_statement": "CREATE SCHEMA",
    "create_role_statement": "CREATE ROLE",
    "create_user_statement": "CREATE USER",
    "create_partition_function_statement": "CREATE PARTITION FUNCTION",
    "create_partition_scheme_statement": "CREATE PARTITION SCHEME",
    "create_xml_schema_collection_statement": "CREATE XML SCHEMA COLLECTION",
    "alter_role_statement": "ALTER ROLE",
    "alter_index_statement": "ALTER INDEX",
    "alter_partition_function_statement": "ALTER PARTITION FUNCTION",
    "alter_sequence_statement": "ALTER SEQUENCE",
    "alter_schema_statement": "ALTER SCHEMA",
    "alter_database_statement": "ALTER DATABASE",
    "access_statement": "PERMISSION",
    "grant_statement": "PERMISSION",
    "deny_statement": "PERMISSION",
    "revoke_statement": "PERMISSION",
    "use_statement": "USE",
    "drop_index_statement": "DROP INDEX",
    "drop_view_statement": "DROP VIEW",
    "drop_procedure_statement": "DROP PROCEDURE",
    "drop_schema_statement": "DROP SCHEMA",
    "drop_type_statement": "DROP TYPE",
    "drop_user_statement": "DROP USER",
    "disable_trigger": "DISABLE TRIGGER",
    "update_statistics_statement": "UPDATE STATISTICS",
    "dbcc_statement": "DBCC",
}
SAME = {
    "GRANT": "PERMISSION",
    "DENY": "PERMISSION",
    "REVOKE": "PERMISSION",
    "BEGIN TRANSACTION": "TRANSACTION",
    "COMMIT TRANSACTION": "TRANSACTION",
    "ROLLBACK TRANSACTION": "TRANSACTION",
    "SAVE TRANSACTION": "TRANSACTION",
}
# Disagreements, by the beginning of the batch, and why the classifier is right.
EXPLAINED: dict[str, str] = {
    "CREATE VIEW": "sqlfluff takes the query of a view for a part of the CREATE; here it is a statement in its body",
    "DECLARE things CURSOR": "sqlfluff takes the query of a cursor for a part of the DECLARE",
    "/* 0214 a report's cursor": "the same, in a procedure",
}


@functools.cache
def linter() -> Linter:
    return Linter(config=FluffConfig(overrides={"dialect": "tsql"}))


def oracle(text: str) -> Counter[str] | None:
    """Kinds of statements, or None where sqlfluff does not parse the whole."""
    tree = linter().parse_string(text).tree
    if tree is None or any(True for _part in tree.recursive_crawl("unparsable")):
        return None
    kinds: Counter[str] = Counter()
    for statement in tree.recursive_crawl("statement"):
        inner = statement.segments[0].type
        kind = KINDS.get(inner, inner)
        if inner == "with_compound_statement":
            inner = statement.segments[0].segments[-1].type
            kind = KINDS.get(inner, inner)
        if kind is not None:
            kinds[kind] += 1
    return kinds


def ours(text: str) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for unit in read_script("o.sql", text).units:
        if not unit.in_string and unit.statement.kind != "ELSE":
            kinds[SAME.get(unit.statement.kind, unit.statement.kind)] += 1
    return kinds


def samples() -> list[str]:
    """Bounded: sqlfluff takes a tenth of a second for each."""
    return [*[statement for _rule, statement in DANGERS.values()], *[one for one in corpus() if len(one) < 1500][:75]]


def test_statement_kinds_agree(record_property: object) -> None:
    del record_property
    parsed = 0
    disagreements = []
    for text in samples():
        theirs = oracle(text)
        if theirs is None:
            continue
        parsed += 1
        mine = ours(text)
        if mine != theirs and not any(text.strip().startswith(beginning) for beginning in EXPLAINED):
            disagreements.append((text.strip()[:100], {"ours": dict(mine - theirs), "sqlfluff": dict(theirs - mine)}))
    assert disagreements == []
    assert parsed >= 60


def test_explanations_are_still_needed() -> None:
    for beginning in EXPLAINED:
        texts = [text for text in samples() if text.strip().startswith(beginning)]
        assert texts, beginning
        assert any((theirs := oracle(text)) is not None and theirs != ours(text) for text in texts), beginning


def test_the_oracle_can_disagree() -> None:
    assert oracle("DROP TABLE dbo.Things") == Counter({"DROP TABLE": 1})
    assert oracle("DROP TABLE dbo.Things") != ours("SELECT 1 AS One")
    with pytest.raises(AssertionError):
        assert oracle("SELECT 1 AS One SELECT 2 AS Two") == ours("SELECT 1 AS One")
