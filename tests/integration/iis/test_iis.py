# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The iis_* actions through ansible-playbook and WinRM, in the order in which a release uses them."""

from __future__ import annotations

import time
from typing import Any

from lab import secrets_watch

from .rig import QUICK_HOST, Rig
from .simulated import MOST_COMMANDS, SimulatedRig


def test_stage_stop_switch_start_and_rollback(rig: Rig) -> None:
    rig.wait_for("1.0")
    release = rig.staged(rig.build("2.0"))
    before = rig.snapshot()
    checked = rig.play(release, rig.pool("stopped"), flags=("--check", "--diff"))
    assert [result["changed"] for result in checked.results] == [True, True], checked.output
    assert rig.snapshot() == before
    assert rig.get() == (200, "1.0")

    done = rig.play(release, release)
    assert [result["changed"] for result in done.results] == [True, False], done.output
    files = rig.files()
    assert rig.secrets["settings"] in files["2.0/appsettings.json"].decode()
    assert files["2.0/bin/shop.dll"].startswith(b"MZ2.02.0")
    assert rig.entries() == ["1.0", "2.0"]
    assert {name: digest for name, digest in rig.snapshot().items() if "2.0" not in name} == before

    with rig.held() as held:
        playing = rig.start_play(
            rig.pool("stopped"),
            rig.current("2.0"),
            rig.current("2.0"),
            rig.pool("started"),
            rig.pool("started"),
            rig.info,
        )
        playing.wait_for("1 request in flight")
        assert held.release() == (200, "1.0"), held.error
        switched = playing.finish()
    stop, switch, again, start, started, info = switched.results
    assert (stop["changed"], stop["previous_state"], stop["state"]) == (True, "Started", "Stopped"), switched.output
    assert (stop["in_flight_at_start"], stop["in_flight_killed"], stop["worker_pids"]) == (1, 0, [])
    assert stop["waited_ms"] > 0
    assert not any(rig.process_runs(pid) for pid in stop["previous_worker_pids"])
    assert (switch["changed"], switch["previous_version"], again["changed"]) == (True, "1.0", False)
    assert (start["changed"], len(start["worker_pids"]), started["changed"]) == (True, 1, False)
    assert (info["current_version"], info["previous_version"]) == ("2.0", "1.0")
    assert [(version["version"], version["complete"]) for version in info["versions"]] == [
        ("1.0", False),
        ("2.0", True),
    ]
    assert (info["role_services"], info["tools"]["certutil"]) == ({"request_monitor": True}, "")
    assert info["tools"]["curl"]
    assert info["tools"]["tar"]
    rig.wait_for("2.0")

    gone = rig.absent("2.0")
    back, removed, absent = rig.play(rig.current_path("1.0"), gone, gone, hosts=rig.other_host).results
    assert (back["changed"], back["version"], removed["changed"], absent["changed"]) == (True, "1.0", True, False)
    rig.wait_for("1.0")
    assert "2.0" not in rig.entries()


def test_recycle_replaces_the_worker_without_losing_a_request(rig: Rig) -> None:
    rig.wait_for("1.0")
    with rig.held() as held:
        playing = rig.start_play(rig.pool("recycled"), {"iis_app_pool_info": {}})
        playing.wait_for("old worker")
        assert held.release() == (200, "1.0"), held.error
        played = playing.finish()
    recycled, info = played.results
    assert recycled["changed"] is True, played.output
    assert len(recycled["worker_pids"]) == 1
    assert set(recycled["worker_pids"]).isdisjoint(recycled["previous_worker_pids"])
    pools = {found["name"]: found for found in info["pools"]}
    assert pools[rig.site]["worker_pids"] == recycled["worker_pids"]
    assert pools[rig.site]["config"]["shutdown_time_limit_s"] == 60.0
    assert pools[rig.idle_pool]["state"] == "Stopped"


