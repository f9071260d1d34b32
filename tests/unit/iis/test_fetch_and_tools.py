# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl's configuration and failures, and what the node's other tools print."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import fetch
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import (
    IisError,
    ProgramMissing,
    RefusedValue,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.fetch import Source
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.marker import (
    Marker,
    digest_files,
    digest_matches,
    read_history,
    read_marker,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.masking import MASK, Masker
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.node_windows import WindowsFiles
from hypothesis import given
from hypothesis import strategies as st

from .conftest import WINDOWS, ScriptedNode, cmd

URL = "https://artifacts.test:8443/shop/web.zip"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def files(node: ScriptedNode) -> WindowsFiles:
    return WindowsFiles(node, WINDOWS)


def test_credentials_are_on_standard_input_and_not_on_the_command_line(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect("curl -q --config -", "status=200")
    files.download(Source(URL, "deploy", 's3cr"et\\'), r"C:\r\a b.zip", 60, 1000)
    command = node.seen[0]
    assert command.stdin is not None
    text = command.stdin.decode()
    assert 'user = "deploy:s3cr\\"et\\\\"\n' in text
    assert 'output = "C:\\\\r\\\\a b.zip"\n' in text
    assert 'proto = "=https"\n' in text
    assert "\nfail\n" in text
    assert "\nmax-filesize = 1000\n" in text
    assert "s3cr" not in command.argument_line
    assert "s3cr" not in repr(command)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_no_value_can_add_an_option(user: str, password: str) -> None:
    text = fetch.configuration(Source(URL, user, password), 60, "out").decode()
    plain = fetch.configuration(Source(URL, "u", "p"), 60, "out").decode()
    assert len(text.splitlines()) == len(plain.splitlines()) or not (user or password)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source("http://a.test/x"), "https://"),
        (Source("ftp://a.test/x"), "https://"),
        (Source("https://"), "https://"),
        (Source("https://user:pw@a.test/x"), "contains credentials"),
        (Source('https://a.test/x\noutput = "C:\\x"'), "control character"),
        (Source(URL, "a:b", "c"), "colon"),
        (Source(URL, "a", "b\nc"), "control character"),
    ],
)
def test_sources_that_are_refused(source: Source, words: str) -> None:
    with pytest.raises(RefusedValue, match=words) as caught:
        fetch.check_source(source)
    assert "pw" not in caught.value.message


@pytest.mark.parametrize(
    ("exit_code", "stdout", "words"),
    [
        (22, "status=404", r"no such file \(HTTP 404\)"),
        (22, "status=401", r"requires a login \(HTTP 401\)"),
        (22, "status=403", "refuses access"),
        (22, "status=500", "answered HTTP 500"),
        (6, "status=000", "cannot resolve its host name"),
        (7, "status=000", "nothing listens"),
        (23, "status=200", "check its disk"),
        (28, "status=000", "took too long"),
        (60, "status=000", "does not trust its certificate"),
        (56, "status=200", "broke off"),
        (63, "status=200", "larger than the free space"),
        (99, "", "exit code 99"),
    ],
)
def test_failures_of_a_download_are_explained(
    files: WindowsFiles, node: ScriptedNode, exit_code: int, stdout: str, words: str
) -> None:
    node.expect("curl -q --config -", stdout, exit_code, "curl: (x) something")
    with pytest.raises(IisError, match=words) as caught:
        files.download(Source(URL + "?sig=abc"), r"C:\a.zip", 60, 1000)
    assert URL in caught.value.message
    assert "sig=abc" not in caught.value.message


@pytest.mark.parametrize(
    ("stdout", "size"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\nstatus=200", 1234),
        ("HTTP/1.1 302 NodeState\r\ncontent-length: 0\r\n\r\nHTTP/2 200\r\ncontent-length: 77\r\n\r\nstatus=200", 77),
        ("HTTP/1.1 200 OK\r\n\r\nstatus=200", None),
        ("HTTP/1.1 405 No\r\nContent-Length: 12\r\n\r\nstatus=405", None),
        ("HTTP/1.1 403 No\r\n\r\nstatus=403", None),
    ],
)
def test_the_size_comes_from_the_last_headers(
    files: WindowsFiles, node: ScriptedNode, stdout: str, size: int | None
) -> None:
    node.expect("curl -q --config -", stdout)
    assert files.remote_size(Source(URL)) == size


