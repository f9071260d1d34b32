# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.loading import find, load
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.errors import ScriptError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.find import find_below
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.names import order
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import BACKFILL, CONTRACT, EXPAND
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.reader import Script, parse_text

Write = Callable[[str, "str | bytes"], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "expand").mkdir()

    def put(name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / "expand" / name).write_bytes(data)

    return put


def only(root: Path, **variables: str) -> Script:
    (file,) = find(str(root), EXPAND)
    return load(file, variables)


def test_order_is_by_number_and_then_by_name() -> None:
    names = [
        "10_b.sql",
        "b.sql",
        "2_a.sql",
        "1.10_x.sql",
        "V3__y.sql",
        "1.2_x.sql",
        "2024-10-01-e.sql",
        "2024-9-30-d.sql",
        "a.sql",
        "20240101120000_ef.sql",
    ]
    assert sorted(names, key=order) == [
        "1.2_x.sql", "1.10_x.sql", "2_a.sql", "V3__y.sql", "10_b.sql",
        "2024-9-30-d.sql", "2024-10-01-e.sql", "20240101120000_ef.sql", "a.sql", "b.sql",
    ]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [("1_a.sql", "01_b.sql"), ("V2__a.sql", "2_b.sql"), ("a.sql", "A.SQL")])
def test_two_scripts_with_one_place_are_refused(tmp_path: Path, write: Write, one: str, other: str) -> None:
    write(one, "SELECT 1")
    write(other, "SELECT 2")
    with pytest.raises(MigrationError, match="same number or name"):
        find(str(tmp_path), EXPAND)


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("1_a.sql\n\nPLAY RECAP *****\nweb01 : ok=9.sql", "U+000A"),
        ("1_\x1b[2J.sql", "U+001B"),
        ("1_\u202elqs.sql", "U+202E"),
        (os.fsdecode(b"1_\xff.sql"), "U+DCFF"),
    ],
)
def test_a_name_that_a_terminal_would_obey_is_refused(tmp_path: Path, write: Write, name: str, character: str) -> None:
    """Also the one that is named alone, as on lint's command line. Emoji are names as any other."""
    write("2_\U0001f600.sql", "SELECT 1")
    assert [file.name for file in find(str(tmp_path), EXPAND)] == ["2_\U0001f600.sql"]
    write(name, "SELECT 1")
    searches: list[Callable[[], object]] = [
        lambda: find(str(tmp_path), EXPAND),
        lambda: find_below(str(tmp_path / "expand" / name)),
    ]
    for search in searches:
        with pytest.raises((MigrationError, ScriptError), match=re.escape(f"the character {character}")) as caught:
            search()
        assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


def test_other_files_are_no_scripts_and_a_phase_may_be_absent(tmp_path: Path, write: Write) -> None:
    write("README.md", "x")
    write("1_a.sql", "SELECT 1")
    assert [file.name for file in find(str(tmp_path), EXPAND)] == ["1_a.sql"]
    assert find(str(tmp_path), CONTRACT) == []


