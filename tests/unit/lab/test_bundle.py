# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles of the sample application: complete, repeatable, and the same for every environment."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from lab.shop import bundle


@pytest.mark.parametrize("name", sorted(bundle.VERSIONS))
def test_the_manifest_tells_the_truth(tmp_path: Path, name: str) -> None:
    directory = bundle.build(bundle.VERSIONS[name], tmp_path)
    manifest = yaml.safe_load((directory / "release.yml").read_text())
    archive = directory / manifest["web"]["artifact"]
    assert manifest["version"] == name
    assert manifest["web"]["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    for phase, path in manifest["database"].items():
        assert list((directory / path).glob("*.sql")), phase
    with zipfile.ZipFile(archive) as file:
        assert json.loads(file.read("build.json"))["version"] == name
        assert "appsettings.json" not in file.namelist()


def test_the_same_sources_give_the_same_archive(tmp_path: Path) -> None:
    version = bundle.VERSIONS["2.0.0"]
    one, other = (bundle.build(version, tmp_path / name) / "web.zip" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_version_2_carries_the_assets_of_version_1(tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle.build(bundle.VERSIONS["2.0.0"], tmp_path) / "web.zip") as file:
        assert file.read("wwwroot/assets/1.0.0/app.js") == bundle.asset("1.0.0")
        assert file.read("wwwroot/assets/2.0.0/app.js") == bundle.asset("2.0.0")
