# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release's behaviour, command by command."""

from __future__ import annotations

import io
import json
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

from .conftest import WINDOWS, Clock, ScriptedNode, vdir, xml

ROOT = r"C:\releases\shop"
URL = "https://artifacts.test:8443/shop/2.0/web.zip"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SHA = f"sha256:{HEX}"
SETTINGS = {"appsettings.json": '{"password": "s3cret"}'}
VDIRS = "appcmd list vdir /xml"
CURL = "curl -q --config -"
HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\nstatus=200"
GIB = 1024**3


def cmd(line: str) -> str:
    return f'cmd /d /v:off /s /c "{line}"'


def marker_json(version: str, checksum: str = SHA, files: dict[str, str] | None = None, at: str = "2026-01-01") -> str:
    files = SETTINGS if files is None else files
    return Marker(version, checksum, f"{at}T00:00:00Z", digest_files(files)).to_json().decode()


def history_json(version: str, previous: str) -> str:
    return History(version, previous, rf"{ROOT}\{previous}", "2026-01-02T00:00:00Z").to_json().decode()


DIRS = cmd(f'dir /b /ad "{ROOT}"')
FREE = "fsutil volume diskfree C:"


def free(size: int) -> str:
    return f"Total free bytes : {size:,} ( x GB)\r\n"


def type_marker(version: str) -> str:
    return cmd(rf'type "{ROOT}\{version}\App_Data\zero_downtime.json"')


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


def found(node: ScriptedNode, current: str = "1.0", *versions: str) -> ScriptedNode:
    """The reads that every state begins with."""
    path = current if "\\" in current else rf"{ROOT}\{current}"
    node.expect(VDIRS, xml(vdir("Other/", r"C:\x"), vdir("Shop/", path)))
    return node.expect(DIRS, "".join(f"{name}\r\n" for name in versions or ("1.0",)))


def staging(node: ScriptedNode, names: str = "web.config\r\nshop.dll", details: str | None = None) -> ScriptedNode:
    """The commands of a staging up to the listing."""
    node.expect(CURL, HEAD).expect(FREE, free(10 * GIB))
    node.expect(cmd(rf'mkdir "{ROOT}\.incoming-2.0-*"'))
    node.expect(CURL, "status=200")
    node.expect(rf"certutil -hashfile {ROOT}\.incoming-2.0-*.zip SHA256", f"x\r\n{HEX}\r\ny")
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
    node.expect_call(rf"tar -xf - -C {ROOT}\.incoming-2.0-*", take)
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
    assert (record["version"], record["checksum"]) == ("2.0", SHA)
    assert "s3cret" not in json.dumps([result, record])
    assert all(
        "pa55word" not in command.argument_line and "s3cret" not in command.argument_line for command in node.seen
    )
    assert not any(rf"{ROOT}\1.0" in command.argument_line for command in node.seen)
    assert reporter.warnings == []


def test_a_second_run_changes_nothing(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    result = run("staged")
    node.done()
    assert result["changed"] is False
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
    found(node, "2.0", "1.0", "2.0").expect(type_marker("2.0"), record, 0 if record else 1)
    with pytest.raises(IisError, match=f"{words}.*new version"):
        run("staged")
    node.done()


def test_another_build_of_a_version_that_does_not_run_is_replaced(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0", "sha256:" + "0" * 64))
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    node.expect(rf"tar -xf - -C {ROOT}\.incoming-2.0-*")
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
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), "", 1)
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    node.expect(rf"tar -xf - -C {ROOT}\.incoming-2.0-*")
    node.expect(cmd(rf'ren "{ROOT}\2.0" ".replaced-2.0-*"'), "", 1, "Access is denied.")
    cleaning_up(node)
    with pytest.raises(IisError, match="in use"):
        run("staged")
    node.done()