def test_a_missing_directory_and_hidden_scripts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="does not exist"):
        find(str(tmp_path / "nope"), EXPAND)
    (tmp_path / "expand" / "deep").mkdir(parents=True)
    (tmp_path / "expand" / "deep" / "1.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="only scripts directly in"):
        find(str(tmp_path), EXPAND)


@pytest.mark.parametrize(
    "data",
    [
        "SELECT N'ä';\nSELECT 2;\n".encode(),
        "SELECT N'ä';\r\nSELECT 2;\r\n".encode(),
        codecs.BOM_UTF8 + "SELECT N'ä';\nSELECT 2;\n".encode(),
        codecs.BOM_UTF16_LE + "SELECT N'ä';\r\nSELECT 2;\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "SELECT N'ä';\nSELECT 2;\n".encode("utf-16-be"),
    ],
)
def test_the_checksum_does_not_depend_on_encoding_and_line_ends(tmp_path: Path, write: Write, data: bytes) -> None:
    write("1.sql", data)
    script = only(tmp_path)
    assert script.file.checksum == hashlib.sha256("SELECT N'ä';\nSELECT 2;\n".encode()).hexdigest()
    assert script.text == "SELECT N'ä';\nSELECT 2;\n"


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("cp1252", "SELECT N'ä €';\r\n".encode("cp1252")),
        ("cp1250", "SELECT N'ä €';\n".encode("cp1250")),
        ("cp1252", codecs.BOM_UTF8 + "SELECT N'ä €';\n".encode()),
        ("cp1251", codecs.BOM_UTF16_LE + "SELECT N'ä €';\r\n".encode("utf-16-le")),
        ("utf-8", "SELECT N'ä €';\n".encode()),
    ],
)
def test_a_stated_encoding_changes_neither_text_nor_checksum(
    tmp_path: Path, write: Write, encoding: str, data: bytes
) -> None:
    write("1.sql", data)
    (file,) = find(str(tmp_path), EXPAND, encoding)
    assert file.checksum == hashlib.sha256("SELECT N'ä €';\n".encode()).hexdigest()
    assert load(file, {}).text == "SELECT N'ä €';\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"SELECT 1;\nSELECT N'\x81'", "line 2, column 10: the file is not CP1252 at byte 19: save it as UTF-8"),
        ("SELECT N'ä'".encode(), "line 1, column 10: encoding: cp1252 is stated, but the file is UTF-8"),
        ("SELECT N'ä'".encode("utf-16-le"), "NUL characters"),
    ],
)
def test_what_is_not_in_the_stated_encoding_is_refused(tmp_path: Path, write: Write, data: bytes, message: str) -> None:
    write("1.sql", data)
    with pytest.raises(MigrationError, match=message):
        find(str(tmp_path), EXPAND, "cp1252")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("SELECT N'ä'".encode("cp1252"), r"not UTF-8 at byte 9: .*or state what it is in \(encoding: cp1252\)"),
        ("SELECT 1".encode("utf-16-le"), "NUL characters"),
        (b"", "is empty"),
        (b"-- nothing\n/* at all */\nGO\n", "is empty"),
        (b"SELECT 'open", "line 1, column 8: this string is not closed"),
        (b"SELECT 1 /* /* */", "this comment is not closed"),
        (b"SELECT [x", "not closed"),
        (b"SELECT $(Nope)", "line 1, column 8: the variable \\$\\(Nope\\) has no value, given are: Known"),
        (b"SELECT 1\nGO\n:r other.sql\n", "line 3, column 1: :r is a directive of sqlcmd"),
        (b":setvar a b\nSELECT 1", ":setvar is a directive"),
        (b"SELECT 1\nGO 0\n", "GO 0"),
        (b"INSERT t VALUES (1);\nCOMMIT;", "line 2, column 1: COMMIT of a transaction that the script did not begin"),
        (b"COMMIT; BEGIN TRANSACTION;", "COMMIT of a transaction"),
        (b"BEGIN TRAN; INSERT t VALUES (1);", "begins 1 more transaction"),
        (b"-- migrate: no-transaction\nSELECT 1\nGO\nSELECT 2", "one statement and no GO is expected; 2 batches"),
        (b"-- migrate: fly\nSELECT 1", "'-- migrate: fly' is not known"),
    ],
)
def test_bad_scripts_are_refused_before_anything_is_sent(
    tmp_path: Path, write: Write, data: bytes, message: str
) -> None:
    write("1.sql", data)
    with pytest.raises(MigrationError, match=message):
        only(tmp_path, Known="x")


def test_variables_are_replaced_as_sqlcmd_does_but_not_in_comments(tmp_path: Path, write: Write) -> None:
    write("1.sql", "-- $(Unknown)\nSELECT '$(name)', [$(Name)] FROM dbo.$(Table)")
    script = only(tmp_path, Name="Shop", TABLE="Things")
    assert script.batches[0].text == "-- $(Unknown)\nSELECT 'Shop', [Shop] FROM dbo.Things"
    assert "$(Table)" in script.source


