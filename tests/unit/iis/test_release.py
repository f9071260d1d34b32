# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release's behaviour, command by command."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd import Appcmd
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import (
    ConnectionLost,
    IisError,
    RefusedValue,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.fetch import Source
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.marker import History, Marker, digest_files
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.node_windows import WindowsFiles
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release import ReleaseOptions
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release_info import InfoTask
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release_states import STATES
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.reporter import TaskReporter
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.site_api import AppcmdSites
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import Command, CommandResult
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.tree import digest, digest_matches

from .conftest import WINDOWS, Clock, ScriptedNode, cmd, vdir, xml

ROOT = r"C:\releases\shop"
URL = "https://artifacts.test:8443/shop/2.0/web.zip"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SHA = f"sha256:{HEX}"
SETTINGS = {"appsettings.json": '{"password": "s3cret"}'}
VDIRS = "appcmd list vdir /xml"
CURL = "curl -q --config -"
HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\nstatus=200"
GIB = 1024**3


FILES = {"bin": "directory", r"bin\shop.dll": "a" * 64, "web.config": "b" * 64}
SALT = b"0123456789abcdef"
DIGEST = digest(FILES, SALT)


def marker_json(
    version: str,
    checksum: str = SHA,
    files: dict[str, str] | None = None,
    at: str = "2026-01-01",
    manifest: dict[str, str] | None = None,
    app: str = "",
) -> str:
    held = FILES if manifest is None else manifest
    settings = digest_files(SETTINGS if files is None else files)
    return Marker(version, checksum, f"{at}T00:00:00Z", settings, held, digest(held, SALT), app).to_json().decode()


def tree_command(directory: str, hashes: bool = True) -> str:
    hashing = rf'& if not exist "%f\" {WINDOWS}\System32\certutil.exe -hashfile "%f" SHA256' if hashes else ""
    return cmd(f'for /f "delims=" %f in (\'dir /s /b /a "{directory}"\') do @(echo :%~af:%~zf:%~tf:%f{hashing})')


def tree_output(directory: str, files: dict[str, str], attributes: str = "--a------", at: str = "10:00") -> str:
    """What the loop prints: an entry for each path, certutil's hash behind each file that is not empty."""
    lines = [f":d--------:0:01/02/2026 10:00 AM:{directory}\\App_Data"]
    lines += [f":--a------:300:01/02/2026 10:00 AM:{directory}\\App_Data\\zero_downtime.json", "SHA256:", "f" * 64]
    for path, content in files.items():
        if content == "directory":
            lines.append(f":d--------:0:01/02/2026 {at} AM:{directory}\\{path}")
            continue
        size = 0 if content == EMPTY else 10
        lines.append(f":{attributes}:{size}:01/02/2026 {at} AM:{directory}\\{path}")
        lines += [f"SHA256 of {directory}\\{path}:", content] if size else ["CertUtil: FAILED: 0x800703ee"]
    return "\r\n".join(lines) + "\r\n"


EMPTY = hashlib.sha256(b"").hexdigest()


def verified(node: ScriptedNode, version: str = "2.0", files: dict[str, str] | None = None) -> ScriptedNode:
    """The files of a staged version, read with their hashes."""
    directory = rf"{ROOT}\{version}"
    return node.expect(tree_command(directory), tree_output(directory, FILES if files is None else files))


def verified_again(node: ScriptedNode, files: dict[str, str] | None = None, at: str = "10:00") -> ScriptedNode:
    """The entries after the switch, without hashes."""
    directory = rf"{ROOT}\2.0"
    return node.expect(tree_command(directory, False), tree_output(directory, files or FILES, at=at))


def completed(node: ScriptedNode, answer: Any = None) -> ScriptedNode:
    """Settings, the files as they are then, and the staging record."""
    write = rf"tar -xf - -C {ROOT}\.incoming-2.0-*"

    def listed(command: Command) -> CommandResult:
        directory = re.search(r'dir /s /b /a "([^"]*)"', command.argument_line)
        assert directory
        return CommandResult(0, tree_output(directory[1], FILES))

    node.expect_call(write, answer or (lambda command: CommandResult(0)))
    node.expect_call(tree_command(rf"{ROOT}\.incoming-2.0-*"), listed)
    return node.expect_call(write, answer or (lambda command: CommandResult(0)))


def history_json(version: str, previous: str) -> str:
    return History(version, previous, rf"{ROOT}\{previous}", "2026-01-02T00:00:00Z").to_json().decode()


DIRS = cmd(f'dir /b /ad "{ROOT}"')
FREE = "fsutil volume diskfree C:"


def free(size: int) -> str:
    return f"Total free bytes : {size:,} ( x GB)\r\n"


def marker_file(version: str) -> str:
    return rf"{ROOT}\{version}\App_Data\zero_downtime.json"


def type_marker(version: str) -> str:
    return cmd(f'type "{marker_file(version)}"')


TYPE_HISTORY = cmd(rf'type "{ROOT}\zero_downtime.json"')


@pytest.fixture
def run(appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter, clock: Clock) -> Any:
    def call(state: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        defaults: dict[str, Any] = {"site": "Shop", "root": ROOT, "state": state, "version": "2.0"}
        if state == "staged":
            defaults |= {"source": Source(URL, "deploy", "pa55word"), "checksum": SHA, "files": SETTINGS, "keep": 0}
        wanted = ReleaseOptions(**{**defaults, **options})
        return STATES[state](
            WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), wanted, reporter, check_mode, clock
        ).run()

    return call


ZIP_HEAD = "PK\x03\x04\x14\0\0\0"
_ADDRESS = "file:///" + ROOT.replace("\\", "/") + "/.incoming-2.0-*.zip"
HEAD_OF_ARCHIVE = f"curl -q --silent --show-error --proto =file --range 0-7 {_ADDRESS}"


def found(node: ScriptedNode, current: str = "1.0", *versions: str) -> ScriptedNode:
    """The reads that every state begins with."""
    path = current if "\\" in current else rf"{ROOT}\{current}"
    node.expect(VDIRS, xml(vdir("Other/", r"C:\x"), vdir("Shop/", path)))
    return node.expect(DIRS, "".join(f"{name}\r\n" for name in versions or ("1.0",)))


def staging(
    node: ScriptedNode, names: str = "web.config\r\nshop.dll", details: str | None = None, head: str = ZIP_HEAD
) -> ScriptedNode:
    """The commands of a staging up to the listing."""
    node.expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    node.expect(cmd(rf'mkdir "{ROOT}\.incoming-2.0-*"'))
    node.expect(CURL, "status=200")
    node.expect(rf"certutil -hashfile {ROOT}\.incoming-2.0-*.zip SHA256", f"x\r\n{HEX}\r\ny")
    node.expect(HEAD_OF_ARCHIVE, head)
    node.expect(rf"tar -tf {ROOT}\.incoming-2.0-*.zip", names)
    default = "\r\n".join(f"-rw-rw-rw- 0 0 0 1000 Jan 01 12:00 {name.strip()}" for name in names.split("\n"))
    return node.expect(rf"tar -tvf {ROOT}\.incoming-2.0-*.zip", details or default)


def cleaning_up(node: ScriptedNode) -> ScriptedNode:
    node.expect(cmd(rf'del /f /q "{ROOT}\.incoming-2.0-*.zip"'))
    node.expect(cmd(rf'rmdir /s /q "{ROOT}\.incoming-2.0-*"'))
    node.expect(cmd(rf'if exist "{ROOT}\.incoming-2.0-*\" (exit 0) else (exit 3)'), exit_code=3)
    return node.expect(FREE, free(9 * GIB))


def test_a_release_is_staged_beside_and_renamed_last(run: Any, node: ScriptedNode, reporter: TaskReporter) -> None:
    written: dict[str, bytes] = {}

    def take(command: Command) -> CommandResult:
        assert command.stdin is not None
        with tarfile.open(fileobj=io.BytesIO(command.stdin)) as tar:
            written.update({entry.name: tar.extractfile(entry).read() for entry in tar})  # type: ignore[union-attr]
        return CommandResult(0)

    staging(found(node)).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    completed(node, take)
    node.expect(cmd(rf'ren "{ROOT}\.incoming-2.0-*" "2.0"'))
    node.expect(cmd(rf'del /f /q "{ROOT}\.incoming-2.0-*.zip"'))
    result = run("staged")
    node.done()
    assert result["changed"] is True
    assert (result["version"], result["path"]) == ("2.0", rf"{ROOT}\2.0")
    assert (result["previous_version"], result["previous_path"]) == ("1.0", rf"{ROOT}\1.0")
    assert (result["archive_bytes"], result["unpacked_bytes"], result["files_unpacked"]) == (1048576, 2000, 2)
    assert result["diff"]["before"]["staged"] == ["1.0"]
    assert result["diff"]["after"]["staged"] == ["1.0", "2.0"]
    assert written["appsettings.json"] == SETTINGS["appsettings.json"].encode()
    record = json.loads(written["App_Data/zero_downtime.json"])
    assert record["manifest"] == FILES
    assert result["manifest"] == record["manifest_digest"]
    assert digest_matches(result["manifest"], FILES)
    assert (record["version"], record["checksum"]) == ("2.0", SHA)
    assert "s3cret" not in json.dumps([result, record])
    assert all(
        "pa55word" not in command.argument_line and "s3cret" not in command.argument_line for command in node.seen
    )
    assert not any(rf"{ROOT}\1.0" in command.argument_line for command in node.seen)
    assert reporter.warnings == []


def test_a_second_run_changes_nothing(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    result = run("staged")
    node.done()
    assert result["changed"] is False
    assert result["manifest"] == DIGEST
    assert result["diff"]["before"] == result["diff"]["after"]


def test_a_second_run_of_the_running_version_changes_nothing(run: Any, node: ScriptedNode) -> None:
    found(node, "2.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    assert run("staged")["changed"] is False
    node.done()


def test_check_mode_checks_artifact_and_disk_and_changes_nothing(run: Any, node: ScriptedNode) -> None:
    found(node).expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    result = run("staged", check_mode=True)
    node.done()
    assert (result["changed"], result["archive_bytes"]) == (True, 1048576)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (marker_json("2.0", "sha256:" + "0" * 64), "was staged from sha256:000"),
        (marker_json("2.0", files={"appsettings.json": "{}"}), "other settings"),
        ("", "no staging record"),
    ],
)
def test_the_running_version_is_never_changed(run: Any, node: ScriptedNode, record: str, words: str) -> None:
    found(node, "2.0", "1.0", "2.0")
    if record:
        node.expect(type_marker("2.0"), record)
    else:
        node.expect_missing(marker_file("2.0"))
    with pytest.raises(IisError, match=f"{words}.*new version"):
        run("staged")
    node.done()


def test_another_build_of_a_version_that_does_not_run_is_replaced(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0", "sha256:" + "0" * 64))
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    completed(node)
    node.expect(cmd(rf'ren "{ROOT}\2.0" ".replaced-2.0-*"'))
    node.expect(cmd(rf'ren "{ROOT}\.incoming-2.0-*" "2.0"'))
    node.expect(cmd(rf'rmdir /s /q "{ROOT}\.replaced-2.0-*"'))
    node.expect(cmd(rf'if exist "{ROOT}\.replaced-2.0-*\" (exit 0) else (exit 3)'), exit_code=3)
    node.expect(cmd(rf'del /f /q "{ROOT}\.incoming-2.0-*.zip"'))
    result = run("staged")
    node.done()
    assert result["changed"] is True
    assert result["diff"]["before"]["checksum"] == "sha256:" + "0" * 64


def test_a_build_in_use_is_not_replaced(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect_missing(marker_file("2.0"))
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    completed(node)
    node.expect(cmd(rf'ren "{ROOT}\2.0" ".replaced-2.0-*"'), "", 1, "Access is denied.")
    cleaning_up(node)
    with pytest.raises(IisError, match="in use"):
        run("staged")
    node.done()


def test_the_former_build_is_restored_when_the_rename_fails(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect_missing(marker_file("2.0"))
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    completed(node)
    node.expect(cmd(rf'ren "{ROOT}\2.0" ".replaced-2.0-*"'))
    node.expect(cmd(rf'ren "{ROOT}\.incoming-2.0-*" "2.0"'), "", 1, "Access is denied.")
    node.expect(cmd(rf'ren "{ROOT}\.replaced-2.0-*" "2.0"'))
    cleaning_up(node)
    with pytest.raises(IisError, match="cannot be renamed"):
        run("staged")
    node.done()


def test_a_wrong_checksum_unpacks_nothing(run: Any, node: ScriptedNode) -> None:
    found(node).expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    node.expect(cmd(rf'mkdir "{ROOT}\.incoming-2.0-*"')).expect(CURL, "status=200")
    node.expect(rf"certutil -hashfile {ROOT}\.incoming-2.0-*.zip SHA256", "x\r\n" + "a" * 64)
    cleaning_up(node)
    with pytest.raises(IisError, match=f"sha256:{'a' * 64}, {SHA} was expected") as caught:
        run("staged")
    node.done()
    assert caught.value.facts["cleaned_up"] is True


def test_a_missing_artifact_touches_nothing(run: Any, node: ScriptedNode) -> None:
    found(node).expect(CURL, "HTTP/1.1 404 Not NodeState\r\n\r\nstatus=404")
    with pytest.raises(IisError, match="no such file"):
        run("staged")
    node.done()


def test_an_archive_that_leaves_its_directory_is_not_unpacked(run: Any, node: ScriptedNode) -> None:
    cleaning_up(staging(found(node), "web.config\r\n../../evil.dll"))
    with pytest.raises(RefusedValue, match=r"contains \.\."):
        run("staged")
    node.done()
    assert not any("-xf" in command.arguments for command in node.seen)


def test_too_little_space_is_seen_before_the_download(run: Any, node: ScriptedNode) -> None:
    found(node).expect(CURL, HEAD).expect(FREE, free(100 * 1024 * 1024))
    with pytest.raises(IisError, match="100 MiB free, 104 MiB are needed") as caught:
        run("staged")
    node.done()
    assert caught.value.facts["needed_bytes"] == 104 * 1024 * 1024


def test_too_little_space_for_what_is_in_the_archive_is_seen_before_unpacking(run: Any, node: ScriptedNode) -> None:
    details = "-rw-rw-rw- 0 0 0 20000000000 Jan 01 12:00 big.bin"
    staging(found(node), "big.bin", details).expect(FREE, free(10 * GIB))
    cleaning_up(node)
    with pytest.raises(IisError, match="to unpack the release"):
        run("staged")
    node.done()


def test_a_disk_that_fills_while_unpacking_is_cleaned_up(run: Any, node: ScriptedNode) -> None:
    staging(found(node)).expect(FREE, free(10 * GIB))
    node.expect(
        rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*", "", 1, "tar.exe: shop.dll: Write failed"
    )
    cleaning_up(node)
    with pytest.raises(IisError, match=r"could not unpack the archive.*Write failed") as caught:
        run("staged")
    node.done()
    assert caught.value.facts == {"cleaned_up": True, "free_bytes": 9 * GIB}


def test_a_connection_lost_while_unpacking_is_not_followed_by_more_commands(
    run: Any, node: ScriptedNode, reporter: TaskReporter
) -> None:
    staging(found(node)).expect(FREE, free(10 * GIB))
    node.expect_raise(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*", ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        run("staged")
    node.done()
    assert reporter.step == "staging version 2.0"
    assert "running release was not changed" in reporter.if_lost


def test_old_versions_are_pruned_and_protected_ones_kept(run: Any, node: ScriptedNode, reporter: TaskReporter) -> None:
    versions = ("0.7", "0.8", "0.9", "1.0", "2.0", "backup")
    verified(found(node, "1.0", *versions).expect(type_marker("2.0"), marker_json("2.0")))
    node.expect(TYPE_HISTORY, history_json("1.0", "0.7"))
    node.expect(type_marker("0.8"), marker_json("0.8", at="2025-01-01"))
    node.expect(type_marker("0.9"), marker_json("0.9", at="2025-06-01"))
    node.expect_missing(marker_file("backup"))
    node.expect(cmd(rf'ren "{ROOT}\0.9" ".removing-0.9-*"'), "", 1, "Access is denied.")
    node.expect(cmd(rf'ren "{ROOT}\0.8" ".removing-0.8-*"'))
    node.expect(cmd(rf'rmdir /s /q "{ROOT}\.removing-0.8-*"'))
    node.expect(cmd(rf'if exist "{ROOT}\.removing-0.8-*\" (exit 0) else (exit 3)'), exit_code=3)
    result = run("staged", keep=3)
    node.done()
    assert result["changed"] is True
    assert (result["pruned"], result["kept_locked"]) == (["0.8"], ["0.9"])
    assert "0.9 is in use" in reporter.warnings[0]
    assert result["diff"]["after"]["staged"] == ["0.7", "0.9", "1.0", "2.0", "backup"]


def test_old_versions_are_pruned_before_the_space_check(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "0.8", "0.9", "1.0", ".incoming-2.0-0123")
    node.expect(TYPE_HISTORY, history_json("1.0", "0.9"))
    node.expect(type_marker("0.8"), marker_json("0.8", at="2025-01-01"))
    node.expect(CURL, HEAD)
    for name in (".incoming-2.0-0123", ".removing-0.8-*"):
        if "removing" in name:
            node.expect(cmd(rf'del /f /q "{ROOT}\.incoming-*.zip"'))
            node.expect(cmd(rf'ren "{ROOT}\0.8" "{name}"'))
        node.expect(cmd(rf'rmdir /s /q "{ROOT}\{name}"'))
        node.expect(cmd(rf'if exist "{ROOT}\{name}\" (exit 0) else (exit 3)'), exit_code=3)
    node.expect(FREE, free(1024))
    with pytest.raises(IisError, match="Nothing was staged"):
        run("staged", keep=3)
    node.done()


def test_check_mode_accepts_space_that_pruning_would_free(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "0.9", "1.0", ".incoming-2.0-0123").expect(CURL, HEAD).expect(FREE, free(1024))
    assert run("staged", check_mode=True)["changed"] is True
    node.done()


def test_a_root_in_the_running_directory_is_refused(run: Any, node: ScriptedNode) -> None:
    node.expect(VDIRS, xml(vdir("Shop/", r"%SystemDrive%\Releases")))
    with pytest.raises(IisError, match="runs from"):
        run("staged")
    node.done()


def test_unknown_sites_and_applications_are_named_with_the_known_ones(run: Any, node: ScriptedNode) -> None:
    node.expect(VDIRS, xml(vdir("Default Web Site/", r"C:\x"), vdir("Blue/", r"C:\y")))
    with pytest.raises(IisError, match="no site 'Shop'; it has: Blue, Default Web Site"):
        run("current")
    node.expect(VDIRS, xml(vdir("Shop/", r"C:\x")))
    with pytest.raises(IisError, match="no application '/api'"):
        run("current", application="/api")
    node.done()


SWITCH = rf"appcmd set vdir /vdir.name:Shop/ /physicalPath:{ROOT}\2.0"


def test_the_switch_is_verified_and_recorded(run: Any, node: ScriptedNode) -> None:
    kept: list[bytes] = []

    def keep(command: Command) -> CommandResult:
        kept.append(command.stdin or b"")
        return CommandResult(0)

    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    node.expect(SWITCH, 'VDIR object "Shop/" changed')
    verified_again(node.expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\2.0"))))
    node.expect_call(f"tar -xf - -C {ROOT}", keep)
    result = run("current")
    node.done()
    assert (result["changed"], result["previous_version"]) == (True, "1.0")
    assert result["diff"] == {
        "before": {"physical_path": rf"{ROOT}\1.0", "version": "1.0"},
        "after": {"physical_path": rf"{ROOT}\2.0", "version": "2.0"},
    }
    assert b'"previous_version": "1.0"' in kept[0]


CHANGED = {
    "changed": ({**FILES, "web.config": "c" * 64}, "changed: web.config"),
    "added": ({**FILES, r"bin\planted.dll": "c" * 64}, r"added: bin\\planted.dll"),
    "added directory": ({**FILES, "evil": "directory"}, "added: evil"),
    "missing": ({"bin": "directory", r"bin\shop.dll": "a" * 64}, "missing: web.config"),
    "emptied": ({**FILES, "web.config": EMPTY}, "changed: web.config"),
}


@pytest.mark.parametrize(("files", "words"), CHANGED.values(), ids=CHANGED)
def test_a_release_that_was_changed_after_its_staging_does_not_go_live(
    run: Any, node: ScriptedNode, files: dict[str, str], words: str
) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")), files=files)
    with pytest.raises(IisError, match=f"{words}.*The site was not switched"):
        run("current")
    node.done()


@pytest.mark.parametrize(("files", "words"), CHANGED.values(), ids=CHANGED)
def test_a_release_that_was_changed_after_its_staging_is_staged_again(
    run: Any, node: ScriptedNode, reporter: TaskReporter, files: dict[str, str], words: str
) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")), files=files)
    node.expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    assert run("staged", check_mode=True)["changed"] is True
    assert re.search(words, reporter.warnings[0])
    node.done()


FORGED = {**FILES, r"bin\shop.dll": "d" * 64}


def test_a_forged_record_proves_nothing_where_the_proof_is_kept_elsewhere(run: Any, node: ScriptedNode) -> None:
    """Files and record agree, and are not those that were staged."""
    planted = marker_json("2.0", manifest=FORGED)
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), planted), files=FORGED)
    with pytest.raises(IisError, match=r"is not the one that was kept.*The site was not switched"):
        run("current", manifest=DIGEST)
    node.done()
    for kept in (DIGEST, ""):
        verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), planted), files=FORGED)
        node.expect(CURL, HEAD).expect(FREE, free(10 * GIB))
        assert run("staged", check_mode=True, manifest=kept)["changed"] is True
        node.done()


