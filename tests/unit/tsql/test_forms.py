# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of T-SQL that are documented and seldom seen are read for what they are, or refused by name."""

from __future__ import annotations

import json

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, WARNING
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import (
    LiveSchema,
    ModuleFacts,
    TableFacts,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.output import junit, sarif, text

PASS = [
    "SELECT TRIM(N'x' FROM dbo.Users.Name), TRIM(LEADING FROM Name) FROM dbo.Users",
    "SELECT 1 FROM dbo.T WHERE A IS DISTINCT FROM other.dbo.B.C OR A IS NOT DISTINCT FROM B",
    "SELECT 2E AS Two, 2.E, 2E+1, .5E-3",
    "SELECT $, $-5, -$5, $.5, n FROM (VALUES ($), ($)) AS v (n)",
    "SELECT 1 FROM dbo.T WHERE A LIKE N'50!%' {ESCAPE N'!'}",
    "SELECT {fn TRUNCATE(1.5, 0)}, {fn INSERT('abc', 1, 1, 'x')}, {fn EXTRACT(YEAR FROM GETDATE())}",
    "SELECT {d '2024-05-01'}, {t '10:00:00'}, {ts '2024-05-01 10:00:00'}",
    "SELECT {guid '6F9619FF-8B86-D011-B42D-00C04FC964FF'}",
    "SELECT A FROM {oj dbo.T LEFT OUTER JOIN dbo.U ON T.A = U.A}",
    "{call sys.sp_who}",
    "CREATE TABLE dbo.P (Id int NOT NULL) AS NODE; "
    "CREATE TABLE dbo.K (CONSTRAINT E CONNECTION (dbo.P TO dbo.P) ON DELETE CASCADE) AS EDGE",
    "CREATE TABLE dbo.C (Connection nvarchar(10) NULL, Period int NULL)",
    "ADD SENSITIVITY CLASSIFICATION TO dbo.T.A, dbo.T.B WITH (LABEL = 'x', RANK = HIGH)",
    "DROP SENSITIVITY CLASSIFICATION FROM dbo.T.A",
    "SELECT 1 AS One\nGO /* next */\nSELECT 2 AS Two\nGO 2 /* twice */ -- and more\nSELECT 3 AS Three",
    "GRANT BACKUP DATABASE, ADMINISTER DATABASE BULK OPERATIONS TO x",
]
WARN = {
    "ADD SIGNATURE TO OBJECT::dbo.P BY CERTIFICATE c WITH PASSWORD = 'x', ASYMMETRIC KEY k": "permissions",
    "GRANT ADMINISTER BULK OPERATIONS TO loader": "database",
    "GRANT SELECT ON dbo.T TO x; GRANT VIEW SERVER STATE, ALTER ANY LOGIN TO x WITH GRANT OPTION": "database",
    "GRANT ALTER ANY EVENT SESSION ADD EVENT TO x": "database",
    "GRANT VIEW DEFINITION ON LOGIN::a TO b": "database",
    "ALTER SERVER ROLE r ADD MEMBER x": "database",
    "CREATE LOGIN l WITH PASSWORD = 'x'": "database",
    "CREATE VIEW dbo.v AS SELECT * FROM dbo.T": "view-star",
    "CREATE INDEX i ON dbo.T (A) WHERE A > 0 WITH (ONLINE = ON)": "index-set-options",
}
REFUSE = {
    "DROP SIGNATURE FROM dbo.P BY CERTIFICATE c": ("permissions", "removes a module's signature"),
    "REVERT WITH COOKIE = 0x01": ("session", "REVERT"),
    "ALTER TABLE dbo.K ADD CONSTRAINT E CONNECTION (dbo.P TO dbo.P)": ("add-check", "edge constraint"),
    "SELECT A FROM {oj other.dbo.T LEFT OUTER JOIN dbo.U ON T.A = U.A}": ("cross-database", "other.dbo.T"),
    "{call dbo.spOther (1, 'a')}": ("dynamic", "dbo.spOther"),
    "SELECT {fn DROP TABLE dbo.T}": ("unknown", "DROP inside a brace"),
    "SELECT {x 1}": ("unknown", "ODBC escape"),
    "SELECT 1 }": ("unknown", "closes nothing"),
    "SELECT 1\nGO /* two\nlines */\n": ("unknown", "GO stands alone"),
    "SELECT 1\nGO DROP TABLE dbo.T": ("drop-table", "drops table"),
    "CREATE QUEUE dbo.q": ("unknown", "Service Broker"),
    "CREATE CERTIFICATE c WITH SUBJECT = 'x'": ("unknown", "CREATE CERTIFICATE is not read"),
    "ALTER SECURITY POLICY p ADD FILTER PREDICATE dbo.f(a) ON dbo.t": ("unknown", "row-level security"),
    "CREATE SERVER AUDIT a TO FILE (FILEPATH = 'x')": ("unknown", "the server as a whole"),
    "RECEIVE TOP (1) * FROM dbo.q": ("unknown", "RECEIVE is not read"),
    "WAITFOR (RECEIVE TOP (1) * FROM dbo.q), TIMEOUT 500": ("unknown", "Service Broker"),
    "WRITETEXT dbo.t.c @p 'x'": ("unknown", "WRITETEXT is not read"),
    "COPY INTO dbo.t FROM 'x'": ("unknown", "Synapse"),
    "CREATE PROCEDURE dbo.p AS EXTERNAL NAME a.b.c": ("unknown", "assembly"),
    "ALTER VIEW dbo.v AS SELECT * FROM dbo.T": ("view-star", "SELECT *"),
}


@pytest.mark.parametrize("sql", PASS)
def test_passes(sql: str) -> None:
    assert [(one.rule, one.message) for one in check_scripts([("s.sql", sql)], Options()).findings] == []


@pytest.mark.parametrize("sql", WARN)
def test_warns(sql: str) -> None:
    found = [(one.rule, one.severity) for one in check_scripts([("s.sql", sql)], Options()).findings]
    assert (WARN[sql], WARNING) in found
    assert not [one for one in found if one[1] == ERROR]


@pytest.mark.parametrize("sql", REFUSE)
def test_is_refused_for_what_it_is(sql: str) -> None:
    found = check_scripts([("s.sql", sql)], Options(advice=False)).findings
    rule, part = REFUSE[sql]
    assert [one for one in found if one.rule == rule and one.severity == ERROR and part in one.message], found


@pytest.mark.parametrize("sql", [*PASS, *WARN])
def test_nothing_hides_behind_it(sql: str) -> None:
    found = check_scripts([("s.sql", f"{sql}\nDROP TABLE dbo.Things")], Options(advice=False)).findings
    if sql.startswith("CREATE VIEW"):
        assert found[0].rule == "unknown" or found
    else:
        assert "drop-table" in [one.rule for one in found]


def _live(definition: str) -> LiveSchema:
    module = ModuleFacts("dbo", "spOld", "PROCEDURE", definition, uses_quoted_identifier=False)
    return LiveSchema(tables={("dbo", "t"): TableFacts("dbo", "T", 9)}, modules={("dbo", "spold"): module})


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("UPDATE x SET A = 1 FROM dbo.T AS x", True),
        ("EXEC(@sql)", True),
        ("INSERT dbo.Other (A) SELECT A FROM dbo.Another", False),
        ("SELECT A FROM dbo.T", False),
    ],
)
def test_a_filtered_index_is_an_error_where_a_module_would_fail(body: str, refused: bool) -> None:
    live = _live(f"CREATE PROCEDURE dbo.spOld AS {body}")
    sql = "CREATE INDEX i ON dbo.T (A) WHERE A > 0 WITH (ONLINE = ON)"
    for phase in ("expand", "contract"):
        assert check_scripts([("s.sql", sql)], Options(phase=phase), live).refused is refused