def test_a_value_cannot_bring_a_go(tmp_path: Path, write: Write) -> None:
    write("1.sql", "SELECT $(x)")
    with pytest.raises(MigrationError, match="line end"):
        only(tmp_path, x="1\nGO\nDROP TABLE t")


def test_batches_and_repeats(tmp_path: Path, write: Write) -> None:
    write("1.sql", "SELECT 'GO\nGO\n'\nGO\nSELECT 2\nGO 3 -- three times\n")
    script = only(tmp_path)
    assert [batch.repeat for batch in script.batches] == [1, 3]
    assert script.sends == 4


def test_headers() -> None:
    script = parse_text(
        "-- A comment\n-- migrate: batch 4000 pause 100ms\n-- Migrate: release 2.0.0\n"
        "-- migrate: remaining SELECT COUNT(*) FROM dbo.T WHERE A IS NULL\n"
        "UPDATE TOP ($(BatchSize)) dbo.T SET A = 1 WHERE A IS NULL",
        BACKFILL,
    )
    assert not script.problems
    assert (script.header.batch_rows, script.header.pause_ms, script.header.release) == (4000, 100, "2.0.0")
    assert script.header.remaining == "SELECT COUNT(*) FROM dbo.T WHERE A IS NULL"
    assert "UPDATE TOP (4000)" in script.batches[0].text


EF_CORE = """IF OBJECT_ID(N'[__EFMigrationsHistory]') IS NULL
BEGIN
    CREATE TABLE [__EFMigrationsHistory] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EFMigrationsHistory] PRIMARY KEY ([MigrationId])
    );
END;
GO

BEGIN TRANSACTION;
GO

IF NOT EXISTS (
    SELECT * FROM [__EFMigrationsHistory]
    WHERE [MigrationId] = N'20240101_Init'
)
BEGIN
    DECLARE @var0 sysname;
    EXEC(N'ALTER TABLE [Blogs] ADD [Rating] int NULL;');
END;
GO

COMMIT;
GO
"""


def test_scripts_of_entity_framework_core_are_taken_as_they_are(tmp_path: Path, write: Write) -> None:
    write("20240101_Init.sql", codecs.BOM_UTF8 + EF_CORE.replace("\n", "\r\n").encode())
    script = only(tmp_path)
    assert len(script.batches) == 4
    assert script.guarded


def test_a_commit_in_the_body_of_a_procedure_is_its_own_business(tmp_path: Path, write: Write) -> None:
    write("1.sql", "CREATE PROCEDURE dbo.p AS\nIF @@TRANCOUNT > 1 COMMIT;\nGO\nSELECT 1")
    assert only(tmp_path).sends == 2


def test_a_script_that_changes_under_the_task_is_refused(tmp_path: Path, write: Write) -> None:
    write("1.sql", "SELECT 1")
    (file,) = find(str(tmp_path), EXPAND)
    write("1.sql", "SELECT 2")
    with pytest.raises(MigrationError, match="was changed on disk"):
        load(file, {})


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE dbo.M (Id int NOT NULL PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON);",
        "CREATE PROCEDURE dbo.p WITH NATIVE_COMPILATION, SCHEMABINDING AS SELECT 1;",
        "ALTER TABLE dbo.M ADD INDEX IX HASH (Id) WITH (BUCKET_COUNT = 64);",
        "ALTER TABLE dbo.M ALTER INDEX IX REBUILD WITH (BUCKET_COUNT = 64);",
    ],
)
def test_what_needs_a_memory_optimised_table_runs_without_a_transaction(text: str) -> None:
    [problem] = parse_text(text, EXPAND).problems
    assert "does not run inside a transaction" in problem.message
    assert not parse_text(f"-- migrate: no-transaction\n{text}", EXPAND).problems
