# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every state of iis_release does: read the node, plan from what is found, apply unless in check mode, report.

Private to the collection.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import paths
from .errors import IisError
from .fetch import Source
from .marker import HISTORY, MARKER, History, Marker, read_history, read_marker
from .node_api import NodeFiles
from .site_api import SiteApi
from .talk import Talk

WORK_PREFIXES = (".incoming-", ".replaced-", ".removing-")


@dataclass(frozen=True)
class ReleaseOptions:
    """The options of iis_release."""

    site: str
    root: str
    state: str
    application: str = "/"
    version: str | None = None
    path: str | None = None
    source: Source | None = None
    checksum: str | None = None
    files: dict[str, str] = field(default_factory=dict, repr=False)
    keep: int = 5
    timeout_s: float = 600.0
    archive_mib: float | None = None
    unpacked_factor: float = 3.0
    margin_mib: float = 100.0
    system_root: str = r"C:\Windows"


@dataclass(frozen=True)
class Found:
    """What a node has before anything is done."""

    path: str
    version: str | None
    versions: list[str]
    leftovers: list[str]
    root_exists: bool


class ReleaseTask(ABC):
    """One run of iis_release; each state is a subclass."""

    def __init__(
        self,
        files: NodeFiles,
        sites: SiteApi,
        options: ReleaseOptions,
        talk: Talk,
        check_mode: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.files = files
        self.sites = sites
        self.options = options
        self.talk = talk
        self.check_mode = check_mode
        self.clock = clock
        self.root = paths.check_directory(options.root, "root")

    def run(self) -> dict[str, Any]:
        began = self.clock()
        found = self.find()
        result: dict[str, Any] = {
            "changed": False,
            "previous_version": found.version,
            "previous_path": found.path,
        }
        self.work(found, result)
        result["waited_ms"] = round((self.clock() - began) * 1000)
        return result

    @abstractmethod
    def work(self, found: Found, result: dict[str, Any]) -> None:
        """Plan, apply, and put what was done into the result."""

    # what every state reads

    def find(self) -> Found:
        """Read the site and the root; refuse a root that the running application lives in."""
        path = self.sites.physical_path(self.options.site, self.options.application)
        place = paths.expand(path, self.options.system_root)
        if paths.inside(self.root, place):
            raise IisError(
                f"The root {self.root} lies in {path}, which the site {self.options.site} runs from: "
                r"give a directory beside it, such as C:\releases\shop."
            )
        names = self.files.directories(self.root)
        versions = [name for name in names or [] if not name.startswith(".")]
        leftovers = [name for name in names or [] if name.startswith(WORK_PREFIXES)]
        child = paths.child_name(place, self.root)
        current = next((name for name in versions if child and name.casefold() == child.casefold()), child)
        return Found(path, current, versions, leftovers, names is not None)

    def marker(self, version: str) -> Marker | None:
        """The record in a staged version."""
        return read_marker(self.files.read_text(rf"{self.place(version)}\{MARKER}".replace("/", "\\")))

    def history(self, found: Found) -> History | None:
        """The last switch, when it is the one that the site still runs from."""
        history = read_history(self.files.read_text(rf"{self.root}\{HISTORY}")) if found.root_exists else None
        return history if history and found.version and history.version == found.version else None

    def place(self, name: str) -> str:
        """The path of a name in the root."""
        return rf"{self.root}\{name}"

    def staged_version(self, found: Found) -> str | None:
        """The directory of the version that the options name, as the node spells it."""
        wanted = (self.options.version or "").casefold()
        return next((name for name in found.versions if name.casefold() == wanted), None)
