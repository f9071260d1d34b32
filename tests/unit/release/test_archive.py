# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zip files of releases: unpacked as they are, or refused before anything leaves the directory."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release import archive
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.archive import unpack
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError

MIB = 1024 * 1024


def files_in(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(name="target")
def _target(tmp_path: Path) -> Path:
    path = tmp_path / "room" / "target"
    path.mkdir(parents=True)
    return path


def test_what_is_in_it(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("release.yml", "app: shop\n")
        made.mkdir("db/contract")
        made.writestr("db/expand/0001_ä.sql", "SELECT 1;")
        made.writestr("./web.zip", os.urandom(3 * MIB))
    unpack(tmp_path / "r.zip", target, 4 * MIB)
    found = files_in(target)
    assert set(found) == {"release.yml", "db/expand/0001_ä.sql", "web.zip"}
    assert (len(found["web.zip"]), found["release.yml"]) == (3 * MIB, b"app: shop\n")
    assert (target / "db/contract").is_dir()


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


Entries = list[tuple[zipfile.ZipInfo, bytes]]

REFUSED: dict[str, tuple[Entries, str]] = {
    "absolute": ([(entry("/etc/x"), b"x")], "'/etc/x' is absolute.*Nothing was unpacked"),
    "drive": ([(entry("C:/x"), b"x")], "'C:/x' is absolute.*Nothing was unpacked"),
    "climbs": ([(entry("a/../../x"), b"x")], r"has \.\. in it.*Nothing was unpacked"),
    "backslash": ([(entry("..\\x"), b"x")], "has a backslash.*Nothing was unpacked"),
    "line feed": ([(entry("a\nb"), b"x")], "control character.*Nothing was unpacked"),
    "link": ([(entry("x", stat.S_IFLNK | 0o777), b"/etc")], "links are not unpacked.*Nothing was unpacked"),
    "device": ([(entry("x", stat.S_IFCHR | 0o666), b"")], "neither a file nor a directory.*Nothing was unpacked"),
    "twice": ([(entry("x"), b"x"), (entry("./x"), b"x")], "is in it twice.*Nothing was unpacked"),
    "too large": ([(entry("x"), b"0" * 2 * MIB)], r"unpacks to \d+ bytes, expected are at most 1048576"),
    "a file that is a directory too": ([(entry("a"), b"x"), (entry("a/b"), b"x")], "cannot be unpacked into"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, target: Path, name: str) -> None:
    entries, message = REFUSED[name]
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as made:
        made.writestr("first.txt", "first")
        for one, content in entries:
            made.writestr(one, content)
    with pytest.raises(ReleaseError, match=message):
        unpack(tmp_path / "r.zip", target, MIB)
    assert set(files_in(tmp_path)) - {"r.zip", "room/target/first.txt", "room/target/a"} == set()
    if "Nothing was unpacked" in message:
        assert files_in(target) == {}


def test_an_archive_that_lies_about_its_size(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x", b"0" * 8 * MIB)
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ReleaseError, match="that can be unpacked: Bad CRC"):
        unpack(path, target, MIB)
    assert sum(len(content) for content in files_in(target).values()) <= MIB


def test_too_many_entries(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as made:
        for name in "abc":
            made.writestr(name, "x")
    with pytest.raises(ReleaseError, match="has 3 entries, expected are at most 2"):
        unpack(tmp_path / "r.zip", target, MIB)


def test_an_encrypted_entry(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x", "x")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ReleaseError, match="'x' is encrypted"):
        unpack(path, target, MIB)


@pytest.mark.parametrize("content", [b"", b"app: shop\n", b"PK\x03\x04damaged"])
def test_what_is_not_a_zip_file(tmp_path: Path, target: Path, content: bytes) -> None:
    (tmp_path / "r.zip").write_bytes(content)
    with pytest.raises(ReleaseError, match="is not a zip file that can be unpacked"):
        unpack(tmp_path / "r.zip", target, MIB)


def test_a_damaged_entry(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT"))
    with pytest.raises(ReleaseError, match="CRC"):
        unpack(path, target, MIB)


def test_a_file_that_cannot_be_read(tmp_path: Path, target: Path) -> None:
    with pytest.raises(ReleaseError, match=r"cannot be unpacked into .*: No such file"):
        unpack(tmp_path / "none.zip", target, MIB)
