# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy what SOURCE tracks (all its files when it is not a repository) to DESTINATION, and commit it there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def git(directory: Path, *args: str) -> str:
    command = ["git", "-C", str(directory), "-c", "user.name=sync", "-c", "user.email=sync@localhost", *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names_of(source: Path) -> set[str]:
    if (source / ".git").exists():
        listed = git(source, "ls-files", "-z").split("\0")
        return {name for name in listed if name and (source / name).is_file()}
    return {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}


def main() -> None:
    source, destination = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = names_of(source)
    if not (destination / ".git").exists():
        git(destination, "init", "-q")
    for name in git(destination, "ls-files", "-z").split("\0"):
        if name and name not in wanted:
            (destination / name).unlink(missing_ok=True)
    for name in wanted:
        origin, copy = source / name, destination / name
        same_mode = os.access(copy, os.X_OK) == os.access(origin, os.X_OK)
        if copy.is_file() and copy.read_bytes() == origin.read_bytes() and same_mode:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, copy)
    git(destination, "add", "-A")
    if git(destination, "status", "--porcelain"):
        git(destination, "commit", "-q", "-m", "what is tracked")


if __name__ == "__main__":
    main()
