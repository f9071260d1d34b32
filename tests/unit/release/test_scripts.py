# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint and the engine find the same scripts in a release, whatever its directories are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration import loading
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import CONTRACT, EXPAND, PHASES
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.reader import identify
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.cli import main
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.sources import SourceError, find_sources

from .conftest import LEAST


def names(path: Path) -> dict[str, list[str]]:
    """Paths of the scripts by phase, on which lint and the engine agree."""
    by_engine = {phase.name: [file.path for file in loading.find(str(path), phase)] for phase in PHASES}
    by_lint = {phase.name: [file.path for file in find_sources(str(path), phase)] for phase in PHASES}
    assert by_engine == by_lint
    together = [(file.phase.name, file.path) for file in find_sources(str(path), None)]
    assert together == [(phase, name) for phase, found in by_engine.items() for name in found]
    return {phase: found for phase, found in by_engine.items() if found}


def test_the_usual_directories(bundle: Path) -> None:
    wanted = {"expand": [str(bundle / "db/expand/0001.sql")]}
    assert names(bundle) == wanted
    assert names(bundle / "db") == wanted


def test_directories_that_release_yml_names(bundle: Path) -> None:
    (bundle / "sql/gone").mkdir(parents=True)
    (bundle / "sql/gone/9.sql").write_text("SELECT 1;\n")
    (bundle / "db/expand").rename(bundle / "sql/new")
    (bundle / "release.yml").write_text(f"{LEAST}database: {{expand: sql/new, contract: sql/gone}}\n")
    assert names(bundle) == {"expand": [str(bundle / "sql/new/0001.sql")], "contract": [str(bundle / "sql/gone/9.sql")]}


def test_a_directory_that_is_missing_is_refused_by_both_in_every_phase(bundle: Path) -> None:
    (bundle / "release.yml").write_text(f"{LEAST}database: {{expand: db/expand, contract: db/contract}}\n")
    for phase in (EXPAND, CONTRACT):
        with pytest.raises(MigrationError, match=r"release\.yml:4:41: .*no such directory.*Nothing was applied"):
            loading.find(str(bundle), phase)
        with pytest.raises(ReleaseError, match="no such directory"):
            find_sources(str(bundle), phase)


def test_a_directory_in_capitals_is_not_passed_over(bundle: Path) -> None:
    (bundle / "db/expand").rename(bundle / "db/Expand")
    with pytest.raises(MigrationError, match="rename it to expand"):
        loading.find(str(bundle), EXPAND)
    with pytest.raises(ReleaseError, match="rename it to expand"):
        find_sources(str(bundle), EXPAND)


def test_release_yml_states_what_its_scripts_are_in(bundle: Path) -> None:
    script = bundle / "db/expand/0001.sql"
    script.write_bytes("CREATE TABLE dbo.Häuser (Id int NULL);\n".encode("cp1252"))
    with pytest.raises(MigrationError, match=r"encoding: cp1252"):
        loading.find(str(bundle), EXPAND)
    assert "encoding: cp1252" in run(Request([str(bundle)])).findings[0].message
    (bundle / "release.yml").write_text(f"{LEAST}encoding: cp1252\n")
    for encoding in ("", "cp1252"):
        (engine,) = loading.find(str(bundle), EXPAND, encoding)
        (lint,) = find_sources(str(bundle), EXPAND, encoding)
        assert engine == identify(lint)
        assert loading.load(engine, {}).text == "CREATE TABLE dbo.Häuser (Id int NULL);\n"
        assert not run(Request([str(bundle)], encoding=encoding)).refused
    script.write_bytes("CREATE TABLE dbo.Häuser (Id int NULL);\n".encode("utf-8-sig"))
    assert loading.find(str(bundle), EXPAND) == [engine]


def test_release_yml_and_the_option_must_not_differ(bundle: Path) -> None:
    (bundle / "release.yml").write_text(f"{LEAST}encoding: cp1252\nmodules: versioned\n")
    message = r"release\.yml states encoding: cp1252, the option says utf-8"
    with pytest.raises(MigrationError, match=message):
        loading.find(str(bundle), EXPAND, "utf-8")
    with pytest.raises(ReleaseError, match=message):
        run(Request([str(bundle)], encoding="utf-8"))
    with pytest.raises(SourceError, match=r"states modules: versioned, the option says in_place"):
        run(Request([str(bundle)], options=Options(modules="in_place")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("encoding: latin-1", "encoding is 'latin-1', .*cp1252"),
        ("modules: inplace", "modules is 'inplace', .*in_place"),
    ],
)
def test_release_yml_states_what_is_known(bundle: Path, text: str, message: str) -> None:
    (bundle / "release.yml").write_text(f"{LEAST}{text}\n")
    with pytest.raises(ReleaseError, match=message):
        find_sources(str(bundle), EXPAND)


@pytest.mark.parametrize("target", ["elsewhere/1.sql", "shop-2.0.0/db/expand/0001.sql", "nowhere.sql"])
def test_a_script_that_is_a_link_is_refused(bundle: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.sql").write_text("SELECT 1;\n")
    link = bundle / "db/expand/0002.sql"
    link.symlink_to(tmp_path / target)
    for path in (bundle, bundle / "db"):
        with pytest.raises(MigrationError, match=r"expand/0002\.sql, .*is a symbolic link.*Nothing was applied"):
            loading.find(str(path), EXPAND)
        (finding,) = run(Request([str(path)])).findings
        assert (finding.file, finding.severity) == (str(link), "error")
    for path in (bundle, link.parent, *([link] if link.is_file() else [])):
        assert main([str(path)]) == 1


def test_a_script_that_is_a_pipe_is_refused_and_does_not_block(bundle: Path) -> None:
    os.mkfifo(bundle / "db/expand/0002.sql")
    with pytest.raises(MigrationError, match="not a regular file"):
        loading.find(str(bundle), EXPAND)
    assert main([str(bundle)]) == 1


def test_the_directory_of_a_phase_that_is_a_link_is_refused_without_a_release_yml_too(
    bundle: Path, tmp_path: Path
) -> None:
    (bundle / "db/expand").rename(tmp_path / "elsewhere")
    (bundle / "db/expand").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MigrationError, match=r"db/expand is a link out of .*db: .*Nothing was applied"):
        loading.find(str(bundle / "db"), EXPAND)
    assert main([str(bundle / "db")]) == 2


def test_a_directory_that_is_a_link_out_of_the_release_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (bundle / "db/undo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReleaseError, match=r"db/undo is expected to be .*link out of the release"):
        find_sources(str(bundle), EXPAND)