def test_a_pool_whose_name_has_blanks_and_brackets(rig: Rig) -> None:
    options = {"name": rig.idle_pool, "in_flight": "skip"}
    played = rig.play(
        {"iis_app_pool": {**options, "state": "started"}}, {"iis_app_pool": {**options, "state": "stopped"}}
    )
    assert [result["state"] for result in played.results] == ["Started", "Stopped"], played.output


def test_a_request_that_does_not_end_is_cut_only_with_on_timeout_stop(rig: Rig) -> None:
    rig.wait_for("1.0", QUICK_HOST)
    quick = {"name": rig.quick, "timeout_s": 0.5}
    with rig.held(QUICK_HOST) as held:
        refused, forced, started = rig.play(
            {"iis_app_pool": {**quick, "state": "stopped"}},
            {"iis_app_pool": {**quick, "state": "stopped", "on_timeout": "stop"}},
            {"iis_app_pool": {"name": rig.quick, "state": "started"}},
        ).results
        assert held.release() is None
    assert refused["failed"] is True
    assert f"1 request in flight in pool {rig.quick} after 0.5 s" in refused["msg"]
    assert (refused["state"], refused["changed"], len(refused["worker_pids"])) == ("Started", False, 1)
    assert (forced["state"], forced["in_flight_killed"], started["state"]) == ("Stopped", 1, "Started")
    rig.wait_for("1.0", QUICK_HOST)


def test_the_quota_of_a_shell_is_no_limit_for_a_wait(simulated: SimulatedRig) -> None:
    simulated.wait_for("1.0")
    before = simulated.fault(counters=True)["counters"]
    with simulated.held() as held:
        playing = simulated.start_play(simulated.pool("stopped", timeout_s=100), simulated.pool("started"))
        playing.wait_for("1 request in flight")
        while simulated.fault(counters=True)["counters"]["commands"] < before.get("commands", 0) + MOST_COMMANDS:
            time.sleep(0.2)
        assert held.release() == (200, "1.0"), held.error
        played = playing.finish()
    assert [result["state"] for result in played.results] == ["Stopped", "Started"], played.output
    assert simulated.fault(counters=True)["counters"]["shells"] >= before.get("shells", 0) + 3


def test_bad_input_is_one_clear_sentence_and_changes_nothing(rig: Rig) -> None:
    good = rig.build("3.0")
    evil = rig.build("3.1", {"../../evil.txt": b"x"})
    before = rig.snapshot()
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"iis_app_pool": {"name": "Nope", "state": "stopped"}},
            f"no application pool 'Nope'; it has: {', '.join(sorted(rig.pool_names()))}",
        ),
        ({"iis_app_pool": {"name": "O'Pool", "state": "stopped"}}, "appcmd does not support"),
        ({"iis_app_pool": {"name": rig.site, "state": "paused"}}, "value of state must be one of"),
        ({"iis_app_pool": {"name": rig.site, "state": "stopped"}, "become": True}, "does not support become"),
        ({"iis_app_pool": {"name": rig.site, "state": "stopped"}, "async": 30, "poll": 0}, "does not support async"),
        (
            {"iis_release_info": {"site": "Nope", "root": rig.root}},
            f"no site 'Nope'; it has: {', '.join(sorted(rig.site_names()))}",
        ),
        ({"iis_release": {**good, "checksum": "sha256:" + "0" * 64}}, "sha256:" + "0" * 64 + " was expected"),
        ({"iis_release": {**good, "checksum": "md5:1"}}, "64 hexadecimal digits are expected"),
        ({"iis_release": {**good, "url": good["url"] + "x"}}, "no such file (HTTP 404)"),
        ({"iis_release": {**good, "password": "wr0ng-pa55"}}, "requires a login (HTTP 401)"),
        ({"iis_release": {**good, "url": good["url"].replace("https", "http")}}, "https:// and a host are expected"),
        ({"iis_release": {**good, "url": good["url"].replace(":8443", ":8444")}}, "nothing listens"),
        ({"iis_release": {**good, "version": "..\\x"}}, "cannot name a directory"),
        ({"iis_release": {**good, "root": "C:\\releases\\..\\shop"}}, "not a plain Windows name"),
        ({"iis_release": {**good, "root": f"{rig.root}\\1.0\\releases"}}, "runs from"),
        ({"iis_release": {**good, "version": "1.0"}}, "The running directory is never changed"),
        ({"iis_release": {**good, "files": {"../x": "1"}}}, "contains .."),
        ({"iis_release": {**good, "archive_mib": 1e9}}, "MiB are needed to fetch and unpack"),
        ({"iis_release": evil}, "could leave the directory of the release"),
        ({"iis_release": {**good, "keep": -1}}, "keep is -1"),
        ({"iis_release_info": {**rig.info["iis_release_info"], "log_lines": 1000}}, "log_lines is 1000"),
        (rig.current("9.9"), "is not staged"),
        (
            rig.absent("1.0"),
            "switch to another one first",
        ),
        ({"iis_release": {"site": rig.site, "root": rig.root, "state": "staged", "version": "3.0"}}, "url, checksum"),
    ]
    played = rig.play(*[case for case, _words in cases])
    for result, (case, words) in zip(played.results, cases, strict=True):
        assert result["failed"] is True, case
        assert words in result["msg"], (case, result["msg"])
        assert "Traceback" not in result["msg"]
        assert not result.get("connection_lost")
    assert rig.snapshot() == before
    assert rig.get() == (200, "1.0")
    assert "wr0ng-pa55" not in str(played.results)


