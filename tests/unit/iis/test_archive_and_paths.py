# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release may hold and where it may go."""

from __future__ import annotations

import io
import tarfile

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import paths
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.archive import (
    Listing,
    check_name,
    inspect,
    pack,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import IisError, RefusedValue
from hypothesis import given
from hypothesis import strategies as st

RESERVED = "App_Data/zero_downtime.json"


def verbose(kind: str = "-", size: int = 10, name: str = "x") -> str:
    return f"{kind}rw-rw-rw-  0 0      0      {size:>9} Jan 01 12:00 {name}"


def listing(*entries: tuple[str, str, int]) -> Listing:
    names = "\r\n".join(name for name, _kind, _size in entries)
    details = "\r\n".join(verbose(kind, size, name) for name, kind, size in entries)
    return inspect(names, details, RESERVED)


def test_a_good_archive_is_counted() -> None:
    entries = [("./", "d", 0), ("web.config", "-", 300), ("bin/", "d", 0), ("bin/shop.dll", "-", 5_000_000_000)]
    assert listing(*entries) == Listing(2, 5_000_000_300)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.dll", "contains .."),
        ("bin/../../evil.dll", "contains .."),
        ("bin\\..\\..\\evil.dll", "contains .."),
        ("/etc/passwd", "is absolute"),
        ("\\Windows\\x.dll", "is absolute"),
        ("\\\\server\\share\\x", "is absolute"),
        ("C:/Windows/x.dll", "drive letter"),
        ("c:x.dll", "drive letter"),
        ("a/web.config:stream", "does not allow"),
        ("a/b?.txt", "does not allow"),
        ("nul", "is a device name"),
        ("bin/COM1.txt", "is a device name"),
        ("bin/lpt9 .log", "is a device name"),
        ("bin/.. /x", "ends in a dot or blank"),
        ("bin./x", "ends in a dot or blank"),
        ("bin/x. ", "ends in a dot or blank"),
    ],
)
def test_a_name_that_could_leave_the_release_is_refused(name: str, words: str) -> None:
    with pytest.raises(RefusedValue, match=words):
        listing(("ok.txt", "-", 1), (name, "-", 1))


@pytest.mark.parametrize(
    "name", ["a..b/c", "...x", ".well-known/x", "console/x", "com/x", "nullable.dll", "a b/c (1).txt"]
)
def test_a_harmless_name_is_not(name: str) -> None:
    assert listing((name, "-", 1)).files == 1


@pytest.mark.parametrize("kind", ["l", "h", "c", "b", "p"])
def test_links_and_devices_are_refused(kind: str) -> None:
    with pytest.raises(RefusedValue, match="is not a file or directory"):
        listing(("x", kind, 0))


def test_names_that_are_one_file_on_windows_are_refused() -> None:
    with pytest.raises(RefusedValue, match="one file on Windows"):
        listing(("a/Web.config", "-", 1), ("a\\web.CONFIG", "-", 1))


def test_the_name_of_the_record_is_refused() -> None:
    with pytest.raises(RefusedValue, match="staging record"):
        listing(("app_data/Zero_Downtime.json", "-", 1))


def test_empty_archives_and_listings_that_do_not_fit_are_errors() -> None:
    for names, details, words in (
        ("", "", "is empty"),
        ("a\r\nb", verbose(), "2 names but 1"),
        ("d/", verbose("d"), "no files"),
    ):
        with pytest.raises(IisError, match=words):
            inspect(names, details, RESERVED)


@given(st.text(max_size=20))
def test_a_name_that_is_accepted_stays_below(name: str) -> None:
    try:
        clean = check_name(name, "entry")
    except RefusedValue:
        return
    assert ".." not in clean.split("/")
    assert not clean.startswith("/")
    assert ":" not in clean
    assert "\\" not in clean


def test_small_archives_are_tar() -> None:
    packed = pack({"App_Data/x.json": b"{}", "größe.txt": b"1"}, 1_700_000_000)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert {entry.name: tar.extractfile(entry).read() for entry in tar} == {  # type: ignore[union-attr]
            "App_Data/x.json": b"{}",
            "größe.txt": b"1",
        }
    with pytest.raises(RefusedValue, match=r"contains \.\."):
        pack({"../x": b""}, 0)


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0-rc.1+build", "v3", "a_b"])
def test_versions_that_name_directories(version: str) -> None:
    assert paths.check_version(version) == version


@pytest.mark.parametrize(
    "version", ["", "..", ".hidden", "a/b", "a\\b", "1.0.", "nul", "COM1.2", "a b", "x" * 65, "1\n", "%a%"]
)
def test_versions_that_do_not(version: str) -> None:
    with pytest.raises(RefusedValue):
        paths.check_version(version)


@pytest.mark.parametrize(
    ("given_path", "clean"),
    [
        (r"C:\releases\shop", r"C:\releases\shop"),
        ("C:/releases/shop/", r"C:\releases\shop"),
        (r"D:\my sites", r"D:\my sites"),
    ],
)
def test_directories(given_path: str, clean: str) -> None:
    assert paths.check_directory(given_path, "root") == clean


@pytest.mark.parametrize(
    "path",
    ["C:\\", "C:", "releases", r"\releases", r"\\server\share\x", r"C:\a\..\b", r"C:\a\.\b", r"C:\a\nul", r"C:\a.",
     r"C:\%x%", r"C:\a&b", "C:\\a\nb", r"C:\a:b", "/srv/releases", r"C:\a\\b"],
)  # fmt: skip
def test_directories_that_are_refused(path: str) -> None:
    with pytest.raises(RefusedValue):
        paths.check_directory(path, "root")


def test_paths_are_compared_as_windows_does() -> None:
    assert paths.same_path("C:\\Releases\\Shop\\", "c:/releases/shop")
    assert not paths.same_path(r"C:\releases\shop", r"C:\releases\shop2")
    assert paths.inside(r"C:\a\b", r"c:\A")
    assert not paths.inside(r"C:\ab", r"C:\a")
    assert paths.child_name(r"C:\Releases\Shop\1.0", r"c:\releases\shop") == "1.0"
    assert paths.child_name(r"C:\releases\shop\1.0\sub", r"C:\releases\shop") is None
    assert paths.expand(r"%SystemDrive%\inetpub", r"D:\Windows") == r"D:\inetpub"
    assert paths.expand(r"%windir%\x", r"D:\Windows") == r"D:\Windows\x"
