# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the real ansible-playbook and ansible against a lab, with nothing from the user's own configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .proc import INTERRUPTIBLE

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "build" / "collections"


def environment(home: Path, inventory: Path) -> dict[str, str]:
    """What ansible needs to find the collection and the inventory, and to leave the user's files alone."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "ansible.cfg"
    config.touch()
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": f"{COLLECTIONS}{os.pathsep}{ROOT / 'tests'}",
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_INVENTORY": str(inventory),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_PIPELINING": "true",
    }


@dataclass(frozen=True)
class Run:
    """How a run ended. `output` is standard output and error in one."""

    returncode: int
    output: str

    @property
    def story(self) -> str:
        """What a person needs of the output to see why a test failed: errors and the end."""
        return story(self.output)


def story(output: str) -> str:
    """The errors and the last lines of an output that may have thousands."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line[:1000] for line in lines if line.startswith(("[ERROR]", "fatal:", "failed:"))]
    return "\n".join([*errors[:20], "...", *(line[:300] for line in lines[-25:])])


def argv(program: str, *arguments: str, extra_vars: Mapping[str, Any] | None = None) -> list[str]:
    """The command line. Extra vars travel as JSON, so that a number stays a number; never put a secret there."""
    line = [str(Path(sys.executable).parent / program), *arguments]
    if extra_vars:
        line += ["--extra-vars", json.dumps(dict(extra_vars))]
    return line


def run(
    environ: Mapping[str, str],
    program: str,
    *arguments: str,
    extra_vars: Mapping[str, Any] | None = None,
    timeout_s: float = 600.0,
    cwd: Path | None = None,
) -> Run:
    """Runs to the end and keeps the output."""
    completed = subprocess.run(
        argv(program, *arguments, extra_vars=extra_vars),
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
        cwd=cwd or ROOT,
    )
    return Run(completed.returncode, completed.stdout)


def start(environ: Mapping[str, str], command: Sequence[str], **different: Any) -> subprocess.Popen[bytes]:
    """Starts and returns: for what has to be watched, interrupted or killed while it runs."""
    return subprocess.Popen(
        [*INTERRUPTIBLE, *command], env={**os.environ, **environ}, stdin=subprocess.DEVNULL, cwd=ROOT, **different
    )
