# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that breaks on the way, and a disk that fills."""

from __future__ import annotations

import os

import pytest

from .conftest import ROOT, SITE, Rig, snapshot
from .test_iis import INFO, current, current_path, pool, staged


@pytest.mark.parametrize(("fault", "reasons"), [("down", {"refused", "other"}), ("hang", {"timeout"})])
def test_a_connection_lost_in_the_middle_is_a_failure_that_can_be_rescued(
    rig: Rig, fault: str, reasons: set[str]
) -> None:
    rig.wait_for("1.0")
    with rig.held() as held:
        playing = rig.start_play(pool("stopped"))
        playing.wait_for("1 request in flight")
        rig.fault(winrm=fault)
        try:
            played = playing.finish()
        finally:
            rig.fault(winrm="up")
        assert held.let_go() == (200, "1.0"), held.error
    assert (played.result["failed"], played.result["connection_lost"]) == (True, True), played.output
    assert played.result["connection_error"] in reasons
    assert "connection to web01 was lost while" in played.result["msg"]
    assert "rescued=1" in played.output
    assert "unreachable=0" in played.output
    rig.wait_for("1.0")


def test_a_second_run_completes_a_switch_whose_connection_was_lost(rig: Rig) -> None:
    rig.fault(winrm_drop_in_command="set vdir")
    lost = rig.play(staged(rig, rig.build("5.0")), current("5.0"))
    rig.fault(winrm="up")
    assert lost.results[0]["changed"] is True, lost.output
    assert lost.results[1]["connection_lost"] is True, lost.output
    assert f"may run from {ROOT}\\1.0 or from {ROOT}\\5.0: check it with iis_release_info" in lost.results[1]["msg"]
    again = rig.play(current("5.0"), INFO, current_path("1.0"))
    assert again.results[1]["current_version"] == "5.0", again.output
    assert again.results[2]["previous_version"] == "5.0"
    rig.wait_for("1.0")


def test_leftovers_of_an_interrupted_staging_are_removed_by_the_next(rig: Rig) -> None:
    releases = rig.drive / "releases" / "shop"
    release = staged(rig, rig.build("6.0"))
    rig.fault(winrm_drop_in_command="tar.exe -xf")
    lost = rig.play(release)
    rig.fault(winrm="up")
    assert lost.result["connection_lost"] is True, lost.output
    assert "running release was not changed" in lost.result["msg"]
    assert [path for path in releases.iterdir() if path.name.startswith(".incoming-6.0-")]
    assert not (releases / "6.0").exists()
    again = rig.play(INFO, release, INFO)
    assert len(again.results[0]["leftovers"]) == 1, again.output
    assert (again.results[1]["changed"], again.results[2]["leftovers"]) == (True, []), again.output
    assert not [path for path in releases.iterdir() if path.name.startswith(".")]


def test_a_version_whose_files_are_in_use_is_kept_complete(rig: Rig) -> None:
    versions = [rig.build(f"7.{index}", shutdown_s=60) for index in range(3)]
    written = rig.play(*[staged(rig, options) for options in versions[:2]], current("7.0"))
    assert [result["changed"] for result in written.results] == [True, True, True], written.output
    rig.wait_for("7.0")
    absent = {"iis_release": {"site": SITE, "root": ROOT, "state": "absent", "version": "7.0"}}
    with rig.held() as held:
        in_use = rig.play(current_path("1.0"), absent, staged(rig, {**versions[2], "keep": "1"}))
        assert (rig.drive / "releases" / "shop" / "7.0" / "bin" / "shop.dll").is_file()
        assert held.let_go() == (200, "7.0"), held.error
    assert "is in use and was not changed" in in_use.messages[1], in_use.output
    pruned = in_use.results[2]
    assert "7.0" not in pruned["pruned"], in_use.output
    assert "7.1" in pruned["pruned"]
    rig.wait_for("1.0")


def test_a_disk_that_is_too_small_is_seen_before_the_download(small_disk: Rig) -> None:
    release = staged(small_disk, small_disk.build("2.0", {"big.bin": os.urandom(1024 * 1024)}))
    before = snapshot(small_disk.drive)
    played = small_disk.play(release)
    assert "MiB are needed to fetch and unpack the release" in played.result["msg"], played.output
    assert snapshot(small_disk.drive) == before


def test_a_disk_that_fills_while_downloading_or_unpacking_is_left_clean(small_disk: Rig) -> None:
    rig = small_disk
    loose = {"margin_mib": 0, "unpacked_factor": 0}
    listed = {"iis_release": {**rig.build("2.0", {"zeros.bin": bytes(8 * 1024 * 1024)}), **loose}}
    fetched = {
        "iis_release": {**rig.build("2.1", {"big.bin": os.urandom(4 * 1024 * 1024)}), **loose, "archive_mib": 0.001}
    }
    unpacked = {"iis_release": {**rig.build("2.2", {"b.bin": os.urandom(1_700_000)}), **loose, "margin_mib": -1000}}
    before = snapshot(rig.drive)
    played = rig.play(listed, fetched, unpacked)
    assert "to unpack the release" in played.messages[0], played.output
    assert "check its disk" in played.messages[1], played.output
    assert "tar could not unpack the archive" in played.messages[2], played.output
    for result in played.results:
        assert result["cleaned_up"] is True
        assert result["free_bytes"] > 0
    assert snapshot(rig.drive) == before
    assert rig.get() == (200, "1.0")
    assert (ROOT, SITE) == ("C:\\releases\\shop", "Shop")