def test_the_former_build_is_restored_when_the_rename_fails(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), "", 1)
    staging(node).expect(FREE, free(9 * GIB))
    node.expect(rf"tar -xf {ROOT}\.incoming-2.0-*.zip -C {ROOT}\.incoming-2.0-*")
    node.expect(rf"tar -xf - -C {ROOT}\.incoming-2.0-*")
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
    found(node, "1.0", *versions).expect(type_marker("2.0"), marker_json("2.0"))
    node.expect(TYPE_HISTORY, history_json("1.0", "0.7"))
    node.expect(type_marker("0.8"), marker_json("0.8", at="2025-01-01"))
    node.expect(type_marker("0.9"), marker_json("0.9", at="2025-06-01"))
    node.expect(type_marker("backup"), "", 1)
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
    found(node, "1.0", "0.8", "0.9", "1.0", ".incoming-2.0-0123").expect(TYPE_HISTORY, "", 1)
    node.expect(type_marker("0.8"), marker_json("0.8", at="2025-01-01"))
    node.expect(type_marker("0.9"), marker_json("0.9", at="2025-06-01"))
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

    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    node.expect(SWITCH, 'VDIR object "Shop/" changed')
    node.expect(VDIRS, xml(vdir("Shop/", rf"{ROOT}\2.0")))
    node.expect_call(f"tar -xf - -C {ROOT}", keep)
    result = run("current")
    node.done()
    assert (result["changed"], result["previous_version"]) == (True, "1.0")
    assert result["diff"] == {
        "before": {"physical_path": rf"{ROOT}\1.0", "version": "1.0"},
        "after": {"physical_path": rf"{ROOT}\2.0", "version": "2.0"},
    }
    assert b'"previous_version": "1.0"' in kept[0]


def test_the_application_below_a_site_has_a_path_of_its_own(run: Any, node: ScriptedNode) -> None:
    both = vdir("Shop/", r"C:\inetpub\shop"), vdir("Shop/api/", rf"{ROOT}\1.0")
    node.expect(VDIRS, xml(*both)).expect(DIRS, "1.0\r\n2.0\r\n").expect(type_marker("2.0"), marker_json("2.0"))
    node.expect(rf"appcmd set vdir /vdir.name:Shop/api/ /physicalPath:{ROOT}\2.0")
    node.expect(VDIRS, xml(both[0], vdir("Shop/api/", rf"{ROOT}\2.0"))).expect(f"tar -xf - -C {ROOT}")
    assert run("current", application="/api")["previous_version"] == "1.0"
    node.done()


def test_a_switch_to_the_running_version_changes_nothing(run: Any, node: ScriptedNode) -> None:
    found(node, "2.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    assert run("current")["changed"] is False
    node.done()


def test_a_switch_in_check_mode_only_says_so(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
    assert run("current", check_mode=True)["changed"] is True
    node.done()


def test_a_switch_without_effect_is_a_failure(run: Any, node: ScriptedNode) -> None:
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
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
        node.expect(type_marker("2.0"), "", 1)
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
    found(node, "1.0", "1.0", "2.0").expect(type_marker("2.0"), marker_json("2.0"))
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
    node.expect(type_marker("1.0"), "", 1).expect(type_marker("2.0"), marker_json("2.0"))
    node.expect(FREE, free(GIB)).expect("curl --version", "curl 8.4.0").expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'))
    node.expect("appcmd list requests /xml", "ERROR", 50)
    options = ReleaseOptions(site="Shop", root=ROOT, state="info")
    result = InfoTask(WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), AppcmdPools(appcmd), options, reporter).run()
    node.done()
    assert (result["current_version"], result["previous_version"]) == ("2.0", "1.0")
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
    node.expect(FREE, free(GIB)).expect("curl --version", "curl 8.4.0").expect("tar --version", "bsdtar 3.6.2")
    node.expect(cmd(rf'if exist "{WINDOWS}\System32\certutil.exe" (exit 0) else (exit 3)'))
    node.expect("appcmd list requests /xml", xml())
    options = ReleaseOptions(site="Shop", root=ROOT, state="info")
    result = InfoTask(WindowsFiles(node, WINDOWS), AppcmdSites(appcmd), AppcmdPools(appcmd), options, reporter).run()
    assert (result["current_version"], result["current_path"], result["versions"]) == (None, r"C:\inetpub\shop", [])
    assert result["role_services"] == {"request_monitor": True}
