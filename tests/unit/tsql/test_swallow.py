# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No statement swallows the one behind it, and what is not T-SQL is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from unit.tsql.dangers import DANGERS

KINDS = (Path(__file__).parent / "kinds.sql").read_text(encoding="utf-8").splitlines()[3:]
FOLLOWERS = {
    title: DANGERS[title]
    for title in (
        *(
            "drop table",
            "drop column",
            "drop procedure",
            "truncate",
            "delete all",
            "update all",
            "merge away",
            "rename",
        ),
        *("literal", "deny", "xact_abort", "trigger off", "rebuild", "kill"),
    )
}
NOT_TSQL = [
    "INSERT INTO dbo.T (A) VALUES (1) ON CONFLICT DO NOTHING",
    "INSERT INTO dbo.T (A) VALUES (1) RETURNING A",
    "SELECT A FROM dbo.T LIMIT 5",
    "SELECT A FROM dbo.T LIMIT 5 OFFSET 2",
    "UPDATE dbo.T SET A = 1 WHERE B = 2 RETURNING A",
    "DELETE FROM dbo.T WHERE A = 1 RETURNING A",
    "DELETE FROM dbo.T WHERE A = 1 LIMIT 5",
    "UPDATE dbo.T SET A = 1 WHERE B = 1 LIMIT 5",
    "SELECT A FROM dbo.T FETCH FIRST 5 ROWS ONLY",
    "SELECT A::int FROM dbo.T",
    "SELECT A FROM dbo.T WHERE A ILIKE 'x'",
    "REPLACE INTO dbo.T (A) VALUES (1)",
    "INSERT IGNORE INTO dbo.T (A) VALUES (1)",
]
NAMES = [
    "SELECT Limit FROM dbo.T",
    "SELECT a.Limit, Returning FROM dbo.T a WHERE Limit > 5",
    "SELECT Limit * 2, Returning * 3 FROM dbo.T",
    "UPDATE dbo.T SET Limit = 5, Returning = Limit WHERE Id = 1",
    "SELECT A Limit FROM dbo.T",
    "SELECT A AS Returning FROM dbo.T AS Limit",
    "SELECT T.Id FROM dbo.T T JOIN dbo.Conflict ON Conflict.Id = T.Id",
    "INSERT INTO dbo.T (Limit, Do) VALUES (5, 6)",
    "SELECT geometry::STGeomFromText('POINT (1 1)', 0), hierarchyid::GetRoot()",
    "SELECT JSON_VALUE(A, '$.b' RETURNING int) FROM dbo.T",
    "DECLARE c CURSOR FOR SELECT 1 OPEN c FETCH ABSOLUTE -1 FROM c INTO @a FETCH LAST FROM GLOBAL c FETCH c CLOSE c",
    "SELECT Send FROM dbo.T",
]


def findings(text: str) -> list[tuple[str, int]]:
    report = check_scripts([("s.sql", text)], Options(advice=False))
    return [(one.rule, one.line) for one in report.findings]


@pytest.mark.parametrize("follower", FOLLOWERS)
@pytest.mark.parametrize("separator", ["\n", ";\n", "\n;"], ids=["none", "semicolon", "leading semicolon"])
def test_what_follows_is_found(follower: str, separator: str) -> None:
    rule, statement = FOLLOWERS[follower]
    swallowed = [
        kind for kind in KINDS if (rule, 3) not in findings(f"SELECT 0 AS Zero\n{kind}{separator}{statement}\n")
    ]
    assert swallowed == []


@pytest.mark.parametrize("text", NOT_TSQL)
def test_what_is_not_tsql_is_unknown(text: str) -> None:
    assert ("unknown", 2) in findings(f"SELECT 0 AS Zero;\n{text};\n")
    assert ("drop-table", 3) in findings(f"SELECT 0 AS Zero;\n{text}\nDROP TABLE dbo.Things")


@pytest.mark.parametrize("text", NAMES)
def test_the_same_words_as_names_are_tsql(text: str) -> None:
    assert "unknown" not in [rule for rule, _line in findings(text)]
