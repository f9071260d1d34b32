# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""release_info as Ansible runs it, and the role that uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import LEAST

ROOT = Path(__file__).resolve().parents[3]
SHOW = {"ansible.builtin.debug": {"msg": "BUNDLE={{ release_bundle | to_json }} RUN={{ release_run_id }}"}}


def play(
    tmp_path: Path, *arguments: str, variables: dict[str, Any], task: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    """Run a task for a host that cannot be reached."""
    book = [{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [task, SHOW]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(book))
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "web01,",
        str(tmp_path / "play.yml"),
        *arguments,
    ]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


ROLE = {"ansible.builtin.import_role": {"name": "zero_downtime.dotnet.release"}}


@pytest.mark.parametrize("mode", ["directory", "zip", "check mode"])
def test_the_role_sets_what_was_read(bundle: Path, tmp_path: Path, mode: str) -> None:
    path = bundle
    if mode != "directory":
        path = tmp_path / "shop.zip"
        with zipfile.ZipFile(path, "w") as made:
            for file in sorted(bundle.rglob("*")):
                made.write(file, file.relative_to(bundle))
    task = {**ROLE, "vars": {"release_path": str(path), "release_app": "shop"}}
    done = play(tmp_path, *(["--check"] if mode == "check mode" else []), variables={"awx_job_id": 7}, task=task)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    assert "RUN=awx-7" in done.stdout
    shown = done.stdout.partition("BUNDLE=")[2].partition(" RUN=")[0]
    read = json.loads(json.loads(f'"{shown}"'))
    assert (read["app"], read["version"], list(read["database"])) == ("shop", "2.0.0", ["expand"])
    if mode == "directory":
        assert read["path"] == str(bundle)
    else:
        # Ansible removes its local temporary directory, and the unpacked release with it.
        assert read["path"].startswith(str(tmp_path / "local"))
        assert not Path(read["path"]).exists()
        assert list((tmp_path / "local").rglob("release.yml")) == []


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("", LEAST, "dotnet_release is not set"),
        (
            "{bundle}/none",
            LEAST,
            "No release at {bundle}/none: expected is a directory or a zip file on the controller. "
            "Nothing was touched.",
        ),
        (
            "{bundle}",
            LEAST + "versoin: 1\n",
            "{bundle}/release.yml:4:1: versoin is not a known key, did you mean version. Nothing was touched.",
        ),
        ("{bundle}/release.yml", LEAST, "release.yml is not a zip file that can be unpacked"),
    ],
)
def test_the_role_refuses(bundle: Path, tmp_path: Path, path: str, text: str, message: str) -> None:
    (bundle / "release.yml").write_text(text)
    task = {**ROLE, "vars": {"release_path": path.format(bundle=bundle), "release_app": "shop"}}
    done = play(tmp_path, variables={}, task=task)
    assert done.returncode == 2, done.stdout
    assert message.format(bundle=bundle) in done.stdout


def test_options_are_checked(bundle: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"path": str(bundle), "max_size_mib": 0}, "max_size_mib is 0, expected is 1 or more"),
        ({"path": str(bundle), "pth": "x"}, "pth"),
        ({}, "path"),
    ):
        done = play(tmp_path, variables={}, task={"zero_downtime.dotnet.release_info": options})
        assert done.returncode == 2, done.stdout
        assert message in done.stdout