def test_a_forged_record_that_names_the_kept_digest_contradicts_itself(run: Any, node: ScriptedNode) -> None:
    record = json.loads(marker_json("2.0", manifest=FORGED)) | {"manifest_digest": DIGEST}
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), json.dumps(record)), files=FORGED)
    with pytest.raises(IisError, match="contradicts itself"):
        run("current", manifest=DIGEST)
    node.done()


def test_what_was_staged_goes_live_with_the_kept_digest(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    verified_again(node.expect(SWITCH).expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\2.0"))))
    node.expect(f"tar -xf - -C {ROOT}")
    assert run("current", manifest=DIGEST)["changed"] is True
    node.done()


def test_a_file_that_changes_during_the_switch_is_a_failure(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    node.expect(SWITCH).expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\2.0")))
    verified_again(node, at="10:01")
    with pytest.raises(IisError, match="changed while the site was switched") as failure:
        run("current")
    node.done()
    assert failure.value.facts["current_path"] == rf"{ROOT}\2.0"


def test_what_the_application_adds_right_after_the_switch_is_no_failure(run: Any, node: ScriptedNode) -> None:
    """Its pool was not stopped, so it runs at once and writes a log."""
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    node.expect(SWITCH).expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\2.0")))
    verified_again(node, {**FILES, "logs": "directory", r"logs\stdout.log": "e" * 64}).expect(f"tar -xf - -C {ROOT}")
    assert run("current")["changed"] is True
    node.done()


def test_links_and_what_cannot_be_hashed_are_refused(run: Any, node: ScriptedNode) -> None:
    place = rf"{ROOT}\2.0"
    link = tree_output(place, FILES) + f":d-------l:0:01/02/2026 10:00 AM:{place}\\data\r\n"
    locked = tree_output(place, FILES) + f":--a------:7:01/02/2026 10:00 AM:{place}\\locked.dll\r\nCertUtil: FAILED\r\n"
    elsewhere = tree_output(r"C:\else", FILES)
    for output, words in (
        (link, r"2\.0\\data is a link"),
        (locked, r"cannot hash .*locked\.dll"),
        (elsewhere, "its content is unknown"),
        (tree_output(place, FILES) + ":?:unreadable\r\n", "cannot be listed"),
        ("", "cannot be listed"),
    ):
        found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
        node.expect(tree_command(place), output)
        with pytest.raises(IisError, match=words):
            run("current")
        node.done()


def test_the_application_below_a_site_has_a_path_of_its_own(run: Any, node: ScriptedNode) -> None:
    both = vdir("Shop/", r"C:\inetpub\shop"), vdir("Shop/api/", rf"{ROOT}\1.0")
    node.expect(VDIRS, xml(*both)).expect(DIRS, "1.0\r\n2.0\r\n").expect(type_marker("2.0"), marker_json("2.0"))
    verified(node).expect(rf"appcmd set vdir /vdir.name:Shop/api/ /physicalPath:{ROOT}\2.0")
    verified_again(node.expect(VDIRS, xml(both[0], vdir("Shop/api/", rf"{ROOT}\2.0")))).expect(f"tar -xf - -C {ROOT}")
    assert run("current", application="/api")["previous_version"] == "1.0"
    node.done()


def test_a_switch_to_the_running_version_changes_nothing(run: Any, node: ScriptedNode) -> None:
    found(node, "2.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    assert run("current")["changed"] is False
    node.done()


def test_a_switch_in_check_mode_only_says_so(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    assert run("current", check_mode=True)["changed"] is True
    node.done()


def test_a_switch_without_effect_is_a_failure(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    node.expect(SWITCH).expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\1.0")))
    with pytest.raises(IisError, match="after the switch"):
        run("current")


@pytest.mark.parametrize(
    ("versions", "words"), [(("1.0",), "is not staged"), (("1.0", "2.0"), "no record of a finished")]
)
def test_only_a_finished_staging_can_be_switched_to(
    run: Any, node: ScriptedNode, versions: tuple[str, ...], words: str
) -> None:
    found(node, "1.0", *versions)
    if "2.0" in versions:
        node.expect_missing(marker_file("2.0"))
    with pytest.raises(IisError, match=words):
        run("current")
    node.done()


def test_a_rollback_to_a_directory_that_was_not_staged(run: Any, node: ScriptedNode) -> None:
    found(node, "2.0", "2.0").expect(cmd(r'dir /b /ad "C:\inetpub\shop"'), "bin")
    node.expect(r"appcmd set vdir /vdir.name:Shop/ /physicalPath:C:\inetpub\shop")
    node.expect(VDIRS, xml(vdir("Shop/", r"C:\inetpub\shop")))
    result = run("current", version=None, path=r"C:\inetpub\shop")
    node.done()
    assert (result["changed"], result["version"], result["path"]) == (True, None, r"C:\inetpub\shop")


def test_a_connection_lost_at_the_switch_reports_the_possible_paths(
    run: Any, node: ScriptedNode, reporter: TaskReporter
) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0")))
    node.expect_raise(SWITCH, ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        run("current")
    assert rf"may run from {ROOT}\1.0 or from {ROOT}\2.0" in reporter.if_lost


def test_a_version_is_removed_and_the_running_one_is_not(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(cmd(rf'ren "{ROOT}\2.0" ".removing-2.0-*"'))
    node.expect(cmd(rf'rmdir /s /q "{ROOT}\.removing-2.0-*"'))
    node.expect(cmd(rf'if exist "{ROOT}\.removing-2.0-*\" (exit 0) else (exit 3)'), exit_code=3)
    assert run("absent")["changed"] is True
    found(node, "1.0", "1.0")
    assert run("absent")["changed"] is False
    found(node, "2.0", "1.0", "2.0")
    with pytest.raises(IisError, match="switch to another one first"):
        run("absent")
    node.done()


def test_a_version_in_use_is_not_removed_in_part(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(cmd(rf'ren "{ROOT}\2.0" ".removing-2.0-*"'), "", 1)
    with pytest.raises(IisError, match="in use"):
        run("absent")
    node.done()


def test_info_returns_what_runs_and_what_is_staged(appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter) -> None:
    found(node, "2.0", "1.0", "2.0", ".incoming-3-abc")
    node.expect(TYPE_HISTORY, history_json("2.0", "1.0"))
    node.expect_missing(marker_file("1.0")).expect(type_marker("2.0"), marker_json("2.0", app="shop"))
    node.expect(FREE, free(GIB)).expect("curl --version", "curl 8.4.0").expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'))
    node.expect("appcmd list requests /xml", "ERROR", 50)
    options = ReleaseOptions(site="Shop", root=ROOT, state="info")
    result = InfoTask(WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), AppcmdPools(appcmd), options, reporter).run()
    node.done()
    assert (result["current_version"], result["previous_version"]) == ("2.0", "1.0")
    assert result["current_app"] == "shop"
    assert [(v["version"], v["complete"], v["current"], v["checksum"]) for v in result["versions"]] == [
        ("1.0", False, False, None),
        ("2.0", True, True, SHA),
    ]
    assert result["versions"][1]["age_s"] > 0
    assert (result["leftovers"], result["free_bytes"]) == ([".incoming-3-abc"], GIB)
    assert result["role_services"] == {"request_monitor": False}


def test_info_of_a_node_that_never_had_a_release(appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter) -> None:
    node.expect(VDIRS, xml(vdir("Shop/", r"C:\inetpub\shop"))).expect(DIRS, "", 1)
    node.expect(cmd(rf'if exist "{ROOT}\" (exit 0) else (exit 3)'), "", 3)
    node.expect_missing(r"C:\inetpub\shop\App_Data\zero_downtime.json")
    node.expect(FREE, free(GIB)).expect("curl --version", "curl 8.4.0").expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'))
    node.expect("appcmd list requests /xml", xml())
    options = ReleaseOptions(site="Shop", root=ROOT, state="info")
    result = InfoTask(WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), AppcmdPools(appcmd), options, reporter).run()
    assert (result["current_version"], result["current_path"], result["versions"]) == (None, r"C:\inetpub\shop", [])
    assert result["current_app"] is None
    assert result["role_services"] == {"request_monitor": True}


def test_a_release_that_was_staged_for_another_application_is_not_this_one(run: Any, node: ScriptedNode) -> None:
    server(node, rf"{ROOT}\2.0", [], "2.0").expect(type_marker("2.0"), marker_json("2.0", app="other"))
    with pytest.raises(IisError, match="its directory was staged for the application 'other', not for 'shop'"):
        run("staged", app="shop")


API = vdir("Shop/api/", rf"{ROOT}\0.8\api")
IMAGES = vdir("Other/images", r"%SystemDrive%\RELEASES\shop\0.9", "/images")


def server(node: ScriptedNode, current: str, directories: list[str], *versions: str) -> ScriptedNode:
    """The reads that every state begins with, on a server with more virtual directories."""
    node.expect(VDIRS, xml(vdir("Shop/", current), *directories))
    return node.expect(DIRS, "".join(f"{name}\r\n" for name in versions))


def test_versions_that_anything_on_the_server_uses_are_not_pruned(run: Any, node: ScriptedNode) -> None:
    server(node, rf"{ROOT}\1.0", [API, IMAGES], "0.6", "0.7", "0.8", "0.9", "1.0", "2.0")
    verified(node.expect(type_marker("2.0"), marker_json("2.0"))).expect(TYPE_HISTORY, history_json("1.0", "0.7"))
    node.expect(type_marker("0.6"), marker_json("0.6", at="2025-01-01"))
    assert run("staged", keep=1, check_mode=True)["pruned"] == ["0.6"]
    node.done()


@pytest.mark.parametrize(
    ("directories", "record", "words"),
    [
        ([vdir("Other/", r"%UNKNOWN%\x")], history_json("1.0", "0.9"), "the path of Other/ has a variable"),
        ([], None, "the version before the last switch is not recorded"),
        ([], "{", "the version before the last switch is not recorded"),
        ([], history_json("0.8", "0.7"), "the version before the last switch is not recorded"),
    ],
)
def test_nothing_is_pruned_while_it_is_unknown_what_is_used(
    run: Any, node: ScriptedNode, reporter: TaskReporter, directories: list[str], record: str | None, words: str
) -> None:
    server(node, rf"{ROOT}\1.0", directories, "0.8", "0.9", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    verified(node)
    if record is None:
        node.expect_missing(rf"{ROOT}\zero_downtime.json")
    else:
        node.expect(TYPE_HISTORY, record)
    for version in ("0.8", "0.9"):
        if record != history_json("1.0", "0.9") or version == "0.8":
            node.expect(type_marker(version), marker_json(version))
    result = run("staged", keep=1)
    node.done()
    assert (result["pruned"], result["changed"]) == ([], False)
    assert words in reporter.warnings[0]


def test_a_record_that_cannot_be_read_is_a_failure_and_prunes_nothing(run: Any, node: ScriptedNode) -> None:
    server(node, rf"{ROOT}\1.0", [], "0.8", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    verified(node).expect(TYPE_HISTORY, "", 1, "Access is denied.")
    node.expect(cmd(rf'if exist "{ROOT}\zero_downtime.json" (exit 0) else (exit 3)'))
    with pytest.raises(IisError, match=r"zero_downtime\.json cannot be read"):
        run("staged", keep=1)
    node.done()


def test_records_with_a_byte_order_mark_are_read(run: Any, node: ScriptedNode) -> None:
    server(node, rf"{ROOT}\1.0", [], "0.7", "1.0", "2.0").expect(type_marker("2.0"), "\ufeff" + marker_json("2.0"))
    verified(node).expect(TYPE_HISTORY, "\ufeff" + history_json("1.0", "0.7"))
    result = run("staged", keep=1)
    node.done()
    assert (result["changed"], result["pruned"]) == (False, [])


def test_another_build_of_a_version_in_use_is_not_replaced(run: Any, node: ScriptedNode) -> None:
    used = vdir("Shop/api/", rf"{ROOT}\2.0\api")
    server(node, rf"{ROOT}\1.0", [used], "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0", "sha256:0"))
    with pytest.raises(IisError, match="used by Shop/api/"):
        run("staged")
    node.done()


def test_a_site_that_runs_from_a_directory_inside_of_a_version_runs_that_version(run: Any, node: ScriptedNode) -> None:
    server(node, rf"{ROOT}\2.0\wwwroot", [], "2.0").expect(type_marker("2.0"), marker_json("2.0", "sha256:0"))
    with pytest.raises(IisError, match="used by Shop/"):
        run("staged")
    server(node, rf"{ROOT}\2.0\wwwroot", [], "2.0")
    with pytest.raises(IisError, match="used by Shop/"):
        run("absent")
    node.done()


@pytest.mark.parametrize(
    ("directory", "user"),
    [(vdir("Shop/api/", rf"{ROOT}\2.0"), "Shop/api/"), (vdir("Other/", r"%UNKNOWN%\x"), "Other/")],
)
def test_a_version_that_is_or_may_be_used_is_not_removed(
    run: Any, node: ScriptedNode, directory: str, user: str
) -> None:
    server(node, rf"{ROOT}\1.0", [directory], "1.0", "2.0")
    with pytest.raises(IisError, match=f"is, or may be, used by {user}"):
        run("absent")
    node.done()


def test_the_switch_warns_of_what_stays_in_another_version(
    run: Any, node: ScriptedNode, reporter: TaskReporter
) -> None:
    server(node, rf"{ROOT}\1.0", [API, vdir("Shop/img", rf"{ROOT}\2.0\img", "/img")], "0.8", "1.0", "2.0")
    verified(node.expect(type_marker("2.0"), marker_json("2.0")))
    assert run("current", check_mode=True)["changed"] is True
    node.done()
    assert reporter.warnings == [
        rf"Shop/api/ still uses {ROOT}\0.8, so this version is not removed: "
        "change the physical path of that application or virtual directory as well."
    ]


def test_a_switch_that_appcmd_refuses_returns_where_the_site_runs(run: Any, node: ScriptedNode) -> None:
    verified(found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))).expect(SWITCH, "ERROR", 5)
    node.expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\1.0")))
    with pytest.raises(IisError, match="access denied") as caught:
        run("current")
    node.done()
    assert caught.value.facts["current_path"] == rf"{ROOT}\1.0"


@pytest.mark.parametrize(
    ("element", "words"),
    [('<VDIR VDIR.NAME="Shop/"/>', "without its physicalPath"), (vdir("Shop/", ""), "has no physical path")],
)
def test_a_site_without_a_physical_path_is_a_failure(run: Any, node: ScriptedNode, element: str, words: str) -> None:
    node.expect(VDIRS, xml(element))
    with pytest.raises(IisError, match=words):
        run("current")


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nstatus=200", "status=405"])
def test_a_size_that_the_server_does_not_return_is_a_warning(
    run: Any, node: ScriptedNode, reporter: TaskReporter, head: str
) -> None:
    found(node).expect(CURL, head).expect(FREE, free(10 * GIB))
    assert run("staged", check_mode=True)["archive_bytes"] is None
    assert "checked after the download only" in reporter.warnings[0]


ANCM = (
    '<configuration><system.webServer><aspNetCore processPath="dotnet" {}>{}</aspNetCore>'
    "</system.webServer></configuration>"
)
STAYS = '<handlerSettings><handlerSetting name="disallowRotationOnConfigChange" value="true"/></handlerSettings>'


def info(appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter, **options: Any) -> dict[str, Any]:
    wanted = ReleaseOptions(site="Shop", root=ROOT, state="info")
    files, sites, pools = WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), AppcmdPools(appcmd)
    return InfoTask(files, sites, pools, wanted, reporter, **options).run()


def tools(node: ScriptedNode) -> None:
    """The reads of iis_release_info behind the versions."""
    node.expect(FREE, free(GIB)).expect("curl --version", "curl 8.4.0").expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'))
    node.expect("appcmd list requests /xml", xml())


def test_info_names_the_applications_that_a_switch_restarts(
    appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter
) -> None:
    directories = [
        vdir("Shop/img", r"C:\img", "/img"),
        vdir("Runs/", r"C:\a"),
        vdir("Stays/", r"C:\b"),
        vdir("Static/", r"C:\c"),
        vdir("Classic/", r"C:\d"),
        vdir("Damaged/", r"C:\e"),
        vdir("Locked/", r"C:\f"),
        vdir("Where/", r"%UNKNOWN%"),
        vdir("Handler/", r"C:\g"),
    ]
    server(node, r"C:\inetpub\shop", directories, "1.0").expect_missing(rf"{ROOT}\zero_downtime.json")
    node.expect_missing(marker_file("1.0")).expect_missing(r"C:\inetpub\shop\App_Data\zero_downtime.json")
    tools(node)
    handler = '<add name="x" modules="AspNetCoreModuleV2"/>'
    for place, text in {"a": ANCM.format("", ""), "b": "\ufeff" + ANCM.format("", STAYS)}.items():
        node.expect(cmd(rf'type "C:\{place}\web.config"'), '<?xml version="1.0" encoding="utf-16"?>' + text)
    node.expect_missing(r"C:\c\web.config")
    node.expect(cmd(r'type "C:\d\web.config"'), "<configuration><system.web/></configuration>")
    node.expect(cmd(r'type "C:\e\web.config"'), "<configuration>")
    node.expect(cmd(r'type "C:\f\web.config"'), "", 1).expect(cmd(r'if exist "C:\f\web.config" (exit 0) else (exit 3)'))
    node.expect(cmd(r'type "C:\g\web.config"'), f"<configuration><handlers>{handler}</handlers></configuration>")
    result = info(appcmd, node, reporter, other_sites=True)
    node.done()
    assert result["restarted_sites"] == ["Damaged/", "Handler/", "Locked/", "Runs/", "Where/"]
    assert "application_log" not in result
    assert "restarts, or may restart, Damaged/, Handler/, Locked/, Runs/, Where/:" in reporter.warnings[0]


def test_info_returns_which_virtual_directories_use_a_version(
    appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter
) -> None:
    server(node, rf"{ROOT}\1.0", [API], "0.8", "1.0").expect(TYPE_HISTORY, history_json("1.0", "0.8"))
    node.expect_missing(marker_file("0.8")).expect_missing(marker_file("1.0"))
    tools(node)
    versions = info(appcmd, node, reporter)["versions"]
    assert [(version["version"], version["used_by"]) for version in versions] == [
        ("0.8", ["Shop/api/"]),
        ("1.0", ["Shop/"]),
    ]


TAIL = (
    "curl -q --silent --show-error --proto =file --range -16384 file:///C:/releases/shop/1.0/my%20logs/stdout_2_4.log"
)


@pytest.mark.parametrize("code", [0, 36])
def test_info_returns_the_end_of_the_newest_log(
    appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter, code: int
) -> None:
    server(node, rf"{ROOT}\1.0", [], "1.0").expect(TYPE_HISTORY, history_json("1.0", "0.8"))
    node.expect_missing(marker_file("1.0"))
    tools(node)
    where = rf"{ROOT}\1.0"
    config = ANCM.format(r'stdoutLogEnabled="true" stdoutLogFile=".\my logs\stdout"', "")
    node.expect(cmd(rf'type "{where}\web.config"'), config)
    node.expect(cmd(rf'dir /b /a-d /o-d "{where}\my logs\stdout_*.log"'), "stdout_2_4.log\r\nstdout_1_3.log\r\n")
    text = "first\r\n\x1b[31mfail\x1b[0m: \x07x\r\n\r\n" + "y" * 400 + "\r\n"
    node.expect(TAIL, "" if code else text, code)
    if code:
        node.expect(cmd(rf'type "{where}\my logs\stdout_2_4.log"'), text)
    log = info(appcmd, node, reporter, log_lines=2)["application_log"]
    node.done()
    assert log == {"path": rf"{where}\my logs\stdout_2_4.log", "lines": ["fail: ?x", "y" * 300]}


@pytest.mark.parametrize(
    "settings", ["", 'stdoutLogEnabled="false" stdoutLogFile="x"', 'stdoutLogEnabled="true" stdoutLogFile="%HOME%\\x"']
)
def test_info_without_a_known_log_returns_none(
    appcmd: Appcmd, node: ScriptedNode, reporter: TaskReporter, settings: str
) -> None:
    server(node, rf"{ROOT}\1.0", [], "1.0").expect(TYPE_HISTORY, history_json("1.0", "0.8"))
    node.expect_missing(marker_file("1.0"))
    tools(node)
    node.expect(cmd(rf'type "{ROOT}\1.0\web.config"'), ANCM.format(settings, ""))
    assert info(appcmd, node, reporter, log_lines=5)["application_log"] is None
    node.done()


def test_a_copy_of_another_version_is_not_a_staged_one(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("1.0"))
    with pytest.raises(IisError, match="no record of a finished staging"):
        run("current")
    node.done()


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("\x1f\ufffd\x08\0\0\0\0\0", "not a zip file"),
        ("7z\ufffd\ufffd'\x1c\0\x04", "not a zip file"),
        ("PK\x05\x06\0\0\0\0", "not a zip file"),
        ("PK", "not a zip file"),
        ("", "not a zip file"),
        ("PK\x03\x04\x14\0\x09\x08", "an encrypted zip file"),
    ],
    ids=["gzip", "7z", "empty zip", "short", "empty", "encrypted"],
)
def test_what_is_no_plain_zip_file_is_refused_by_its_content(
    run: Any, node: ScriptedNode, head: str, reason: str
) -> None:
    """tar would unpack some of them, whatever they are called. Nothing is left on the node."""
    staging(found(node), head=head)
    node.steps = node.steps[:-2]  # tar is not asked
    cleaning_up(node)
    with pytest.raises(IisError, match=reason) as caught:
        run("staged")
    node.done()
    assert caught.value.facts["cleaned_up"] is True


def test_a_download_is_no_larger_than_the_free_space(run: Any, node: ScriptedNode) -> None:
    staging(found(node), head="")
    node.steps = node.steps[:-2]
    cleaning_up(node)
    with pytest.raises(IisError):
        run("staged")
    downloads = [command.stdin or b"" for command in node.seen if command.name == "curl.exe" and command.stdin]
    assert f"max-filesize = {10 * GIB - 100 * 1024**2}\n".encode() in downloads[-1]


USERS_CREATE = "D:AI(A;OICIID;FA;;;BA)(A;CIID;LC;;;BU)(A;OICIID;0x1200a9;;;BU)"


def test_a_root_that_others_may_change_is_refused(run: Any, node: ScriptedNode) -> None:
    node.access_list = f'{ROOT} "{USERS_CREATE}"\r\n'
    found(node)
    with pytest.raises(IisError, match=r"Users \(S-1-5-32-545\) may write into .*Nothing was staged") as failure:
        run("staged")
    node.done()
    assert failure.value.facts["root_writers"] == ["S-1-5-32-545"]
    assert rf'icacls "{ROOT}" /inheritance:r /grant:r "*S-1-5-18:(OI)(CI)F"' in failure.value.message
    assert "/remove:g *S-1-5-32-545" in failure.value.message
    found(node).expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    assert run("staged", check_mode=True, writers=("S-1-5-32-545",))["changed"] is True
    node.done()


@pytest.mark.parametrize("output", ["", "access denied", f'{ROOT} "D:(A;OICI;FA;;;BA)(what)"', f'{ROOT} "O:BA"'])
def test_an_access_list_that_cannot_be_read_is_no_yes(run: Any, node: ScriptedNode, output: str) -> None:
    node.access_list = output
    found(node)
    with pytest.raises(IisError, match="is unknown"):
        run("staged")
    node.done()


def test_a_root_that_is_missing_is_created_with_an_access_list_of_its_own(run: Any, node: ScriptedNode) -> None:
    def missing() -> None:
        node.expect(VDIRS, xml(vdir("Other/", r"C:\x"), vdir("Shop/", r"C:\inetpub\shop")))
        node.expect(DIRS, "", 1).expect(cmd(rf'if exist "{ROOT}\" (exit 0) else (exit 3)'), "", 3)
        node.expect(CURL, HEAD).expect(FREE, free(10 * GIB))
        node.expect(cmd(rf'mkdir "{ROOT}"'))

    granted = "/inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX"
    restrict = rf"icacls {ROOT} {granted} *S-1-5-32-568:(OI)(CI)RX"
    missing()
    node.expect(restrict, "", 5)
    with pytest.raises(IisError, match="icacls cannot set the access list"):
        run("staged")
    node.done()
    missing()
    node.expect(restrict)
    node.access_list = f'{ROOT} "{USERS_CREATE}"\r\n'
    with pytest.raises(IisError, match="Nothing was staged"):
        run("staged")
    node.done()
