# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint on the command line, from a checkout, with Python alone: PyYAML is needed for a release.yml only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def lint(path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, str(ROOT / "plugins/module_utils/_tsql"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_directory_of_scripts_needs_no_package(bundle: Path) -> None:
    done = lint(bundle / "db", "-I", "-S")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_release_without_pyyaml_names_the_package(bundle: Path) -> None:
    done = lint(bundle, "-I", "-S")
    assert done.returncode == 2
    assert f"{bundle}/release.yml cannot be read: the Python package PyYAML is missing" in done.stderr


def test_a_release(bundle: Path) -> None:
    assert lint(bundle).returncode == 0
    (bundle / "release.yml").write_text((bundle / "release.yml").read_text() + "usse: []\n")
    done = lint(bundle)
    assert done.returncode == 2
    assert "release.yml:4:1: usse is not a known key, did you mean uses." in done.stderr
