# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration, processes and sockets on the load balancer's own host, which the runtime API does not show.

All of it is best effort: from another host, or without permission to read, it is not known.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 4 * 1024 * 1024
#: The words that begin a section, from HAProxy's configuration.txt; a directive need not be indented.
_SECTIONS = frozenset(
    {
        "global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "mailers", "resolvers", "program",
        "http-errors", "ring", "log-forward", "log-profile", "cache", "fcgi-app", "crt-store", "traces", "acme",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Directive:
    """One line of a configuration."""

    section: str
    """global, defaults, frontend, backend, listen, or another word that begins a section."""
    name: str
    """The name of the section."""
    words: tuple[str, ...]
    place: str
    """file:line, for messages."""

    def __str__(self) -> str:
        return f"'{' '.join(self.words)}' ({self.place})"


def directives(files: Iterable[str]) -> list[Directive] | None:
    """The lines of a configuration. None: there are no files, or one cannot be read as a whole."""
    found: list[Directive] = []
    section = name = ""
    paths = [path for file in files for path in (sorted(Path(file).glob("*.cfg")) or [Path(file)])]
    for path in paths:
        try:
            text = path.read_bytes()
        except OSError:
            return None
        if len(text) > _MOST_BYTES:
            return None
        for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
            words = tuple(line.partition("#")[0].split())
            if not words:
                continue
            if words[0] in _SECTIONS:
                section, name = words[0], words[1] if len(words) > 1 else ""
                continue
            found.append(Directive(section, name, words, f"{path}:{number}"))
    return found or None


def closes_on_down(configuration: Iterable[Directive]) -> bool:
    """Whether a server's sessions are shut down when it is marked down."""
    for line in configuration:
        pairs = zip(line.words, line.words[1:])
        if line.words[0] in {"server", "default-server"} and ("on-marked-down", "shutdown-sessions") in pairs:
            return True
    return False


def rules_that_ignore_drain(configuration: Iterable[Directive], backend: str, server: str) -> list[Directive]:
    """Lines that send requests to a server which is draining or in maintenance."""

    def ignores(words: tuple[str, ...]) -> bool:
        return words[:2] == ("use-server", server) or words[0] == "force-persist" or words[:2] == ("option", "persist")

    return [
        line
        for line in configuration
        if ignores(line.words) and (line.section == "defaults" or (line.section, line.name) in _sections(backend))
    ]


def state_file_of(configuration: Iterable[Directive]) -> str:
    """The server-state-file that servers' states are loaded from at a reload. Empty: none is."""
    lines = list(configuration)
    loads = any(
        line.words[0] == "load-server-state-from-file" and line.words[1:2] in {("global",), ("local",)}
        for line in lines
    )
    files = [line.words[1] for line in lines if line.words[0] == "server-state-file" and len(line.words) > 1]
    return files[0] if loads and files else ""


def _sections(backend: str) -> set[tuple[str, str]]:
    return {("backend", backend), ("listen", backend)}


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


def siblings(worker: str, proc: Path = Path("/proc")) -> list[str] | None:
    """Other HAProxy processes on this host that may be old workers of a reload. None: the worker is not seen here.

    Workers of one master process have the same parent. Without a master process the parent is process 1, which other
    instances may have as well: only processes with the same command line count then.
    """
    parent, name = _parent_and_name(proc / worker)
    if parent in {None, "0"} or name != "haproxy":
        return None
    found = []
    for entry in proc.iterdir():
        other = entry.name.isdigit() and entry.name != worker and _parent_and_name(entry) == (parent, name)
        if other and (parent != "1" or _files(entry) == _files(proc / worker)):
            found.append(entry.name)
    return sorted(found, key=int)


def _files(directory: Path) -> list[bytes]:
    """What a process was started with behind -f."""
    try:
        words = (directory / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [after for word, after in zip(words, words[1:]) if word == b"-f"]


def _parent_and_name(directory: Path) -> tuple[str | None, str]:
    try:
        text = (directory / "stat").read_text(encoding="utf-8", errors="replace")
        name, rest = text[text.index("(") + 1 :].rsplit(") ", 1)
        state, parent = rest.split(" ")[:2]
    except (OSError, ValueError):
        return None, ""
    return (None if state in {"Z", "X"} else parent), name
