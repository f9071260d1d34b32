# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release's directory: what release.yml names is there, and is the release's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import InvalidFile, ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.manifest import is_release, read_manifest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.reader import check_artifact, read_release

from .conftest import LEAST, SHA256


def test_the_release_as_read(bundle: Path) -> None:
    (bundle / "release.yml").write_text(
        LEAST
        + "uses: [dbo.a]\nsmoke: [{path: /x, status: [200, 204]}, {path: /y, status: 200}]\n"
        + "supports: {contract_after: 2}\nencoding: cp1252\nmodules: in_place\n"
    )
    assert read_release(bundle).as_dict() == {
        "app": "shop",
        "version": "2.0.0",
        "description": "",
        "web": {"artifact": "web.zip", "sha256": SHA256},
        "database": {"expand": str(bundle / "db/expand")},
        "encoding": "cp1252",
        "modules": "in_place",
        "smoke": [{"path": "/x", "status": [200, 204]}, {"path": "/y", "status": [200]}],
        "uses": ["dbo.a"],
        "supports": {"contract_after": 2},
        "path": str(bundle),
    }


def test_defaults(bundle: Path) -> None:
    manifest = read_manifest(bundle / "release.yml")
    assert (manifest.uses, manifest.smoke, manifest.contract_after, manifest.description) == (None, [], 1, "")
    assert manifest.database is None
    as_read = read_release(bundle).as_dict()
    assert (as_read["encoding"], as_read["modules"]) == ("utf-8", "versioned")


def test_the_path_is_without_links_and_a_checksum_in_capitals_is_the_same(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bundle)
    (bundle / "release.yml").write_text(LEAST.replace(SHA256, SHA256.upper()))
    release = read_release(tmp_path / "link")
    assert release.path == bundle
    assert check_artifact(release) == bundle / "web.zip"


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("{expand: db/exapnd}", r"release\.yml:4:20: database\.expand is 'db/exapnd': no such directory"),
        ("{expand: web.zip}", r"release\.yml:4:20: .*it is not a directory"),
        ("{expand: outside}", r"release\.yml:4:20: .*it is a link out of the release"),
        ("{expand: outside/inner}", r"release\.yml:4:20: .*it is a link out of the release"),
        ("{expand: dangling}", r"release\.yml:4:20: .*no such directory"),
        (
            "{expand: db/expand, undo: db/expand}",
            r"release\.yml:4:37: database\.undo .*expand names the same directory",
        ),
        ("{expand: db/expand, undo: same}", r"release\.yml:4:37: .*expand names the same directory"),
        ("{}", r"release\.yml:4:11: database has no key expand, but the directory db/expand exists"),
        ("{undo: db/undo}", r"release\.yml:4:11: .*db/expand exists[\s\S]*4:18: .*no such directory"),
    ],
)
def test_directories_that_are_refused(bundle: Path, tmp_path: Path, database: str, message: str) -> None:
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (bundle / "outside").symlink_to(tmp_path / "elsewhere")
    (bundle / "dangling").symlink_to(tmp_path / "nowhere")
    (bundle / "same").symlink_to(bundle / "db/expand")
    (bundle / "release.yml").write_text(f"{LEAST}database: {database}\n")
    with pytest.raises(InvalidFile, match=message):
        read_release(bundle)


def test_directories_of_other_names(bundle: Path) -> None:
    (bundle / "sql" / "down").mkdir(parents=True)
    (bundle / "release.yml").write_text(f"{LEAST}database: {{contract: sql/down, expand: db/expand}}\n")
    found = read_release(bundle).database
    assert found == {"expand": bundle / "db/expand", "contract": bundle / "sql/down"}
    assert list(found) == ["expand", "contract"]


def test_a_release_without_scripts(bundle: Path) -> None:
    (bundle / "db/expand/0001.sql").unlink()
    (bundle / "db/expand").rmdir()
    for text in (LEAST, f"{LEAST}database: {{}}\n"):
        (bundle / "release.yml").write_text(text)
        assert read_release(bundle).database == {}


@pytest.mark.parametrize(
    "artifact", ["../web.zip", "/web.zip", "sub/web.zip", "sub\\\\web.zip", "..", ".", "", "c:web.zip"]
)
def test_an_artifact_is_a_plain_file_name(bundle: Path, artifact: str) -> None:
    (bundle / "release.yml").write_text(LEAST.replace("artifact: web.zip", f'artifact: "{artifact}"'))
    with pytest.raises(InvalidFile, match=r"release\.yml:3:17: web\.artifact is .*expected is the name of a file"):
        read_release(bundle)


def test_an_artifact_that_is_elsewhere_is_none_here(bundle: Path) -> None:
    (bundle / "web.zip").unlink()
    assert check_artifact(read_release(bundle)) is None


def test_a_damaged_artifact(bundle: Path) -> None:
    (bundle / "web.zip").write_bytes(b"damaged")
    with pytest.raises(ReleaseError, match=f"web.zip has SHA-256 .*release.yml says {SHA256}.*Build it again"):
        check_artifact(read_release(bundle))


@pytest.mark.parametrize("kind", ["link", "directory", "dangling"])
def test_an_artifact_that_is_not_a_file_of_the_release(bundle: Path, tmp_path: Path, kind: str) -> None:
    path = bundle / "web.zip"
    (tmp_path / "web.zip").write_bytes(path.read_bytes())
    path.unlink()
    if kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("web.zip" if kind == "link" else "nowhere"))
    with pytest.raises(ReleaseError, match="expected to be a file inside the release"):
        check_artifact(read_release(bundle))


def test_no_release(bundle: Path, tmp_path: Path) -> None:
    assert is_release(bundle)
    assert not is_release(tmp_path)
    with pytest.raises(ReleaseError, match=r"has no release\.yml"):
        read_release(tmp_path)
    with pytest.raises(ReleaseError, match="is not a directory"):
        read_release(bundle / "web.zip")
    with pytest.raises(ReleaseError, match="cannot be read: No such file"):
        read_manifest(tmp_path / "none.yml")


@pytest.mark.parametrize("both", [True, False])
def test_the_other_spelling_of_the_name_is_not_skipped(bundle: Path, both: bool) -> None:
    (bundle / "release.yaml").write_text(LEAST)
    if not both:
        (bundle / "release.yml").unlink()
    assert is_release(bundle)
    with pytest.raises(ReleaseError, match=r"release\.yaml was found, expected is the name release\.yml"):
        read_release(bundle)


def test_a_pipe_is_not_opened(bundle: Path) -> None:
    (bundle / "release.yml").unlink()
    os.mkfifo(bundle / "release.yml")
    with pytest.raises(ReleaseError, match="is not a regular file"):
        read_release(bundle)


def test_many_problems_are_cut(bundle: Path) -> None:
    (bundle / "release.yml").write_text(LEAST + "".join(f"x{number}: 1\n" for number in range(30)))
    with pytest.raises(InvalidFile, match=r"release\.yml:4:1: x0 is not[\s\S]*release\.yml: 20 more problems$"):
        read_manifest(bundle)


def test_a_release_yml_that_is_a_link_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "release.yml").rename(tmp_path / "elsewhere.yml")
    (bundle / "release.yml").symlink_to(tmp_path / "elsewhere.yml")
    with pytest.raises(ReleaseError, match=r"release\.yml is not a regular file"):
        read_release(bundle)
