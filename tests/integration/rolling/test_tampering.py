# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who can write into the releases of a node: what goes live is what was staged, proven from off the node."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import marker, tree
from lab.stack import Lab

HOOKS = Path(__file__).parent / "hooks"


def _release(lab: Lab, node: str) -> Path:
    return lab.drive(node) / "releases" / "shop" / "2.0.0"


def _forge_record(release: Path) -> None:
    """A staging record that agrees with the files as they are now."""
    record = release / marker.MARKER
    held = json.loads(record.read_text())
    added = {"planted.config": hashlib.sha256(b"somebody else's\n").hexdigest()}
    held["manifest"] = {**held["manifest"], **added}
    held["manifest_digest"] = tree.digest(held["manifest"])
    record.write_text(json.dumps(held))


def test_a_file_that_is_planted_after_the_staging_keeps_the_old_release_in_service(lab: Lab, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    planted = _release(lab, "web01") / "planted.config"
    done = lab.deploy(
        "2.0.0",
        extra_vars={
            "dotnet_hooks": {"before_stop": str(HOOKS / "tamper.yml")},
            "tampered_file": str(planted),
            "dotnet_report": str(report),
        },
    )
    assert done.returncode == 2, done.story
    assert "does not hold what was staged (added: planted.config)" in done.story
    nodes = json.loads(report.read_text())["nodes"]
    assert {name: node["outcome"] for name, node in nodes.items()} == {"web01": "rolled_back", "web02": "untouched"}
    assert lab.versions() == {"web01": "1.0.0", "web02": "1.0.0"}
    assert set(lab.members().values()) == {"UP"}
    recorded = lab.query("SELECT node FROM deploy.deployment_event WHERE kind = N'staged' ORDER BY node")
    assert [row[0] for row in recorded] == ["web01", "web02"]


def test_a_forged_record_is_staged_again(lab: Lab) -> None:
    """After the test before: both nodes have the release, web01 with a planted file, which its record lists now."""
    _forge_record(_release(lab, "web01"))
    done = lab.deploy("2.0.0", extra_vars={"dotnet_soak_s": 0})
    assert done.returncode == 0, done.story
    told = " ".join(done.output.split())  # Ansible wraps warnings
    assert "is not the one that was kept when the release was staged): it is staged again" in told
    assert not (_release(lab, "web01") / "planted.config").exists()
    assert told.count("staged again") == 1
    assert lab.versions() == {"web01": "2.0.0", "web02": "2.0.0"}
