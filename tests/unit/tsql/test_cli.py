# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linter on the command line: plain Python, exit status, and what it writes."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.cli import main
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.rules import RULES

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql"
BREAKING = "PRINT N'ä';\nGO\n\tALTER TABLE dbo.Things DROP COLUMN Colour;\nINSERT INTO Things (Name) VALUES (N'a');\n"


@pytest.fixture
def breaking(tmp_path: Path) -> Path:
    file = tmp_path / "expand" / "0001_breaking.sql"
    file.parent.mkdir()
    file.write_text(BREAKING, encoding="utf-8")
    return file


@pytest.mark.parametrize("way", ["directory", "module"])
def test_plain_python_is_enough(way: str, breaking: Path) -> None:
    """From a checkout without Ansible, isolated from all installed packages; and by the package's name."""
    if way == "directory":
        command = [sys.executable, "-I", "-S", str(ROOT / "plugins/module_utils/_tsql"), str(breaking)]
        environment = {"PATH": "/usr/bin:/bin"}
    else:
        command = [sys.executable, "-m", PACKAGE, str(breaking)]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "build/collections")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd="/")
    assert done.returncode == 1, done.stderr
    assert "0001_breaking.sql:3:37: error: drops column Colour of dbo.Things [drop-column]" in done.stdout
    assert "\n     ALTER TABLE dbo.Things DROP COLUMN Colour;\n" in done.stdout
    assert "\n" + " " * 4 + " " * 36 + "^~~~~~\n" in done.stdout
    assert "instead: Move this statement into a contract script" in done.stdout
    assert done.stdout.endswith("REFUSED: 1 error, 1 warning in 1 script (3 statements).\n")
    assert done.stderr == ""


def test_exit_status(tmp_path: Path, breaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean = tmp_path / "clean.sql"
    clean.write_text("PRINT N'a';", encoding="utf-8")
    warning = tmp_path / "warning.sql"
    warning.write_text("CREATE TABLE N (Id int NOT NULL);", encoding="utf-8")
    assert main([str(clean)]) == 0
    assert main([str(warning)]) == 0
    assert main([str(warning), "--strict"]) == 1
    assert main([str(breaking)]) == 1
    assert main([str(breaking), "--phase", "contract"]) == 0
    assert main([str(breaking), "--severity", "drop-column=warning"]) == 0
    capsys.readouterr()
    for wrong in (
        [],
        [str(tmp_path / "nothing.sql")],
        [str(tmp_path / "expand.sql"), "--phase", "expand"],
        [str(clean), "--severity", "drop-colum=off"],
        [str(clean), "--severity", "drop-column=loud"],
        [str(clean), "--severity", "drop-column"],
        [str(clean), "--supported", str(tmp_path)],
    ):
        assert main(wrong) == 2, wrong
        out, error = capsys.readouterr()
        assert out == ""
        assert error.startswith("lint: ") and error.count("\n") == 1
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([str(empty)]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["--phase", "nonsense"])
    assert caught.value.code == 2


def test_unreadable_bytes_are_refused_and_not_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "latin.sql"
    file.write_bytes(b"PRINT N'x';\nPRINT N'\xe4';")
    assert main([str(file)]) == 1
    assert "latin.sql:2:9: error: the file is not UTF-8" in capsys.readouterr().out


def test_a_code_page_is_read_where_it_is_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "western.sql"
    file.write_bytes("CREATE TABLE dbo.Häuser (Id int NULL);".encode("cp1252"))
    assert main([str(file)]) == 1
    assert "encoding: cp1252" in capsys.readouterr().out
    assert main([str(file), "--encoding", "cp1252"]) == 0
    with pytest.raises(SystemExit):
        main([str(file), "--encoding", "latin-1"])


def test_utf16_and_byte_order_marks(tmp_path: Path) -> None:
    for name, data in (("a", BREAKING.encode("utf-16")), ("b", b"\xef\xbb\xbf" + BREAKING.encode())):
        file = tmp_path / f"{name}.sql"
        file.write_bytes(data)
        assert main([str(file)]) == 1
        assert main([str(file), "--phase", "contract"]) == 0


def test_sarif(breaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(breaking), "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == set(RULES)
    first = run["results"][0]
    assert first["ruleId"] == "drop-column" == rules[first["ruleIndex"]]["id"]
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 37, "endColumn": 43}
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == str(breaking)


def test_sarif_of_waived_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a b.sql"
    file.write_text("-- lint: allow drop-table nobody reads it\nDROP TABLE dbo.Things", encoding="utf-8")
    assert main([str(file), "--format", "sarif"]) == 0
    [result] = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "nobody reads it"}]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("a%20b.sql")


def test_junit(tmp_path: Path, breaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (breaking.parent / "0002_fine.sql").write_text("PRINT N'<&>\x01';", encoding="utf-8")
    output = tmp_path / "out.xml"
    assert main([str(breaking.parent), "--format", "junit", "--output", str(output)]) == 1
    assert capsys.readouterr().out.startswith("REFUSED: ")
    suite = ET.parse(output).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = suite.findall("testcase")
    failure = cases[0].find("failure")
    assert failure is not None and failure.get("type") == "drop-column" and "caret" not in (failure.text or "")
    assert "ALTER TABLE dbo.Things DROP COLUMN Colour" in (failure.text or "")
    assert cases[1].find("failure") is None


def test_json_is_what_the_module_returns(breaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(breaking), "--format", "json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["refused"] is True
    assert result["counts"]["errors"] == 1
    finding = result["findings"][0]
    assert set(finding) == {
        "rule",
        "severity",
        "file",
        "line",
        "column",
        "message",
        "reason",
        "advice",
        "phase",
        "source",
    }


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{rule} " in f"\n{out}" for rule in RULES)


def test_directories_and_phases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts in the order of the migration engine; phases by the names of the directories."""
    for name, text in {
        "expand/10_use.sql": "CREATE UNIQUE INDEX UX ON dbo.Fresh (Id);",
        "expand/9_make.sql": "CREATE TABLE dbo.Fresh (Id int NOT NULL);",
        "contract/1_drop.sql": "DROP TABLE dbo.Old;",
        "undo/1_back.sql": "DROP TABLE dbo.Fresh;",
        "backfill/1_fill.sql": (
            "-- migrate: batch 500\nUPDATE TOP ($(BatchSize)) dbo.Things SET Size = 0 WHERE Size IS NULL;"
        ),
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert main([str(tmp_path)]) == 0, capsys.readouterr().out
    capsys.readouterr()
    assert main([str(tmp_path), "--phase", "expand"]) == 0
    assert "2 scripts" in capsys.readouterr().out
    nested = tmp_path / "expand" / "more"
    nested.mkdir()
    (nested / "1.sql").write_text("PRINT 1", encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    assert "1.sql: only scripts directly in" in capsys.readouterr().err


def test_variables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "v.sql"
    file.write_text("GRANT SELECT ON SCHEMA::dbo TO $(User);", encoding="utf-8")
    assert main([str(file)]) == 1
    assert main([str(file), "--variable", "User=shop"]) == 0
    assert main([str(file), "--variable", "User=shop; DROP TABLE dbo.Things"]) == 1
    capsys.readouterr()
