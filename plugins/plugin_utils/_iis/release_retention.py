# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old versions of a release: which go, and how they go.

Private to the collection.
"""

from __future__ import annotations

import secrets

from .marker import History
from .release import NodeState, ReleaseTask


class Retention:
    """Which old versions are removed, and how."""

    def __init__(self, task: ReleaseTask, state: NodeState, protect: set[str]) -> None:
        self._task = task
        self._state = state
        self._protect = {name.casefold() for name in protect}

    def plan(self, adding: str) -> list[str]:
        """Versions beyond the newest `keep`; none when something that must be kept is unknown.

        Kept are the current, the previous and the protected versions, those that any virtual directory of the server
        uses, and directories without a staging record.
        """
        keep = self._task.options.keep
        versions = self._state.versions
        if keep == 0 or len({name.casefold() for name in [*versions, adding]}) <= keep:
            return []
        history = self._task.history(self._state)
        obsolete = self._beyond(keep, history.previous_version if history else None)
        unknown = self._unknown(history) if obsolete else None
        if unknown:
            self._task.reporter.warn(f"Old versions in {self._task.root} were not removed: {unknown}.")
            return []
        return obsolete

    def _unknown(self, history: History | None) -> str | None:
        """What is not known of the versions in use."""
        if self._state.unresolved:
            return f"the path of {', '.join(self._state.unresolved)} has a variable that is unknown here"
        if self._state.version and history is None:
            return "the version before the last switch is not recorded, so it cannot be kept for a rollback"
        return None

    def _beyond(self, keep: int, previous: str | None) -> list[str]:
        used = [name for name in self._state.versions if self._state.users[name]]
        protected = self._protect | {name.casefold() for name in (self._state.version, previous, *used) if name}
        dated: list[tuple[str, str]] = []
        for name in self._state.versions:
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
        if not self._task.files.remove_directory(self._task.path_of(moved)):
            self._task.reporter.warn(
                f"The version {name} was renamed to {self._task.path_of(moved)} and removed in part: "
                "the next staging removes the rest."
            )
        return True

    def remove_leftovers(self) -> None:
        """Remove what interrupted runs left: directories, and archives beside them."""
        if not self._state.leftovers:
            return
        for name in self._state.leftovers:
            if self._state.users[name]:
                self._task.reporter.warn(f"{self._task.path_of(name)} was kept: {self._state.users[name][0]} uses it.")
                continue
            self._task.files.remove_directory(self._task.path_of(name))
        self._task.files.remove_files(self._task.path_of(".incoming-*.zip"))
