# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases beside each other: what one breaks and the others use; versions of objects, and when they may go."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.manifest import read_manifest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run

WEB = f"web: {{artifact: web.zip, sha256: {'0' * 64}}}\n"


def release(directory: Path, version: str, text: str, **scripts: str) -> Path:
    path = directory / version
    path.mkdir()
    (path / "release.yml").write_text(f"app: shop\nversion: {version}\n{WEB}{text}", encoding="utf-8")
    for phase, sql in scripts.items():
        (path / "db" / phase).mkdir(parents=True)
        (path / "db" / phase / "0001.sql").write_text(sql, encoding="utf-8")
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return release(tmp_path, "1.0.0", "uses: [dbo.spFindAllThings, dbo.Things.Name]\n")


def check(path: Path, *supported: Path, phase: str = "") -> Report:
    return run(Request([str(path)], phase, [str(other) for other in supported], {}, Options()))


def test_a_release_of_ones_own_that_does_not_say_what_it_uses_is_a_warning(tmp_path: Path, one: Path) -> None:
    """The lint of the next release refuses, when nobody thinks of this one any more."""
    two = release(tmp_path, "2.0.0", "", expand="CREATE TABLE dbo.T (Id int NOT NULL);")
    report = check(two, one)
    assert not report.refused
    [sentence] = report.silent
    assert "Release 2.0.0 does not say what it uses" in sentence
    assert check(one, phase="").silent == []
    three = release(tmp_path, "3.0.0", "uses: []\n", contract="DROP PROCEDURE dbo.spOld;")
    assert check(three, two, phase="contract").refused
    assert check(three, two, phase="contract").silent == []


def test_contract_waits_for_the_releases_that_use_it(tmp_path: Path, one: Path) -> None:
    two = release(
        tmp_path, "2.0.0", "uses:\n  - dbo.spFindAllThings_2\n", contract="DROP PROCEDURE dbo.spFindAllThings;"
    )
    report = check(two, one, phase="contract")
    [finding] = report.findings
    assert (finding.rule, finding.severity) == ("release-uses", "error")
    assert "release 1.0.0 uses" in finding.message
    assert not check(two, phase="contract").refused


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("ALTER TABLE dbo.Things DROP COLUMN Name;", True),
        ("ALTER TABLE [dbo].[things] DROP COLUMN [NAME];", True),
        ("DROP TABLE Things;", True),
        ("EXEC sp_rename 'dbo.Things.Name', 'Title', 'COLUMN';", True),
        ("EXEC(N'DROP PROCEDURE dbo.spFindAllThings;');", True),
        ("ALTER PROCEDURE dbo.spFindAllThings AS SELECT 1 AS One;", True),
        ("ALTER SCHEMA sales TRANSFER dbo.Things;", True),
        ("EXEC sp_changeobjectowner 'dbo.Things', 'sales';", True),
        ("CREATE OR ALTER PROCEDURE dbo.spFindAllThings AS SELECT 1 AS One;", True),
        ("EXEC sp_rename @newname = N'Items', @objname = N'dbo.Things';", True),
        ("EXEC sp_rename @objtype = 'COLUMN', @newname = 'Title', @objname = 'dbo.Things.Name';", True),
        ("DECLARE @old sysname = N'dbo.Things'; EXEC sp_rename @old, N'Items';", True),
        ("ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(500) NULL;", True),
        ("ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(100) NOT NULL;", True),
        ("ALTER TABLE dbo.Things ALTER COLUMN Name ADD SPARSE;", True),
        ("TRUNCATE TABLE dbo.Things;", True),
        ("DELETE FROM dbo.Things;", True),
        ("ALTER TABLE dbo.Things SWITCH TO dbo.Archive;", True),
        ("CREATE TABLE dbo.Things (Id int NOT NULL); DROP TABLE dbo.Things;", True),
        ("ALTER TABLE dbo.Things ALTER COLUMN Colour int NULL;", False),
        ("ALTER TABLE dbo.Things ALTER COLUMN Name ADD ROWGUIDCOL;", False),
        ("EXEC sp_rename 'dbo.Things.IX_Name', 'IX_Title', 'INDEX';", False),
        ("TRUNCATE TABLE dbo.Others;", False),
        ("DELETE FROM dbo.Things WHERE Id = 5;", False),
        ("ALTER TABLE dbo.Others SWITCH TO dbo.Things;", False),
        ("CREATE PROCEDURE dbo.spDropThings AS DROP TABLE dbo.Things;", False),
        ("ALTER TABLE dbo.Things DROP COLUMN Colour;", False),
        ("DROP TABLE dbo.Others;", False),
        ("DROP PROCEDURE dbo.spFindAllThings_0;", False),
    ],
)
def test_breaking_changes(tmp_path: Path, one: Path, sql: str, refused: bool) -> None:
    two = release(tmp_path, "2.0.0", "uses: []\n", contract=sql)
    found = [finding.rule for finding in check(two, one, phase="contract").findings if finding.severity == "error"]
    assert found == (["release-uses"] if refused else [])


