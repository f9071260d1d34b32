# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release, states current and absent: switch the physical path, remove a version.

Private to the collection.
"""

from __future__ import annotations

import time
from typing import Any

from . import paths
from .errors import IisError
from .marker import HISTORY, TIME_FORMAT, History, Marker
from .release import NodeState, ReleaseTask
from .release_retention import Retention
from .tree import DIRECTORY, Tree, differences


class CurrentTask(ReleaseTask):
    """`state: current`: switch the physical path to a staged version, and verify the switch."""

    def work(self, state: NodeState, result: dict[str, Any]) -> None:
        target, name, marker = self._target(state)
        changed = not paths.same_path(paths.expand(state.path, self.options.system_root), target)
        result.update(changed=changed, version=name, path=target)
        result["diff"] = {
            "before": {"physical_path": state.path, "version": state.version},
            "after": {"physical_path": target, "version": name},
        }
        self._warn_of_other_users(state, target)
        if not changed:
            return
        tree = self._verify(target, marker) if marker else None
        if self.check_mode:
            return
        where = f"{self.options.site}{'' if self.options.application == '/' else self.options.application}"
        self.reporter.begin_step(
            f"switching the site {where} to {target}",
            f"The site {where} may run from {state.path} or from {target}: check it with iis_release_info.",
        )
        try:
            self.sites.set_physical_path(self.options.site, self.options.application, target)
        except IisError as error:
            self._add_current_path(error)
            raise
        actual = self.sites.physical_path(self.options.site, self.options.application)
        if not paths.same_path(paths.expand(actual, self.options.system_root), target):
            raise IisError(
                f"The site {where} runs from {actual} after the switch, {target} was expected: "
                "another program or person changed it.",
                current_path=actual,
            )
        if tree is not None:
            self._verify_again(target, tree)
        self._record_switch(state, name)

    def _verify(self, target: str, marker: Marker) -> Tree:
        """The files right before the switch; raises when they are not those that were staged."""
        tree = self.read_tree(target)
        different = self.explain_tree(marker, tree)
        if different:
            raise IisError(
                f"The directory {target} does not hold what was staged ({different}): find out who changed it, and "
                "stage the release again. The site was not switched."
            )
        return tree

    def _verify_again(self, target: str, before: Tree) -> None:
        """The staged files with the same attributes, size and time, right after the switch.

        Where the pool was not stopped, the application runs already: it may have added files, such as a log.
        """
        staged = {path: entry.stamp for path, entry in before.items() if entry.content != DIRECTORY}
        now = self.read_tree(target, hashes=False)
        different = differences(staged, {path: entry.stamp for path, entry in now.items() if path in staged})
        if different:
            raise IisError(
                f"The directory {target} was changed while the site was switched to it ({different}): "
                "switch back, and find out who changed it.",
                current_path=target,
            )

    def _warn_of_other_users(self, state: NodeState, target: str) -> None:
        """An application below the site, or of another site, is not switched with the site."""
        for version in state.versions:
            others = state.other_users(version, self.own_directory)
            if others and not paths.same_path(self.path_of(version), target):
                self.reporter.warn(
                    f"{', '.join(others)} still uses {self.path_of(version)}, so this version is not removed: "
                    "change the physical path of that application or virtual directory as well."
                )

    def _add_current_path(self, error: IisError) -> None:
        """Add to a failure where the site runs now."""
        if error.connection_lost:
            return
        try:
            current = self.sites.physical_path(self.options.site, self.options.application)
        except IisError:
            return
        error.facts.setdefault("current_path", current)

    def _target(self, state: NodeState) -> tuple[str, str | None, Marker | None]:
        """The directory to switch to, the version that it is, and its staging record where it must have one."""
        if self.options.path is not None:
            target = paths.check_directory(self.options.path, "path")
            if self.files.directories(target) is None:
                raise IisError(f"The directory {target} does not exist on the node: choose an existing one.")
            return target, paths.child_name(target, self.root), None
        name = self.staged_version(state)
        if name is None:
            staged = ", ".join(sorted(state.versions)) or "none"
            raise IisError(
                f"The version {self.options.version} is not staged in {self.root}; staged: {staged}. Stage it first."
            )
        marker = self.marker(name)
        if marker is None:
            raise IisError(
                f"The directory {self.path_of(name)} has no record of a finished staging: "
                "stage the version again before the switch."
            )
        return self.path_of(name), name, marker

    def _record_switch(self, state: NodeState, name: str | None) -> None:
        if name is None:
            return
        now = time.strftime(TIME_FORMAT, time.gmtime())
        history = History(name, state.version, state.path, now)
        try:
            self.files.write_files(self.root, {HISTORY: history.to_json()})
        except IisError as error:
            if error.connection_lost:
                raise
            self.reporter.warn(
                f"The site was switched, but the record of the previous version was not written: {error.message}"
            )


class AbsentTask(ReleaseTask):
    """`state: absent`: remove a version that the site does not run."""

    def work(self, state: NodeState, result: dict[str, Any]) -> None:
        name = self.staged_version(state)
        version = self.options.version
        if state.version is not None and version is not None and state.version.casefold() == version.casefold():
            raise IisError(f"The site {self.options.site} runs the version {version}: switch to another one first.")
        users = (state.users[name] or state.unresolved) if name else []
        if users:
            raise IisError(
                f"The directory {self.path_of(name or '')} is, or may be, used by {', '.join(users)}: "
                "change that physical path first."
            )
        result.update(changed=name is not None, version=version, path=self.path_of(name or version or ""))
        after = sorted(set(state.versions) - {name})
        result["diff"] = {"before": {"staged": sorted(state.versions)}, "after": {"staged": after}}
        if name is None or self.check_mode:
            return
        self.reporter.begin_step(
            f"removing version {name}", f"The directory {self.path_of(name)} may be removed in part: remove it again."
        )
        if not Retention(self, state, protect=set()).remove(name):
            raise IisError(
                f"The directory {self.path_of(name)} is in use and was not changed: "
                "close the program that has files open in it."
            )
