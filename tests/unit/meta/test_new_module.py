# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module is added with the files that docs/architecture.md names and no others: tried with a toy, in a copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import NAMESPACE, ROOT

NAME = "toy_clock_info"
TOY = Path(__file__).parent / "new_module" / f"{NAME}.py"
GROUPS = "  all:\n"
FRAGMENT = "changelogs/fragments/0.1.0-modules.yml"
COPIED = ("plugins/", "meta/", "changelogs/", "roles/", "playbooks/", "tests/unit/meta/", "galaxy.yml")
CHECKS = "action_group or action_groups or attributes or samples or examples or changelog or argument_spec"


class Copy:
    """The collection as it is tracked, elsewhere."""

    def __init__(self, root: Path, tracked: list[str]) -> None:
        self.root = root / "ansible_collections" / "zero_downtime" / "dotnet"
        self.path = root
        for name in tracked:
            if name.startswith(COPIED):
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.root / name)
        self.bin = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(root),
            "PYTHONPATH": str(root),
            "ANSIBLE_HOME": str(root / "home"),
        }
        # what finds the collection in the repository finds it here
        (self.root / "build").mkdir()
        (self.root / "build/collections").symlink_to(root)

    def add(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def insert(self, name: str, after: str, line: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert after in text
        self.add(name, text.replace(after, after + line, 1))

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        return subprocess.run(
            words, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=240
        )

    def check(self) -> subprocess.CompletedProcess[str]:
        """The checks of metadata that are about modules."""
        self.run("git", "init", "-q")
        self.run("git", "add", "-A", "plugins", "meta", "changelogs", "roles", "playbooks")
        options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-k", CHECKS)
        files = ("tests/unit/meta/test_metadata.py", "tests/unit/meta/test_action_docs.py")
        return self.run(sys.executable, "-m", "pytest", *options, *files)


@pytest.fixture(name="copy")
def _copy(tmp_path: Path, tracked: list[str]) -> Copy:
    return Copy(tmp_path, tracked)


def test_a_new_module_needs_these_files_and_no_others(copy: Copy) -> None:
    # the line that Ansible wants of a module, and of no other file
    copy.add(f"plugins/modules/{NAME}.py", f"#!/usr/bin/python\n{TOY.read_text(encoding='utf-8')}")
    forgotten = copy.check()
    assert forgotten.returncode == 1, forgotten.stdout
    for test in ("test_every_module_is_in_the_action_group_all", "test_the_changelog_tells_of_every_module_and_role"):
        assert f"FAILED tests/unit/meta/test_metadata.py::{test}" in forgotten.stdout

    copy.insert("meta/runtime.yml", GROUPS, f"    - {NAME}\n")
    copy.insert(FRAGMENT, "major_changes:\n", f"  - {NAME} - shows the clock of a host.\n")
    complete = copy.check()
    assert complete.returncode == 0, complete.stdout

    shown = copy.run(copy.bin / "ansible", "localhost", "-m", f"{NAMESPACE}.{NAME}", "-a", "offset_s=3600", "--check")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    result = json.loads(shown.stdout.partition("=>")[2])
    assert result["changed"] is False
    assert 0 <= result["epoch_s"] - 3600 - time.time() + 240 <= 240
