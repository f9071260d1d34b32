# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old versions of a release: which go, and how they go.

Private to the collection.
"""

from __future__ import annotations

import secrets

from .release import NodeState, ReleaseTask


class Retention:
    """Which old versions are removed, and how."""

    def __init__(self, task: ReleaseTask, state: NodeState, protect: set[str]) -> None:
        self._task = task
        self._state = state
        self._protect = {name.casefold() for name in protect}

    def plan(self, adding: str) -> list[str]:
        """Versions beyond the newest `keep`.

        The current, the previous and the protected ones, and directories without a staging record, are kept.
        """
        keep = self._task.options.keep
        versions = self._state.versions
        if keep == 0 or len({name.casefold() for name in [*versions, adding]}) <= keep:
            return []
        history = self._task.history(self._state)
        protected = set(self._protect)
        for name in (self._state.version, history.previous_version if history else None):
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
        """Remove versions; returns the removed ones and those in use, which stay complete, with a warning."""
        removed, in_use = [], []
        for name in names:
            if self.remove(name):
                removed.append(name)
            else:
                in_use.append(name)
                self._task.reporter.warn(f"The old version {name} is in use and was kept: {self._task.path_of(name)}.")
        return removed, in_use

    def remove(self, name: str) -> bool:
        """Remove a version; False when a file in it is open.

        It is renamed first: Windows refuses that while a file is open, so the directory is never removed in part.
        """
        moved = f".removing-{name}-{secrets.token_hex(4)}"
        if not self._task.files.rename(self._task.path_of(name), moved):
            return False
        self._task.files.remove_directory(self._task.path_of(moved))
        return True

    def remove_leftovers(self) -> None:
        """Remove what interrupted runs left: directories, and archives beside them."""
        if not self._state.leftovers:
            return
        for name in self._state.leftovers:
            self._task.files.remove_directory(self._task.path_of(name))
        self._task.files.remove_files(self._task.path_of(".incoming-*.zip"))
