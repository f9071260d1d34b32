# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every state of iis_release does: read the node, plan from what was found, apply unless in check mode, report.

Private to the collection.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import paths, rights
from .errors import IisError
from .fetch import Source
from .marker import HISTORY, MARKER, History, Marker, read_history, read_marker
from .node_api import NodeFiles
from .reporter import TaskReporter
from .site_api import SiteApi, VirtualDirectory, path_in, vdir_name
from .tree import Tree, contents, differences, digest_matches

WORK_PREFIXES = (".incoming-", ".replaced-", ".removing-")


@dataclass(frozen=True)
class ReleaseOptions:
    """The options of iis_release."""

    site: str
    root: str
    state: str
    application: str = "/"
    app: str = ""
    version: str | None = None
    path: str | None = None
    source: Source | None = None
    checksum: str | None = None
    files: dict[str, str] = field(default_factory=dict, repr=False)
    manifest: str | None = None
    writers: tuple[str, ...] = ()
    keep: int = 5
    timeout_s: float = 600.0
    archive_mib: float | None = None
    unpacked_factor: float = 3.0
    margin_mib: float = 100.0
    system_root: str = r"C:\Windows"


@dataclass(frozen=True)
class NodeState:
    """The releases of a node before anything is changed.

    `version` is None when the site runs from a directory outside of the root. `leftovers` are directories of
    interrupted runs. `users` has the virtual directories of the whole server that use a version. `unresolved` are
    those with a variable in their path that is unknown here: they may use any version.
    """

    path: str
    version: str | None
    versions: list[str]
    leftovers: list[str]
    root_exists: bool
    directories: list[VirtualDirectory]
    users: dict[str, list[str]]
    unresolved: list[str]

    def other_users(self, version: str, own: str) -> list[str]:
        """Other virtual directories than `own` in the directory of a version."""
        return [name for name in self.users.get(version, []) if name.casefold() != own.casefold()]


class ReleaseTask(ABC):
    """One run of iis_release; each state is a subclass."""

    def __init__(
        self,
        files: NodeFiles,
        sites: SiteApi,
        options: ReleaseOptions,
        reporter: TaskReporter,
        check_mode: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.files = files
        self.sites = sites
        self.options = options
        self.reporter = reporter
        self.check_mode = check_mode
        self.clock = clock
        self.root = paths.check_directory(options.root, "root")

    def run(self) -> dict[str, Any]:
        began = self.clock()
        state = self.read_state()
        result: dict[str, Any] = {
            "changed": False,
            "previous_version": state.version,
            "previous_path": state.path,
        }
        self.work(state, result)
        result["waited_ms"] = round((self.clock() - began) * 1000)
        return result

    @abstractmethod
    def work(self, state: NodeState, result: dict[str, Any]) -> None:
        """Plan, apply, and add what was done to the result."""

    # reading

    def read_state(self) -> NodeState:
        """Read the site and the root; refuse a root inside of the directory that the site runs from."""
        directories = self.sites.virtual_directories()
        path = path_in(directories, self.options.site, self.options.application)
        place = paths.resolve(path, self.options.system_root)
        if place is None:
            raise IisError(f"The physical path {path} of the site {self.options.site} has an unknown variable.")
        if paths.inside(self.root, place):
            raise IisError(
                f"The root {self.root} is inside of {path}, the directory that the site {self.options.site} runs from: "
                r"choose a directory beside it, such as C:\releases\shop."
            )
        names = self.files.directories(self.root)
        versions = [name for name in names or [] if not name.startswith(".")]
        leftovers = [name for name in names or [] if name.startswith(WORK_PREFIXES)]
        child = paths.child_name(place, self.root)
        current = next((name for name in versions if child and name.casefold() == child.casefold()), child)
        resolved = {one.name: paths.resolve(one.path, self.options.system_root) for one in directories}
        users = {
            version: [name for name, at in resolved.items() if at and paths.inside(at, self.path_of(version))]
            for version in [*versions, *leftovers]
        }
        unresolved = [name for name, at in resolved.items() if at is None]
        return NodeState(path, current, versions, leftovers, names is not None, directories, users, unresolved)

    @property
    def own_directory(self) -> str:
        """appcmd's name of the application's root directory."""
        return vdir_name(self.options.site, self.options.application)

    def marker(self, version: str) -> Marker | None:
        """The staging record of a version; None without one, or when it is that of another one, as in a copy."""
        marker = read_marker(self.files.read_text(rf"{self.path_of(version)}\{MARKER}".replace("/", "\\")))
        return marker if marker and paths.same_path(marker.version, version) else None

    def root_writers(self) -> list[str]:
        """Who else may change the root, which exists; empty when only the trusted ones may."""
        return rights.writers(self.files.access_list(self.root), self.options.writers)

    def read_tree(self, directory: str, hashes: bool = True) -> Tree:
        """The files of a directory; the step that follows is not shown while it takes a moment only."""
        self.reporter.show(f"reading the files in {directory}")
        return self.files.tree(directory, hashes)

    def explain_tree(self, marker: Marker, tree: Tree) -> str:
        """Why the files are not those that were staged; empty when they are."""
        found = contents(tree, MARKER)
        if self.options.manifest is not None and marker.manifest_digest != self.options.manifest:
            return "its staging record is not the one that was kept when the release was staged"
        if not digest_matches(marker.manifest_digest, marker.manifest):
            return "its staging record contradicts itself"
        return differences(marker.manifest, found)

    def history(self, state: NodeState) -> History | None:
        """The last switch; None when it is not recorded or the site was changed since."""
        history = read_history(self.files.read_text(rf"{self.root}\{HISTORY}")) if state.root_exists else None
        return history if history and state.version and history.version == state.version else None

    def path_of(self, name: str) -> str:
        """The path of a directory or file in the root."""
        return rf"{self.root}\{name}"

    def staged_version(self, state: NodeState) -> str | None:
        """The requested version as the node spells it; None when it is not staged."""
        wanted = (self.options.version or "").casefold()
        return next((name for name in state.versions if name.casefold() == wanted), None)
