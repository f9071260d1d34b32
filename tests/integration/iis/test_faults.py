# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that breaks on the way, and a disk that fills."""

from __future__ import annotations

import os

import pytest

from .rig import Rig
from .simulated import SimulatedRig


@pytest.mark.parametrize(("fault", "reasons"), [("down", {"refused", "other"}), ("hang", {"timeout"})])
def test_a_connection_lost_in_the_middle_is_a_failure_that_can_be_rescued(
    simulated: SimulatedRig, fault: str, reasons: set[str]
) -> None:
    simulated.wait_for("1.0")
    with simulated.held() as held:
        playing = simulated.start_play(simulated.pool("stopped"))
        playing.wait_for("1 request in flight")
        simulated.fault(winrm=fault)
        try:
            played = playing.finish()
        finally:
            simulated.fault(winrm="up")
        assert held.release() == (200, "1.0"), held.error
    assert (played.result["failed"], played.result["connection_lost"]) == (True, True), played.output
    assert played.result["connection_error"] in reasons
    assert "connection to web01 was lost while" in played.result["msg"]
    assert "rescued=1" in played.output
    assert "unreachable=0" in played.output
    simulated.wait_for("1.0")


def test_a_second_run_completes_a_switch_whose_connection_was_lost(simulated: SimulatedRig) -> None:
    simulated.fault(winrm_drop_in_command="set vdir")
    lost = simulated.play(simulated.staged(simulated.build("5.0")), simulated.current("5.0"))
    simulated.fault(winrm="up")
    assert lost.results[0]["changed"] is True, lost.output
    assert lost.results[1]["connection_lost"] is True, lost.output
    assert (
        f"may run from {simulated.root}\\1.0 or from {simulated.root}\\5.0: check it with iis_release_info"
        in lost.results[1]["msg"]
    )
    again = simulated.play(simulated.current("5.0"), simulated.info, simulated.current_path("1.0"))
    assert again.results[1]["current_version"] == "5.0", again.output
    assert again.results[2]["previous_version"] == "5.0"
    simulated.wait_for("1.0")


def test_leftovers_of_an_interrupted_staging_are_removed_by_the_next(simulated: SimulatedRig) -> None:
    releases = simulated.releases
    release = simulated.staged(simulated.build("6.0"))
    simulated.fault(winrm_drop_in_command="tar.exe -xf")
    lost = simulated.play(release)
    simulated.fault(winrm="up")
    assert lost.result["connection_lost"] is True, lost.output
    assert "running release was not changed" in lost.result["msg"]
    assert [path for path in releases.iterdir() if path.name.startswith(".incoming-6.0-")]
    assert not (releases / "6.0").exists()
    again = simulated.play(simulated.info, release, simulated.info)
    assert len(again.results[0]["leftovers"]) == 1, again.output
    assert (again.results[1]["changed"], again.results[2]["leftovers"]) == (True, []), again.output
    assert not [path for path in releases.iterdir() if path.name.startswith(".")]


def test_a_version_whose_files_are_in_use_is_kept_complete(rig: Rig) -> None:
    versions = [rig.build(f"7.{index}", shutdown_s=60) for index in range(3)]
    written = rig.play(*[rig.staged(options) for options in versions[:2]], rig.current("7.0"))
    assert [result["changed"] for result in written.results] == [True, True, True], written.output
    rig.wait_for("7.0")
    with rig.held() as held:
        in_use = rig.play(rig.current_path("1.0"), rig.absent("7.0"), rig.staged({**versions[2], "keep": "1"}))
        assert "7.0/bin/shop.dll" in rig.files()
        assert held.release() == (200, "7.0"), held.error
    assert "is in use and was not changed" in in_use.messages[1], in_use.output
    pruned = in_use.results[2]
    assert "7.0" not in pruned["pruned"], in_use.output
    assert "7.1" in pruned["pruned"]
    rig.wait_for("1.0")


def test_a_disk_that_is_too_small_is_seen_before_the_download(small_disk: SimulatedRig) -> None:
    release = small_disk.staged(small_disk.build("2.0", {"big.bin": os.urandom(1024 * 1024)}))
    before = small_disk.snapshot()
    played = small_disk.play(release)
    assert "MiB are needed to fetch and unpack the release" in played.result["msg"], played.output
    assert small_disk.snapshot() == before


def test_a_disk_that_fills_while_downloading_or_unpacking_is_left_clean(small_disk: SimulatedRig) -> None:
    rig = small_disk
    loose = {"margin_mib": 0, "unpacked_factor": 0}
    listed = {"iis_release": {**rig.build("2.0", {"zeros.bin": bytes(8 * 1024 * 1024)}), **loose}}
    fetched = {
        "iis_release": {**rig.build("2.1", {"big.bin": os.urandom(4 * 1024 * 1024)}), **loose, "archive_mib": 0.001}
    }
    unpacked = {"iis_release": {**rig.build("2.2", {"b.bin": os.urandom(1_700_000)}), **loose, "margin_mib": -1000}}
    before = rig.snapshot()
    played = rig.play(listed, fetched, unpacked)
    assert "to unpack the release" in played.messages[0], played.output
    assert "larger than the free space of the node" in played.messages[1], played.output
    assert "tar could not unpack the archive" in played.messages[2], played.output
    for result in played.results:
        assert result["cleaned_up"] is True
        assert result["free_bytes"] > 0
    assert rig.snapshot() == before
    assert rig.get() == (200, "1.0")