BODY = (
    "CREATE PROCEDURE dbo.spTidy AS\nBEGIN\n"
    + "".join(f"    DELETE FROM dbo.T{n};\n" for n in range(30))
    + "    DROP TABLE dbo.Old;\nEND;\n"
)


def test_a_body_that_runs_later_has_one_finding() -> None:
    report = check_scripts([("s.sql", BODY)], Options())
    [finding] = report.findings
    assert (finding.rule, finding.severity, finding.line) == ("runs-later", WARNING, 1)
    assert "data-mass 30 times from line 3 on" in finding.message
    assert "drop-table in line 33" in finding.message
    assert text.render(report).count("s.sql:") == 1
    assert junit.render(report).count("s.sql:") == 1
    assert len(json.loads(sarif.render(report))["runs"][0]["results"]) == 1


def test_what_the_release_runs_itself_is_an_error() -> None:
    report = check_scripts([("s.sql", BODY + "GO\nEXEC dbo.spTidy;\n")], Options())
    assert {one.rule for one in report.findings if one.severity == ERROR} >= {"data-mass", "drop-table"}


def test_the_summary_can_be_waived_by_itself_or_by_what_it_stands_for() -> None:
    for waiver in ("runs-later", "data-mass"):
        sql = f"-- lint: allow {waiver} a night job calls it\nCREATE PROCEDURE dbo.spTidy AS DELETE FROM dbo.T;"
        report = check_scripts([("s.sql", sql)], Options())
        assert [one.rule for one in report.findings] == []
        assert len(report.waived) == 1
