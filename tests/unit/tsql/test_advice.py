# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advice that is copied is right: it is read, passes in its phase, and keeps every attribute of what it replaces."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import ColumnFacts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from .rulefiles import live_schema


def advice(sql: str, phase: str = "expand", version: int = 0, live: bool = False) -> dict[str, list[str]]:
    """The scripts that lint advises, by the phase that they are for."""
    schema = live_schema() if live else None
    if schema is not None:
        schema.tables["dbo", "things"].columns["name"] = ColumnFacts(
            "Name", "nvarchar", 400, True, collation="Latin1_General_CS_AS"
        )
    report = check_scripts([("a.sql", sql)], Options(phase=phase, version=version), schema)
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        for target, script in finding.scripts:
            found.setdefault(target, []).append(script)
            again = check_scripts([("advice.sql", script)], Options(phase=target, version=version))
            assert [(one.rule, one.message) for one in again.findings if one.severity == ERROR] == [], script
    return found


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_collation_of_a_column_stays() -> None:
    written = advice("ALTER TABLE dbo.Things ADD Code nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL;")
    assert all("nvarchar(20) COLLATE Latin1_General_BIN2" in words(script) for script in written["expand"])
    assert "ALTER COLUMN Code nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL" in words(written["contract"][0])
    found = advice("ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NOT NULL;", live=True)
    assert "nvarchar(200) COLLATE Latin1_General_CS_AS NOT NULL" in words(found["contract"][0])


def test_a_backfill_ends_where_the_source_is_null() -> None:
    [script] = advice("UPDATE dbo.Things SET Colour = Name;")["backfill"]
    assert words(script) == (
        "-- migrate: batch 1000 pause 100ms UPDATE TOP (1000) dbo.Things SET Colour = Name "
        "WHERE Colour IS NULL AND Name IS NOT NULL;"
    )


def test_a_backfill_of_what_may_be_null_is_not_written() -> None:
    """An expression over several columns may be NULL though none of them is: no loop that never ends is advised."""
    for value in ("NULLIF(Name, N'x')", "(SELECT o.Name FROM dbo.Owners AS o WHERE o.Id = OwnerId)", "NULL"):
        assert "backfill" not in advice(f"UPDATE dbo.Things SET Colour = {value};")


def test_a_delete_in_batches_keeps_its_condition() -> None:
    [script] = advice("DELETE FROM dbo.Things WHERE Colour = N'red';", "backfill")["contract"]
    assert words(script).count("dbo.Things WHERE Colour = N'red'") == 2


def test_a_delete_over_a_join_is_not_rewritten() -> None:
    assert advice("DELETE t FROM dbo.Things AS t JOIN dbo.Owners AS o ON o.Id = t.OwnerId;", "backfill") == {}


INDEXES = [
    ("", "(Name)", "", ""),
    ("", "(Name) INCLUDE (Colour)", "", ""),
    ("", "(Name)", "WITH (FILLFACTOR = 80, DATA_COMPRESSION = PAGE)", "ON [SECONDARY]"),
    ("", "(Name DESC)", "WITH (SORT_IN_TEMPDB = ON, MAXDOP = 2)", ""),
    ("", "(Name)", "WITH (ONLINE = OFF, PAD_INDEX = ON)", "ON psMonth (At)"),
]


@pytest.mark.parametrize(("unique", "columns", "options", "place"), INDEXES)
@pytest.mark.parametrize("version", [0, 13, 15, 16])
def test_an_index_keeps_filter_options_and_filegroup(
    unique: str, columns: str, options: str, place: str, version: int
) -> None:
    scripts = advice(f"CREATE {unique} INDEX IX_Things ON dbo.Things {columns} {options} {place};", version=version)
    [script] = [one for one in scripts["expand"] if "ONLINE = ON" in one]
    assert columns in words(script)
    assert words(script).endswith(f"{place};" if place else ");")
    for option in ("FILLFACTOR = 80", "DATA_COMPRESSION = PAGE", "SORT_IN_TEMPDB = ON", "MAXDOP = 2", "PAD_INDEX = ON"):
        assert (option in script) is (option in options)
    assert "ONLINE = OFF" not in script
    assert ("WAIT_AT_LOW_PRIORITY" in script) is (version >= 16)


def test_a_search_for_duplicates_honours_the_filter() -> None:
    sql = "CREATE UNIQUE INDEX UX ON dbo.Things (Name) WHERE Name IS NOT NULL WITH (DATA_COMPRESSION = ROW);"
    [script] = advice(sql)["contract"]
    assert "FROM dbo.Things WHERE Name IS NOT NULL GROUP BY Name HAVING COUNT(*) > 1" in words(script)
    assert "DATA_COMPRESSION = ROW" in script


def test_a_foreign_key_keeps_its_columns_and_actions() -> None:
    sql = "ALTER TABLE dbo.Things ADD TeamId int NULL CONSTRAINT FK_T REFERENCES dbo.Teams (TeamId) ON DELETE SET NULL;"
    [script] = advice(sql)["contract"]
    assert "FOREIGN KEY (TeamId) REFERENCES dbo.Teams (TeamId) ON DELETE SET NULL;" in words(script)


@settings(max_examples=150, deadline=None)
@given(
    type_text=st.sampled_from(["int", "decimal(18, 4)", "nvarchar(20)", "varchar(max)", "datetime2(3)", "bit"]),
    collate=st.sampled_from(["", " COLLATE Latin1_General_BIN2"]),
    null=st.sampled_from([" NOT NULL", " NULL", ""]),
    extra=st.sampled_from(
        ["", " CONSTRAINT DF_Things_New DEFAULT (N'a')", " REFERENCES dbo.Teams (Id) ON DELETE CASCADE"]
    ),
)
def test_whatever_column_is_added_its_type_stays(type_text: str, collate: str, null: str, extra: str) -> None:
    collate = collate if "char" in type_text else ""
    scripts = advice(f"ALTER TABLE dbo.Things ADD New {type_text}{collate}{null}{extra};")
    for script in scripts.get("expand", []):
        assert f"ADD New {type_text}{collate} NULL" in words(script)
    for script in scripts.get("contract", []):
        if "ALTER COLUMN" in script:
            assert f"ALTER COLUMN New {type_text}{collate} NOT NULL" in words(script)
        if "REFERENCES" in script:
            assert "REFERENCES dbo.Teams (Id) ON DELETE CASCADE" in words(script)
