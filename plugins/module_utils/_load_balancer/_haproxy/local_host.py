# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration, processes and sockets on the load balancer's own host, which the runtime API does not show.

All of it is best effort: from another host, or without permission to read, it is not known.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_MARKED_DOWN = re.compile(r"^\s*(?:server|default-server)\s[^#\n]*\bon-marked-down\s+shutdown-sessions\b", re.MULTILINE)
_MOST_BYTES = 4 * 1024 * 1024


def closes_on_down(files: Iterable[str]) -> bool:
    """Whether a configuration file has a server whose sessions are shut down when it is marked down."""
    for name in files:
        path = Path(name)
        try:
            names = sorted(path.glob("*.cfg")) if path.is_dir() else [path]
            for file in names:
                with file.open(encoding="utf-8", errors="replace") as stream:
                    if _MARKED_DOWN.search(stream.read(_MOST_BYTES)):
                        return True
        except OSError:
            continue
    return False


def master_address(worker: str, proc: Path = Path("/proc")) -> str:
    """The argument of -S of a worker's master process on this host. Empty where it is not known."""
    parent, name = _parent_and_name(proc / worker)
    if parent is None or name != "haproxy":
        return ""
    try:
        words = (proc / parent / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    places = [place for place, word in enumerate(words[:-1]) if word == b"-S"]
    return words[places[0] + 1].decode("utf-8", "replace") if places else ""


def siblings(worker: str, proc: Path = Path("/proc")) -> list[str]:
    """Other workers of the same master process on this host: the old workers of a reload."""
    parent, name = _parent_and_name(proc / worker)
    if parent in {None, "0", "1"} or name != "haproxy":
        return []
    found = []
    for entry in proc.iterdir():
        if entry.name.isdigit() and entry.name != worker and _parent_and_name(entry) == (parent, name):
            found.append(entry.name)
    return sorted(found, key=int)


def _parent_and_name(directory: Path) -> tuple[str | None, str]:
    try:
        text = (directory / "stat").read_text(encoding="utf-8", errors="replace")
        name, rest = text[text.index("(") + 1 :].rsplit(") ", 1)
        state, parent = rest.split(" ")[:2]
    except (OSError, ValueError):
        return None, ""
    return (None if state in {"Z", "X"} else parent), name