def test_a_node_that_cannot_be_reached_fails_and_can_be_rescued(rig: Rig) -> None:
    check_unreachable(
        rig,
        {
            "wrong_password": ("credentials", "rejected the login of"),
            "dead_port": ("refused", "Nothing listens"),
        },
    )


def test_listeners_that_do_not_fit_fail_and_can_be_rescued(simulated: SimulatedRig) -> None:
    check_unreachable(
        simulated,
        {
            "wrong_password": ("credentials", "rejected the login of deployer"),
            "wrong_password_ntlm": ("credentials", "rejected the login of deployer"),
            "untrusted": ("certificate", "is not trusted"),
            "no_tls": ("tls", "does not speak TLS"),
            "dead_port": ("refused", "Nothing listens"),
            "unknown_name": ("name", "cannot be resolved"),
        },
    )


def check_unreachable(rig: Rig, expected: dict[str, tuple[str, str]]) -> None:
    played = rig.play(rig.pool("stopped"), hosts=",".join([*expected, "psrp"]))
    for host, (reason, words) in expected.items():
        result = played.hosts[host][0]
        assert (result["failed"], result["connection_lost"], result["connection_error"]) == (True, True, reason), result
        assert words in result["msg"]
        assert "Nothing was changed" in result["msg"]
    assert "this task uses psrp" in played.hosts["psrp"][0]["msg"]
    assert played.output.count("rescued=1") == len(played.hosts)
    assert "not-the-pa55word" not in played.output
    assert rig.get() == (200, "1.0")


def test_no_secret_is_shown_anywhere(rig: Rig) -> None:
    release = rig.staged(rig.build("4.0"))
    wrong = {"iis_release": {**rig.build("4.1"), "checksum": "sha256:" + "1" * 64}}
    odd = {"iis_release": {**rig.build("4.2"), "files": {"appsettings.json": ["{{ settings_password }}"]}}}
    gone = rig.absent("4.0")
    with secrets_watch.ProcessListWatch(rig.secrets) as watch:
        checked = rig.play(release, flags=("-vvvvv", "--check", "--diff"))
        played = rig.play(release, wrong, odd, gone, flags=("-vvvvv", "--diff"))
    assert watch.samples > 20
    assert watch.found == set()
    assert [result.get("failed", False) for result in played.results] == [False, True, True, False], played.output
    shown = checked.output + played.output + str(played.results)
    assert secrets_watch.found_in(shown, rig.secrets) == []
    if isinstance(rig, SimulatedRig):
        ran = "\n".join(rig.fault(transcript=True)["transcript"])
        assert secrets_watch.found_in(ran, rig.secrets) == []
        assert "curl.exe" in ran