def test_a_missing_artifact_is_seen_before_the_download(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect("curl -q --config -", "HTTP/1.1 404 Not NodeState\r\n\r\nstatus=404")
    with pytest.raises(IisError, match="no such file"):
        files.remote_size(Source(URL))


@pytest.mark.parametrize(
    "printed",
    [
        f"SHA256 hash of C:\\a.zip:\r\n{SHA}\r\nCertUtil: -hashfile command completed successfully.\r\n",
        f"SHA256-Hash von C:\\a.zip:\r\n{SHA.upper()}\r\nCertUtil: -hashfile-Befehl wurde erfolgreich ausgeführt.\r\n",
        "SHA256 hash of file C:\\a.zip:\r\n"
        + " ".join(SHA[i : i + 2] for i in range(0, 64, 2))
        + "\r\nCertUtil: ok\r\n",
    ],
)
def test_hashes_are_read_in_every_language_and_version(files: WindowsFiles, node: ScriptedNode, printed: str) -> None:
    node.expect(r"certutil -hashfile C:\a.zip SHA256", printed)
    assert files.sha256(r"C:\a.zip") == SHA


def test_a_hash_that_cannot_be_read_is_an_error(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect(r"certutil -hashfile C:\a.zip SHA256", "CertUtil: ERROR", -2147024894)
    with pytest.raises(IisError, match="cannot hash"):
        files.sha256(r"C:\a.zip")


@pytest.mark.parametrize(
    "printed",
    [
        "Total # of free bytes        : 59234234368\r\nTotal # of bytes : 136\r\n",
        "Total free bytes                :  59,234,234,368 ( 55.2 GB)\r\nTotal bytes : 1,0 ( 1 GB)\r\n",
        "Freie Bytes insgesamt : 59.234.234.368 (55,2 GB)\r\n",
        "Nombre total d'octets libres : 59\u00a0234\u00a0234\u00a0368 (55,2 Go)\r\n",
    ],
)
def test_free_space_is_read_in_every_language_and_version(
    files: WindowsFiles, node: ScriptedNode, printed: str
) -> None:
    node.expect("fsutil volume diskfree C:", printed)
    assert files.free_bytes(r"C:\releases\shop") == 59234234368


def test_free_space_that_cannot_be_read_is_an_error(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect("fsutil volume diskfree C:", "Error 5: Access is denied.", 1)
    with pytest.raises(IisError, match=r"cannot be read"):
        files.free_bytes(r"C:\x")


def test_a_directory_without_directories_is_not_a_missing_one(files: WindowsFiles, node: ScriptedNode) -> None:
    listing = r'cmd /d /v:off /s /c "dir /b /ad "C:\r""'
    exists = r'cmd /d /v:off /s /c "if exist "C:\r\" (exit 0) else (exit 3)"'
    everything = r'cmd /d /v:off /s /c "dir /a "C:\r""'
    node.expect(listing, "1.0\r\n.incoming-2\r\n").expect(listing, "", 1).expect(exists).expect(everything)
    node.expect(listing, "", 1).expect(exists, "", 3)
    assert files.directories(r"C:\r") == ["1.0", ".incoming-2"]
    assert files.directories(r"C:\r") == []
    assert files.directories(r"C:\r") is None
    node.done()


def test_a_removal_is_verified(files: WindowsFiles, node: ScriptedNode) -> None:
    remove = r'cmd /d /v:off /s /c "rmdir /s /q "C:\r""'
    exists = r'cmd /d /v:off /s /c "if exist "C:\r\" (exit 0) else (exit 3)"'
    node.expect(remove).expect(exists, "", 3).expect(remove).expect(exists)
    assert files.remove_directory(r"C:\r") is True
    assert files.remove_directory(r"C:\r") is False


def test_missing_tools_are_reported(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect("curl --version", "curl 8.4.0 (Windows) libcurl/8.4.0 Schannel")
    node.expect_raise("tar --version", ProgramMissing("no"))
    node.expect(rf'cmd /d /v:off /s /c "if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)"')
    assert files.tools() == {"curl": "8.4.0", "tar": None, "certutil": ""}


def test_the_record_proves_content_and_not_a_name() -> None:
    settings = {"appsettings.json": '{"p": "secret"}'}
    files = {"web.config": SHA}
    marker = Marker("2.0", f"sha256:{SHA}", "2026-01-01T00:00:00Z", digest_files(settings), files, "salt:hash", "shop")
    again = read_marker(marker.to_json().decode())
    assert again == marker
    assert again is not None
    assert again.proves("shop", "2.0", f"sha256:{SHA}", settings)
    assert not again.proves("other", "2.0", f"sha256:{SHA}", settings)
    assert not again.proves("shop", "2.1", f"sha256:{SHA}", settings)
    assert not again.proves("shop", "2.0", "sha256:0", settings)
    assert not again.proves("shop", "2.0", f"sha256:{SHA}", {"appsettings.json": "{}"})
    assert b"secret" not in marker.to_json()


def test_the_same_settings_never_have_the_same_hash_twice() -> None:
    one, two = digest_files({"a": "b"}), digest_files({"a": "b"})
    assert one != two
    assert digest_matches(one, {"a": "b"})
    assert digest_matches(two, {"a": "b"})
    assert not digest_matches("nonsense", {"a": "b"})


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"format": 2, "version": "1"}'])
def test_an_unreadable_record_is_none(text: str | None) -> None:
    assert read_marker(text) is None
    assert read_history(text) is None


def test_secrets_are_masked_in_every_form() -> None:
    masker = Masker(["p@ss w\\rd", "x", None, ""])
    result = masker.deep({"a": ["p@ss w\\rd!", ("p%40ss%20w%5Crd",)], "p@ss w\\rd": 1, "n": 5, "x": "x"})
    assert result == {"a": [f"{MASK}!", [MASK]], MASK: 1, "n": 5, "x": "x"}


def test_a_directory_that_cannot_be_listed_is_not_an_empty_one(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect(cmd(r'dir /b /ad "C:\r"'), "", 1, "Access is denied.")
    node.expect(cmd('if exist "C:\\r\\" (exit 0) else (exit 3)')).expect(
        cmd(r'dir /a "C:\r"'), "", 1, "Access is denied."
    )
    with pytest.raises(IisError, match=r"cannot be listed on the node .*Access is denied"):
        files.directories(r"C:\r")
    node.done()


def test_a_file_that_cannot_be_read_is_not_a_missing_one(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect(cmd(r'type "C:\x"'), "", 1, "Access is denied.").expect(cmd(r'if exist "C:\x" (exit 0) else (exit 3)'))
    with pytest.raises(IisError, match=r"cannot be read on the node .*Access is denied"):
        files.read_text(r"C:\x")
    node.expect_missing(r"C:\x")
    assert files.read_text(r"C:\x") is None
    node.done()


@pytest.mark.parametrize("code", [1, 5, -1073741502])
def test_a_failing_cmd_does_not_prove_that_something_is_gone(
    files: WindowsFiles, node: ScriptedNode, code: int
) -> None:
    node.expect(cmd(r'rmdir /s /q "C:\r"')).expect(cmd('if exist "C:\\r\\" (exit 0) else (exit 3)'), "", code)
    with pytest.raises(IisError, match="whether it exists is unknown"):
        files.remove_directory(r"C:\r")


def test_a_tool_that_does_not_run_is_missing(files: WindowsFiles, node: ScriptedNode) -> None:
    node.expect("curl --version", "", -1073741515).expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'), "", 3)
    assert files.tools() == {"curl": None, "tar": "3.6.2", "certutil": None}
