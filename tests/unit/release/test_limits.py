# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that costs too much, or that leads elsewhere, is refused soon, with a reason, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import stat
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from ansible import constants
from ansible_collections.zero_downtime.dotnet.plugins.action import release_info
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release import archive
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.archive import check_zip
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.document import MOST_BYTES, parse
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.manifest import read_manifest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts import find as scripts_find
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts import text as scripts_text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.errors import PathError, ScriptError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.find import find_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import EXPAND

from .conftest import LEAST

MOST_S = 60
"""PyYAML takes a few seconds for the largest file on an idle machine; the bombs took minutes without a limit."""
MOST_MEMORY_MIB = 20
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
BOMBS = {
    "laughs": LAUGHS,
    "nested": "[" * 200_000,
    "nested mappings": "".join(f"{' ' * n}a:\n" for n in range(600)),
    "many keys": "".join(f"k{n}: 1\n" for n in range(20_000)),
    "one word": "a" * 200_000 + ": 1\n",
    "escape": 'a: "\\UFFFFFFFF"\n',
    "version": f"%YAML 1.{'9' * 5000}\n---\na: 1\n",
    "anchor": "a: &x 1\nb: *x\n",
    "merge": "a: &x {b: 1}\nc: {<<: *x}\n",
    "tag": "a: !!python/object/apply:os.system [id]\n",
    "unsafe tag": "a: !unsafe x\n",
    "large": "#" * (MOST_BYTES + 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_yaml_bomb_is_refused_soon_and_takes_little_memory(bundle: Path, name: str) -> None:
    (bundle / "release.yml").write_text(BOMBS[name])
    began = time.monotonic()
    with pytest.raises(ReleaseError):
        read_manifest(bundle)
    assert time.monotonic() - began < MOST_S


def test_a_bomb_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ReleaseError):
            parse(LAUGHS.encode(), "x.yml")
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY_MIB * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_an_ordinary_file_is_read() -> None:
    """The twin."""
    text = "".join(f"- word {n}\n" for n in range(1_000))
    assert len(list(parse(text.encode(), "x.yml").value or ())) == 1_000  # type: ignore[arg-type]


# -- where a path leads
@pytest.mark.parametrize(
    "path",
    [
        "8:8081/admin", "//host/path", "/\\\\host", "@evil/x", "admin", "", "http://evil/x", "/a b", "/a\\x00b",
        "/a\\nb", "/gr\\xfc\\xdfe", "/a\\u202eb", "/a\\x7f",
    ],
)  # fmt: skip
def test_a_smoke_test_cannot_leave_its_node(bundle: Path, path: str) -> None:
    (bundle / "release.yml").write_text(f'{LEAST}smoke: [{{path: "{path}"}}]\n')
    with pytest.raises(ReleaseError, match=r"smoke\[0\]\.path is .*expected is a path that begins with one /"):
        read_manifest(bundle)


@pytest.mark.parametrize("path", ["/", "/a@b", "/x?to=http://elsewhere/", "/%0d%0a", "/a//b", "/:8081"])
def test_what_is_a_path_stays_one(bundle: Path, path: str) -> None:
    (bundle / "release.yml").write_text(f'{LEAST}smoke: [{{path: "{path}"}}]\n')
    assert read_manifest(bundle).smoke[0]["path"] == path


# -- number and size of scripts
def test_a_script_that_is_too_large_is_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts_text, "MOST_BYTES", 9)
    file = bundle / "db/expand/0001.sql"
    with pytest.raises(ScriptError, match="the file has more than 9 bytes"):
        scripts_text.read_bytes(str(file))
    file.write_text("SELECT 1;")
    assert scripts_text.read_bytes(str(file)) == b"SELECT 1;"


@pytest.mark.parametrize("below", ["", "deeper"])
def test_too_many_files_are_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    directory = bundle / "db/expand"
    monkeypatch.setattr(scripts_find, "MOST_ENTRIES", 4)
    (directory / below).mkdir(exist_ok=True)
    for number in range(3):
        (directory / below / f"{number}.txt").touch()
    assert [file.name for file in find_scripts(str(directory), EXPAND)] == ["0001.sql"]
    for number in range(3, 6):
        (directory / below / f"{number}.txt").touch()
    with pytest.raises(PathError, match="more than 4 entries"):
        find_scripts(str(directory), EXPAND)


# -- the artifact is what its content says
def zipped(encrypted: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a.txt", "a")
    data = bytearray(made.getvalue())
    if encrypted:
        at = data.index(b"PK\x01\x02") + 8  # the flags in the central directory
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x1f\x8b\x08" + b"x" * 100, "is not a zip file, whatever its name says"),
        (b"", "is not a zip file, whatever its name says"),
        (zipped()[:-10], "is not a zip file, whatever its name says"),
        (zipped(encrypted=True), "is encrypted ('a.txt')"),
    ],
)
def test_an_artifact_that_nodes_cannot_unpack_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "web.zip").write_bytes(content)
    with pytest.raises(ReleaseError) as caught:
        check_zip(tmp_path / "web.zip")
    assert reason in str(caught.value)
    (tmp_path / "web.zip").write_bytes(zipped())
    check_zip(tmp_path / "web.zip")


# -- a release that is a zip file
def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


BAD_ENTRIES: list[tuple[zipfile.ZipInfo | str, str]] = [
    (link("release.yml"), "/etc/shadow"),
    (link("db/expand/0001.sql"), "/etc/passwd"),
    (link("db"), "/etc"),
    ("release.yml", "no: release\n"),
    ("../x", "x"),
    ("db/expand/1\x1b[2J.sql", "x"),
    ("db/expand/1\u202esql", "x"),
]


def test_an_entry_without_a_name_is_refused() -> None:
    """zipfile itself reads it, and then fails on its last character."""
    entry = zipfile.ZipInfo("x")
    assert archive._objection(entry) == ""
    entry.filename = ""
    assert archive._objection(entry) == "has no name"


@pytest.mark.parametrize(("entry", "content"), BAD_ENTRIES, ids=[str(number) for number in range(len(BAD_ENTRIES))])
def test_nothing_is_left_of_a_zip_file_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: zipfile.ZipInfo | str, content: str
) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as made:
        made.writestr("first.txt", "first")
        made.writestr(entry, content)
    temporary = tmp_path / "local"
    temporary.mkdir()
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(temporary))
    with pytest.raises(ReleaseError) as caught:
        release_info._read(str(tmp_path / "r.zip"), 10)
    assert "root:" not in str(caught.value)
    assert os.listdir(temporary) == []  # noqa: PTH208  its entries, hidden ones too
