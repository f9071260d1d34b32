# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backfill scripts are counted exactly, and what is sent then."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.counting import counted, statements
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import BACKFILL
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.reader import parse_text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.analysis import read_script

FILL = "UPDATE TOP (5) dbo.T SET A = 1 WHERE A IS NULL"
R1, R2 = " ;DECLARE @zero_downtime_rows1 INT = @@ROWCOUNT;", " ;DECLARE @zero_downtime_rows2 INT = @@ROWCOUNT;"
SUM1, SUM2 = "@zero_downtime_rows1", "@zero_downtime_rows1 + @zero_downtime_rows2"

# script, what is sent before the sum, the sum
COUNTED = [
    (FILL, FILL + R1, SUM1),
    (f"{FILL}; -- last\r\n", f"{FILL}{R1}; -- last\r\n", SUM1),
    (f"SELECT @x = 1;\n{FILL}\nSELECT @x = 2", f"SELECT @x = 1;\n{FILL}{R1}\nSELECT @x = 2", SUM1),
    (f"{FILL};\nDELETE dbo.U", f"{FILL}{R1};\nDELETE dbo.U{R2}", SUM2),
    (f"BEGIN {FILL} END; DELETE dbo.U", f"BEGIN {FILL}{R1} END; DELETE dbo.U{R2}", SUM2),
    (f"{FILL}; SET @n = @@rowcount;", f"{FILL}{R1}; SET @n = @zero_downtime_rows1;", SUM1),
    (
        f"{FILL} UPDATE dbo.Done SET N = N + @@ROWCOUNT",
        f"{FILL}{R1} UPDATE dbo.Done SET N = N + @zero_downtime_rows1{R2}",
        SUM2,
    ),
    ("INSERT INTO #W SELECT 1; DELETE @v;", "INSERT INTO #W SELECT 1; DELETE @v;", "0"),
    # An alias of a temporary table; a table whose name is an alias in a subquery, or in the source of an INSERT.
    ("UPDATE w SET A = 1 FROM #W AS w", "UPDATE w SET A = 1 FROM #W AS w", "0"),
    (
        "DELETE T WHERE A IN (SELECT T.A FROM #W AS T)",
        f"DELETE T WHERE A IN (SELECT T.A FROM #W AS T){R1}",
        SUM1,
    ),
    ("INSERT T (A) SELECT T.A FROM #W AS T", f"INSERT T (A) SELECT T.A FROM #W AS T{R1}", SUM1),
    (
        "WITH c AS (SELECT 1 AS A) INSERT dbo.T (A) SELECT A FROM c UNION SELECT 2 ORDER BY 1 OPTION (MAXDOP 1);",
        f"WITH c AS (SELECT 1 AS A) INSERT dbo.T (A) SELECT A FROM c UNION SELECT 2 ORDER BY 1 OPTION (MAXDOP 1){R1};",
        SUM1,
    ),
]
NOT_COUNTED = [
    f"IF EXISTS (SELECT 1) {FILL}",
    f"WHILE 1 = 1 BEGIN {FILL}; BREAK; END",
    f"BEGIN TRY {FILL} END TRY BEGIN CATCH THROW; END CATCH",
    f"EXEC dbo.p; {FILL}",
    "INSERT INTO dbo.T EXEC dbo.p",
    f"EXEC (N'{FILL}')",
    "INSERT dbo.T (A) SELECT A FROM (MERGE dbo.U USING dbo.T ON 1 = 1 WHEN MATCHED THEN DELETE OUTPUT deleted.A) AS q",
    f"TRUNCATE TABLE dbo.U; {FILL}",
    f"{FILL}; DECLARE @n INT; SET @n = @@ROWCOUNT",
    f"{FILL}; SELECT ROWCOUNT_BIG()",
    f"{FILL}; SELECT 1 AS A; SELECT @@ROWCOUNT",
    f"{FILL}; RETURN; DELETE dbo.U",
    f"CREATE PROCEDURE dbo.p AS {FILL}",
]


@pytest.mark.parametrize(("text", "sent", "total"), COUNTED)
def test_rows_are_counted_behind_each_statement_that_changes_some(text: str, sent: str, total: str) -> None:
    script = parse_text(text, BACKFILL)
    found = counted(script)
    assert found is not None
    (batch,) = found.batches
    assert batch.text == f"{sent}\n;SELECT {total} AS zero_downtime_rows;"
    before = [unit.statement.kind for unit in read_script("", text).units]
    after = [unit.statement.kind for unit in read_script("", batch.text).units]
    for added in ["SELECT", *["DECLARE"] * sent.count("DECLARE @zero")]:
        after.remove(added)
    assert sorted(after) == sorted(before)


@pytest.mark.parametrize("text", NOT_COUNTED)
def test_what_may_not_run_or_hides_its_rows_is_not_counted(text: str) -> None:
    assert counted(parse_text(text, BACKFILL)) is None


def test_one_batch_that_cannot_be_counted_leaves_all_of_them() -> None:
    assert counted(parse_text(f"{FILL}\nGO\nEXEC dbo.p", BACKFILL)) is None


def test_statements_of_a_round_that_change_rows() -> None:
    assert statements(parse_text(f"{FILL}; DELETE #w; SELECT 1\nGO 3\nDELETE dbo.U", BACKFILL)) == 4
    assert statements(parse_text("EXEC dbo.p", BACKFILL)) == 1
