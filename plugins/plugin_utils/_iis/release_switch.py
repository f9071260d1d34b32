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
from .marker import HISTORY, TIME_FORMAT, History
from .release import Found, ReleaseTask
from .release_keeping import Keeping


class CurrentTask(ReleaseTask):
    """`state: current`: switch the physical path to a staged version, and look afterwards whether it is so."""

    def work(self, found: Found, result: dict[str, Any]) -> None:
        target, name = self._target(found)
        changed = not paths.same(paths.expand(found.path, self.options.system_root), target)
        result.update(changed=changed, version=name, path=target)
        result["diff"] = {
            "before": {"physical_path": found.path, "version": found.version},
            "after": {"physical_path": target, "version": name},
        }
        if not changed or self.check_mode:
            return
        where = f"{self.options.site}{'' if self.options.application == '/' else self.options.application}"
        self.talk.doing(
            f"switching the site {where} to {target}",
            f"The site {where} may run from {found.path} or from {target}: look before you go on.",
        )
        self.sites.set_physical_path(self.options.site, self.options.application, target)
        actual = self.sites.physical_path(self.options.site, self.options.application)
        if not paths.same(paths.expand(actual, self.options.system_root), target):
            raise IisError(
                f"The site {where} runs from {actual} after the switch, {target} expected: somebody else changed it."
            )
        self._remember(found, name)

    def _target(self, found: Found) -> tuple[str, str | None]:
        if self.options.path is not None:
            target = paths.check_directory(self.options.path, "path")
            if self.files.directories(target) is None:
                raise IisError(f"The directory {target} is not on the node: give one that is.")
            return target, paths.child_name(target, self.root)
        name = self.staged_version(found)
        if name is None:
            staged = ", ".join(sorted(found.versions)) or "none"
            raise IisError(
                f"The version {self.options.version} is not staged in {self.root}; staged: {staged}. Stage it first."
            )
        marker = self.marker(name)
        if marker is None:
            raise IisError(
                f"The directory {self.place(name)} has no record of a finished staging: stage the version again before the switch."
            )
        return self.place(name), name

    def _remember(self, found: Found, name: str | None) -> None:
        if name is None:
            return
        now = time.strftime(TIME_FORMAT, time.gmtime())
        history = History(name, found.version, found.path, now)
        try:
            self.files.write_files(self.root, {HISTORY: history.to_json()})
        except IisError as error:
            if error.connection_is_gone:
                raise
            self.talk.warn(
                f"The switch is done, but the record of the previous version was not written: {error.message}"
            )


class AbsentTask(ReleaseTask):
    """`state: absent`: remove one version, never the one that runs."""

    def work(self, found: Found, result: dict[str, Any]) -> None:
        name = self.staged_version(found)
        version = self.options.version
        if found.version is not None and version is not None and found.version.casefold() == version.casefold():
            raise IisError(
                f"The version {version} is what the site {self.options.site} runs: switch to another one first."
            )
        result.update(changed=name is not None, version=version, path=self.place(name or version or ""))
        after = sorted(set(found.versions) - {name})
        result["diff"] = {"before": {"staged": sorted(found.versions)}, "after": {"staged": after}}
        if name is None or self.check_mode:
            return
        self.talk.doing(
            f"removing version {name}", f"The directory {self.place(name)} may be gone in part: remove it again."
        )
        if not Keeping(self, found, protect=set()).remove(name):
            raise IisError(
                f"The directory {self.place(name)} is in use and was left as it was: find the program that has files open."
            )
