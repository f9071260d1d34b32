# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iis_release does to the node: plan from what is found, apply unless in check mode, report.

Private to the collection.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import paths
from .errors import IisError
from .fetch import Source
from .marker import HISTORY, MARKER, TIME_FORMAT, History, Marker, digest_files, read_history, read_marker
from .node_api import NodeFiles
from .site_api import SiteApi
from .talk import Talk

WORK_PREFIXES = (".incoming-", ".replaced-", ".removing-")
MIB = 1024 * 1024


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


class StagedTask(ReleaseTask):
    """`state: staged`: fetch, verify, unpack beside, and only then take the version's name."""

    def work(self, found: Found, result: dict[str, Any]) -> None:
        version, checksum = self.options.version or "", self.options.checksum or ""
        existing = self.staged_version(found)
        marker = self.marker(existing) if existing else None
        up_to_date = marker is not None and marker.proves(version, checksum, self.options.files)
        is_current = (
            existing is not None and found.version is not None and existing.casefold() == found.version.casefold()
        )
        if is_current and not up_to_date:
            raise IisError(self._explain_current(version, marker))
        keeping = Keeping(self, found, protect={version})
        doomed = keeping.plan(adding=version)
        result.update(
            version=version,
            path=self.place(version),
            changed=not up_to_date or bool(doomed),
            pruned=doomed,
            kept_locked=[],
        )
        archive_bytes = None if up_to_date else self._archive_bytes()
        if not self.check_mode:
            # First of all, because it makes room. What is doomed has no use even when the staging fails.
            if not up_to_date:
                keeping.remove_leftovers()
            result["pruned"], result["kept_locked"] = keeping.prune(doomed)
        if not up_to_date:
            room_to_come = self.check_mode and bool(doomed or found.leftovers)
            result.update(archive_bytes=archive_bytes, free_bytes=self._room(archive_bytes or 0, room_to_come))
            if not self.check_mode:
                self._stage(existing, version, checksum, result)
        before, after = sorted(found.versions), sorted({*found.versions, version} - set(result["pruned"]))
        digests = (marker.checksum if marker else None, checksum)
        result["diff"] = {
            "before": {"staged": before, "checksum": digests[0], "up_to_date": up_to_date},
            "after": {"staged": after, "checksum": digests[1], "up_to_date": True},
        }

    def _explain_current(self, version: str, marker: Marker | None) -> str:
        if marker is None:
            what = "has no record of what it was made from"
        elif marker.checksum != self.options.checksum:
            what = f"was made from {marker.checksum}, not from {self.options.checksum}"
        else:
            what = "was made with other settings (files)"
        return (
            f"The version {version} is what the site {self.options.site} runs, and it {what}: "
            "the running directory is never touched; release it under a new version."
        )

    # room

    def _archive_bytes(self) -> int | None:
        """Size of the artifact; raises when it cannot be had."""
        size = self.files.remote_size(self._source())
        return size if self.options.archive_mib is None else round(self.options.archive_mib * MIB)

    def _room(self, archive_bytes: int, room_to_come: bool) -> int:
        """Free space before the download; raises when it is not enough."""
        free = self.files.free_bytes(self.root)
        needed = archive_bytes + round(archive_bytes * self.options.unpacked_factor + self.options.margin_mib * MIB)
        if free < needed and not room_to_come:
            raise IisError(
                f"{self.root[:2]} has {free / MIB:.0f} MiB free, {needed / MIB:.0f} MiB are needed to fetch and unpack "
                "the release: make room, or lower keep. Nothing was staged.",
                free_bytes=free,
                needed_bytes=needed,
            )
        return free

    def _room_to_unpack(self, unpacked_bytes: int) -> None:
        free = self.files.free_bytes(self.root)
        needed = unpacked_bytes + round(self.options.margin_mib * MIB)
        if free < needed:
            raise IisError(
                f"{self.root[:2]} has {free / MIB:.0f} MiB free, {needed / MIB:.0f} MiB are needed to unpack the release: "
                "make room, or lower keep. The running release was not touched.",
                free_bytes=free,
                needed_bytes=needed,
            )

    # staging

    def _stage(self, existing: str | None, version: str, checksum: str, result: dict[str, Any]) -> None:
        work = f".incoming-{version}-{secrets.token_hex(4)}"
        tree, archive = self.place(work), self.place(work) + ".zip"
        self.talk.doing(
            f"staging version {version}",
            f"Unfinished files may be left as {self.root}\\.incoming-*: the next run removes them. "
            "The running release was not touched.",
        )
        try:
            self.files.make_directory(tree)
            self._fetch(archive, checksum, result)
            listing = self.files.inspect_archive(archive, MARKER)
            self._room_to_unpack(listing.unpacked_bytes)
            self.talk.say(f"unpacking {listing.files} files, {listing.unpacked_bytes / MIB:.1f} MiB")
            self.files.unpack(archive, tree, self.options.timeout_s)
            self._lay_in(tree, version, checksum)
            self._take_name(tree, version, existing)
            result.update(unpacked_bytes=listing.unpacked_bytes, files_unpacked=listing.files)
        except IisError as error:
            if not error.connection_is_gone:
                self._clean_up(tree, archive, error)
            raise
        self.files.remove_files(archive)

    def _fetch(self, archive: str, checksum: str, result: dict[str, Any]) -> None:
        source = self._source()
        self.talk.say(f"fetching {source.shown}")
        began = self.clock()
        self.files.download(source, archive, self.options.timeout_s)
        result["download_ms"] = round((self.clock() - began) * 1000)
        found = f"sha256:{self.files.sha256(archive)}"
        if found != checksum:
            raise IisError(
                f"The release from {source.shown} has the checksum {found}, {checksum} was expected: "
                "it was damaged or changed since it was built; nothing was unpacked.",
                checksum_found=found,
            )

    def _lay_in(self, tree: str, version: str, checksum: str) -> None:
        now = time.strftime(TIME_FORMAT, time.gmtime())
        marker = Marker(version, checksum, now, digest_files(self.options.files))
        contents = {name: text.encode() for name, text in self.options.files.items()}
        self.files.write_files(tree, {**contents, MARKER: marker.to_json()})

    def _take_name(self, tree: str, version: str, existing: str | None) -> None:
        """A rename is atomic: the version is there as a whole or not at all."""
        replaced = f".replaced-{version}-{secrets.token_hex(4)}"
        if existing is not None and not self.files.rename(self.place(existing), replaced):
            raise IisError(
                f"The directory {self.place(existing)} holds another build of {version} and is in use: "
                "find the program that has files open in it, or release under a new version."
            )
        if not self.files.rename(tree, version):
            if existing is not None:
                self.files.rename(self.place(replaced), existing)
            raise IisError(
                f"The unpacked release cannot be renamed to {self.place(version)}: a program (a virus scanner?) has files "
                "open in it; run again."
            )
        if existing is not None:
            self.files.remove_directory(self.place(replaced))

    def _clean_up(self, tree: str, archive: str, error: IisError) -> None:
        try:
            self.files.remove_files(archive)
            gone = self.files.remove_directory(tree)
            room = self.files.free_bytes(self.root)
        except IisError:
            gone, room = False, None
        error.facts.setdefault("cleaned_up", gone)
        if room is not None:
            error.facts.setdefault("free_bytes", room)

    def _source(self) -> Source:
        if self.options.source is None:
            raise IisError("The option url is missing: state staged needs it.")
        return self.options.source


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


TASKS: dict[str, type[ReleaseTask]] = {"staged": StagedTask, "current": CurrentTask, "absent": AbsentTask}
