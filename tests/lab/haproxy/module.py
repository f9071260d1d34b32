# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a real module of the collection in a process of its own, as Ansible would, without the rest of Ansible.

`python -m lab.haproxy.module NAME [USER-ID]` reads the module's arguments as JSON from its standard input. NAME is a
module of this collection, or the whole dotted path of another one.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible.module_utils import basic

from ..proc import INTERRUPTIBLE
from ..waiting import LIMIT_S
from .launch import python_path

_MODULES = "ansible_collections.zero_downtime.dotnet.plugins.modules"


class ModuleRun:
    """A module that runs; `result()` waits for it."""

    def __init__(
        self, name: str, args: dict[str, Any], *, progress: Path | None = None, user: int | None = None
    ) -> None:
        self.progress = progress
        told = {"ZERO_DOWNTIME_PROGRESS": str(progress)} if progress else {}
        environment = {**os.environ, "PYTHONPATH": python_path(), **told}
        self.began = time.monotonic()
        self.popen = subprocess.Popen(
            [
                *INTERRUPTIBLE,
                *(sys.executable, "-m", "lab.haproxy.module", name),
                *([str(user)] if user is not None else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert self.popen.stdin is not None
        self.popen.stdin.write(json.dumps(args).encode())
        self.popen.stdin.close()
        self.popen.stdin = None

    @property
    def pid(self) -> int:
        return self.popen.pid

    def wait_said(self, text: str, timeout_s: float = LIMIT_S) -> None:
        """Until the module's progress has a text in it."""
        assert self.progress is not None
        deadline = time.monotonic() + timeout_s
        while not (self.progress.exists() and text in self.progress.read_text()):
            assert self.popen.poll() is None, self.result()
            assert time.monotonic() < deadline, f"the module did not say {text!r}"
            time.sleep(0.01)

    def result(self, timeout_s: float = 600.0) -> dict[str, Any]:
        output, errors = self.popen.communicate(timeout=timeout_s)
        try:
            found: dict[str, Any] = json.loads(output)
        except ValueError:
            raise AssertionError(f"the module returned {output!r} and said {errors.decode()}") from None
        return found


def lb_member(member: str = "web01", **args: Any) -> dict[str, Any]:
    """The result of lb_member."""
    return ModuleRun("lb_member", {"member": member, **args}).result()


def main() -> None:
    args = json.load(sys.stdin)
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    name = sys.argv[1]
    module = importlib.import_module(name if "." in name else f"{_MODULES}.{name}")
    if len(sys.argv) > 2:
        os.setresuid(*[int(sys.argv[2])] * 3)
    module.main()


if __name__ == "__main__":
    main()
