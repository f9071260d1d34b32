# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old versions of a release: which go, and how they go.

Private to the collection.
"""

from __future__ import annotations

import secrets

from .release import Found, ReleaseTask


class Keeping:
    """Old versions: which go, and how they go."""

    def __init__(self, task: ReleaseTask, found: Found, protect: set[str]) -> None:
        self._task = task
        self._found = found
        self._protect = {name.casefold() for name in protect}

    def plan(self, adding: str) -> list[str]:
        """Versions beyond the newest `keep`; never the current, the previous, or a directory that was not staged by us."""
        keep = self._task.options.keep
        versions = self._found.versions
        if keep == 0 or len({name.casefold() for name in [*versions, adding]}) <= keep:
            return []
        history = self._task.history(self._found)
        protected = set(self._protect)
        for name in (self._found.version, history.previous_version if history else None):
            if name:
                protected.add(name.casefold())
        dated: list[tuple[str, str]] = []
        for name in versions:
            marker = self._task.marker(name) if name.casefold() not in protected else None
            if marker is not None:
                dated.append((marker.staged_at, name))
        dated.sort(reverse=True)
        room = max(0, keep - len(protected))
        return [name for _staged_at, name in dated[room:]]

    def prune(self, names: list[str]) -> tuple[list[str], list[str]]:
        """Remove them; those that something holds are left whole, with a warning."""
        gone, locked = [], []
        for name in names:
            if self.remove(name):
                gone.append(name)
            else:
                locked.append(name)
                self._task.talk.warn(f"The old version {name} is in use and was kept: {self._task.place(name)}.")
        return gone, locked

    def remove(self, name: str) -> bool:
        """Rename first: a directory in which a file is open keeps its name, and stays whole."""
        moved = f".removing-{name}-{secrets.token_hex(4)}"
        if not self._task.files.rename(self._task.place(name), moved):
            return False
        self._task.files.remove_directory(self._task.place(moved))
        return True

    def remove_leftovers(self) -> None:
        """What runs that broke off have left: directories, and archives beside them."""
        if not self._found.leftovers:
            return
        for name in self._found.leftovers:
            self._task.files.remove_directory(self._task.place(name))
        self._task.files.remove_files(self._task.place(".incoming-*.zip"))