@pytest.mark.parametrize(
    ("phase", "sql", "refused"),
    [
        ("contract", "ALTER TABLE dbo.Things DROP COLUMN Colour;", True),
        ("contract", "DROP PROCEDURE dbo.spFindAllThings_0;", True),
        ("undo", "DROP TABLE dbo.Others;", True),
        ("contract", "CREATE INDEX IX_Others_A ON dbo.Others (A);", False),
        ("expand", "CREATE TABLE dbo.Fresh (A int NULL);\nGO\nDROP TABLE dbo.Fresh;", False),
        ("expand", "CREATE TABLE #work (A int NULL);\nDROP TABLE #work;", False),
    ],
)
def test_a_release_that_does_not_say_what_it_uses_may_use_it(
    tmp_path: Path, one: Path, phase: str, sql: str, refused: bool
) -> None:
    silent = release(tmp_path, "1.5.0", "")
    nothing = release(tmp_path, "1.6.0", "uses: []\n")
    two = release(tmp_path, "2.0.0", "uses: []\n", **{phase: sql})
    assert not [finding for finding in check(two, one, nothing, phase=phase).findings if finding.severity == "error"]
    found = [finding for finding in check(two, one, silent, phase=phase).findings if finding.severity == "error"]
    assert [finding.rule for finding in found] == (["release-uses"] if refused else [])
    for finding in found:
        assert "release 1.5.0 does not say what it uses" in finding.message
        assert "'uses: []'" in finding.advice


@pytest.mark.parametrize(
    ("phase", "sql", "refused"),
    [
        ("contract", "ALTER TABLE dbo.Owners ALTER COLUMN Code nvarchar(20) NOT NULL;", False),
        ("contract", "ALTER PROCEDURE dbo.spFindAllOwners AS SELECT 1 AS One;", True),
        ("contract", "TRUNCATE TABLE dbo.Owners;", True),
        ("undo", "DROP TABLE dbo.Owners;", False),
    ],
)
def test_what_the_release_itself_uses(tmp_path: Path, one: Path, phase: str, sql: str, refused: bool) -> None:
    two = release(tmp_path, "2.0.0", "uses: [dbo.Owners, dbo.spFindAllOwners]\n", **{phase: sql})
    found = [finding.rule for finding in check(two, one, phase=phase).findings if finding.severity == "error"]
    assert found == (["release-uses"] if refused else [])


def test_what_expand_changes_in_place_is_ready_for_the_release(tmp_path: Path, one: Path) -> None:
    two = release(
        tmp_path,
        "2.0.0",
        "uses: [dbo.spFindAllOwners]\n",
        expand="CREATE OR ALTER PROCEDURE dbo.spFindAllOwners AS SELECT 1 AS One;",
    )
    assert [finding.rule for finding in check(two, one).findings] == ["alter-module"]


def test_undo_may_take_back_what_the_release_itself_brought(tmp_path: Path, one: Path) -> None:
    two = release(
        tmp_path,
        "2.0.0",
        "uses: [dbo.spFindAllThings_2]\n",
        expand="CREATE PROCEDURE dbo.spFindAllThings_2 AS SELECT 1 AS One;",
        undo="DROP PROCEDURE dbo.spFindAllThings_2;",
    )
    assert not check(two, one).refused


def test_a_release_must_not_take_away_what_it_uses_itself(tmp_path: Path) -> None:
    two = release(tmp_path, "2.0.0", "uses: [dbo.spFindAllThings]\n", contract="DROP PROCEDURE dbo.spFindAllThings;")
    assert check(two).refused


def test_versions_of_objects(tmp_path: Path, one: Path) -> None:
    two = release(
        tmp_path,
        "2.0.0",
        "uses: [dbo.spFindAllThings_2]\n",
        expand="CREATE PROCEDURE dbo.spFindAllThings_2 AS SELECT 1 AS One;\nGO\n"
        "CREATE PROCEDURE dbo.spFindAllThings_3 AS SELECT 1 AS One;",
    )
    listed = check(two, one).objects
    assert [(entry["name"], entry["used_by"], entry["removable"], entry["removable_after"]) for entry in listed] == [
        ("dbo.spFindAllThings", ["1.0.0"], False, "1.0.0"),
        ("dbo.spFindAllThings_2", ["2.0.0"], False, "2.0.0"),
        ("dbo.spFindAllThings_3", [], False, ""),
    ]
    listed = check(two).objects
    assert [entry["name"] for entry in listed] == ["dbo.spFindAllThings_2", "dbo.spFindAllThings_3"]


@pytest.mark.parametrize(
    "text",
    [
        "uses: [dbo.a, 'dbo.b']   # both\n",
        'uses:\n  - dbo.a\n  - "dbo.b"\n',
        "uses:\n- dbo.a   # one\n\n- dbo.b\nsmoke:\n  - {path: /x, json: [\"a == 'b'\"]}\n",
        "uses: [dbo.a,\n  dbo.b]\n",
        "'uses': [dbo.a, dbo.b]\n",
    ],
)
def test_forms_of_release_yml(tmp_path: Path, text: str) -> None:
    assert read_manifest(release(tmp_path, "3.0.0", text)).uses == ["dbo.a", "dbo.b"]


def test_directories_of_the_phases(tmp_path: Path) -> None:
    path = release(tmp_path, "4.0.0", "database: {expand: sql/up, contract: sql/down}\n")
    (path / "sql" / "up").mkdir(parents=True)
    (path / "sql" / "down").mkdir()
    (path / "sql" / "up" / "1.sql").write_text("DROP TABLE dbo.Things", encoding="utf-8")
    assert check(path).refused
    assert not check(path, phase="contract").refused


def test_a_directory_that_is_named_and_missing_is_refused(tmp_path: Path) -> None:
    path = release(tmp_path, "4.0.0", "database: {expand: sql/up}\n")
    with pytest.raises(ReleaseError, match=r"release\.yml:4:20: database\.expand is 'sql/up': no such directory"):
        check(path)


@pytest.mark.parametrize("text", ["uses: {a: b}\n", "uses: [[a]]\n", "uses: [{a: b}]\n", "uses: dbo.a\n", "uses:\n"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, one: Path, text: str) -> None:
    five = release(tmp_path, "5.0.0", text)
    for path, supported in ((one, five), (five, one)):
        with pytest.raises(ReleaseError, match=r"release\.yml:4:\d+: uses"):
            check(path, supported)
