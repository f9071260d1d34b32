# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with more than one site: who uses a release, what a switch restarts, and the log of the application."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import net

from .conftest import INVENTORY
from .rig import HERE, WEB_CONFIG
from .simulated import SimulatedRig


@pytest.fixture(name="shared")
def _shared(tmp_path: Path, lab_net: net.Net) -> Iterator[SimulatedRig]:
    """A server whose application Shop/api/ lives in the release 0.9, beside the site Quick."""
    if INVENTORY in os.environ:
        pytest.skip("it needs a server of its own")
    rig = SimulatedRig(lab_net, tmp_path)
    config = rig.host_config()
    config["pools"].append({"name": "Api"})
    config["sites"][0]["applications"] = [{"name": "api", "pool": "Api", "path": rf"{rig.root}\0.9\api"}]
    try:
        rig.start(pools=config["pools"], sites=config["sites"])
        yield rig
    finally:
        rig.stop()


def test_a_release_in_use_is_kept_and_what_a_switch_restarts_is_named(shared: SimulatedRig) -> None:
    rig = shared
    web_config = WEB_CONFIG.format(python="python", shutdown_s=10)
    logging = web_config.replace("<aspNetCore ", r'<aspNetCore stdoutLogEnabled="true" stdoutLogFile=".\logs\stdout" ')
    printing = b"print('the application begins', flush=True)\n"
    app = (HERE / "app.py").read_bytes().replace(b"if __name__", printing + b"\n\nif __name__")
    tasks = []
    for version, extra in {
        "0.9": {"api/web.config": web_config.encode()},
        "1.1": {},
        "2.0": {},
        "2.1": {"web.config": logging.encode(), "app.py": app, "logs/readme.txt": b"x"},
    }.items():
        tasks += [rig.staged(rig.build(version, extra)), rig.current(version)]
    played = rig.play(*tasks)
    assert [result["changed"] for result in played.results] == [True] * len(tasks), played.output
    assert "Shop/api/ still uses C:\\releases\\shop\\0.9" in played.results[3]["warnings"][0]
    rig.wait_for("2.1")

    last = {"iis_release_info": {**rig.info["iis_release_info"], "other_sites": True, "log_lines": 5}}
    staged, removed, info = rig.play(rig.staged({**rig.build("3.0"), "keep": 1}), rig.absent("0.9"), last).results
    assert (staged["changed"], staged["pruned"]) == (True, ["1.1"]), staged
    assert "is, or may be, used by Shop/api/" in removed["msg"]
    assert {version["version"]: version["used_by"] for version in info["versions"]} == {
        "0.9": ["Shop/api/"],
        "1.0": [],
        "2.0": [],
        "2.1": ["Shop/"],
        "3.0": [],
    }
    assert info["restarted_sites"] == ["Quick/", "Shop/api/"]
    assert info["application_log"]["lines"] == ["the application begins"]
    assert info["application_log"]["path"].startswith(rf"{rig.root}\2.1\logs\stdout_")
