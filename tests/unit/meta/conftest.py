# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of metadata read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
NAMESPACE = "zero_downtime.dotnet"


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Names of all files that are tracked and there."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def modules(tracked: list[str]) -> list[str]:
    """Names of all modules."""
    found = [Path(name).stem for name in tracked if name.startswith("plugins/modules/") and name.endswith(".py")]
    assert found
    return found


@pytest.fixture(scope="session")
def documentation(modules: list[str]) -> dict[str, Any]:
    """What ansible-doc makes of every module, doc fragments included."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "-t", "module", "--json"]
    command += [f"{NAMESPACE}.{name}" for name in modules]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections")}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    if ended.returncode:
        pytest.fail(ended.stderr.partition("\n")[0], pytrace=False)
    found: dict[str, Any] = json.loads(ended.stdout)
    return {name.rpartition(".")[2]: page for name, page in found.items()}
