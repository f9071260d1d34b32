# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release, state staged: fetch, verify, inspect, unpack beside the running release, then rename to the version.

Private to the collection.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from . import rights
from .errors import IisError
from .fetch import Source
from .marker import MARKER, TIME_FORMAT, Marker, digest_files
from .release import NodeState, ReleaseTask
from .release_retention import Retention
from .tree import contents, digest

MIB = 1024 * 1024


class StagedTask(ReleaseTask):
    """`state: staged`: fetch, verify, unpack beside the running release, then rename to the version."""

    def work(self, state: NodeState, result: dict[str, Any]) -> None:
        version, checksum = self.options.version or "", self.options.checksum or ""
        if state.root_exists:
            self._refuse_other_writers()
        existing = self.staged_version(state)
        marker = self.marker(existing) if existing else None
        up_to_date = marker is not None and marker.proves(self.options.app, version, checksum, self.options.files)
        is_current = (
            existing is not None and state.version is not None and existing.casefold() == state.version.casefold()
        )
        # The running directory is not compared: the application may write into it.
        if existing and marker and up_to_date and not is_current:
            up_to_date = self._holds_what_was_staged(existing, marker)
        if is_current and not up_to_date:
            raise IisError(self._explain_current(version, marker))
        if existing and not up_to_date and (state.users[existing] or state.unresolved):
            user = (state.users[existing] or state.unresolved)[0]
            raise IisError(
                f"The directory {self.path_of(existing)} has another build of {version} and is, or may be, used by "
                f"{user}: release this build under a new version, or change the path of {user} first."
            )
        retention = Retention(self, state, protect={version})
        obsolete = retention.plan(adding=version)
        result.update(
            version=version,
            path=self.path_of(version),
            changed=not up_to_date or bool(obsolete),
            pruned=obsolete,
            kept_locked=[],
            manifest=marker.manifest_digest if marker and up_to_date else None,
        )
        archive_bytes = None if up_to_date else self._archive_bytes()
        if not self.check_mode:
            # Before the space check, because it frees space.
            if not up_to_date:
                retention.remove_leftovers()
            result["pruned"], result["kept_locked"] = retention.prune(obsolete)
        if not up_to_date:
            space_to_come = self.check_mode and bool(obsolete or state.leftovers)
            result.update(archive_bytes=archive_bytes, free_bytes=self._check_space(archive_bytes or 0, space_to_come))
            if not self.check_mode:
                if not state.root_exists:
                    self._make_root()
                self._stage(existing, version, checksum, result)
        before, after = sorted(state.versions), sorted({*state.versions, version} - set(result["pruned"]))
        digests = (marker.checksum if marker else None, checksum)
        result["diff"] = {
            "before": {"staged": before, "checksum": digests[0], "up_to_date": up_to_date},
            "after": {"staged": after, "checksum": digests[1], "up_to_date": True},
        }

    def _refuse_other_writers(self) -> None:
        others = self.root_writers()
        if others:
            raise IisError(f"{rights.explain(self.root, others)} Nothing was staged.", root_writers=others)

    def _make_root(self) -> None:
        """Before there is anything in it: what C:\\ gives to users by default would be inherited."""
        self.files.make_directory(self.root)
        self.files.restrict(self.root)
        self._refuse_other_writers()

    def _holds_what_was_staged(self, existing: str, marker: Marker) -> bool:
        different = self.explain_tree(marker, self.read_tree(self.path_of(existing)))
        if different:
            self.reporter.warn(
                f"The directory {self.path_of(existing)} does not hold what was staged ({different}): "
                "it is staged again."
            )
        return not different

    def _explain_current(self, version: str, marker: Marker | None) -> str:
        if marker is None:
            what = "has no staging record"
        elif marker.app != self.options.app:
            what = f"was staged for the application {marker.app!r}, not for {self.options.app!r}"
        elif marker.checksum != self.options.checksum:
            what = f"was staged from {marker.checksum}, not from {self.options.checksum}"
        else:
            what = "was staged with other settings (files)"
        return (
            f"The site {self.options.site} runs the version {version}, and its directory {what}. "
            "The running directory is never changed: release this build under a new version."
        )

    # free space

    def _archive_bytes(self) -> int | None:
        """Size of the artifact in bytes, None when the server does not return it; raises when it cannot be fetched."""
        size = self.files.remote_size(self._source())
        if self.options.archive_mib is not None:
            return round(self.options.archive_mib * MIB)
        if size is None:
            self.reporter.warn(
                f"The server does not return the size of {self._source().display_url}: the free space is checked after "
                "the download only. Set archive_mib to check it before."
            )
        return size

    def _check_space(self, archive_bytes: int, space_to_come: bool) -> int:
        """Free bytes before the download; raises when they are too few and pruning will not free any."""
        free = self.files.free_bytes(self.root)
        needed = archive_bytes + round(archive_bytes * self.options.unpacked_factor + self.options.margin_mib * MIB)
        if free < needed and not space_to_come:
            raise IisError(
                f"{self.root[:2]} has {free / MIB:.0f} MiB free, {needed / MIB:.0f} MiB are needed to fetch and unpack "
                "the release: free some space, or lower keep. Nothing was staged.",
                free_bytes=free,
                needed_bytes=needed,
            )
        return free

    def _check_space_to_unpack(self, unpacked_bytes: int) -> None:
        free = self.files.free_bytes(self.root)
        needed = unpacked_bytes + round(self.options.margin_mib * MIB)
        if free < needed:
            raise IisError(
                f"{self.root[:2]} has {free / MIB:.0f} MiB free, {needed / MIB:.0f} MiB are needed to unpack the "
                "release: free some space, or lower keep. The running release was not changed.",
                free_bytes=free,
                needed_bytes=needed,
            )

    # staging

    def _stage(self, existing: str | None, version: str, checksum: str, result: dict[str, Any]) -> None:
        work = f".incoming-{version}-{secrets.token_hex(4)}"
        tree, archive = self.path_of(work), self.path_of(work) + ".zip"
        self.reporter.begin_step(
            f"staging version {version}",
            f"Unfinished files may be left as {self.root}\\.incoming-*; the next run removes them. "
            "The running release was not changed.",
        )
        try:
            self.files.make_directory(tree)
            self._fetch(archive, checksum, result, result["free_bytes"] - round(self.options.margin_mib * MIB))
            listing = self.files.inspect_archive(archive, MARKER)
            self._check_space_to_unpack(listing.unpacked_bytes)
            self.reporter.show(f"unpacking {listing.files} files, {listing.unpacked_bytes / MIB:.1f} MiB")
            self.files.unpack(archive, tree, self.options.timeout_s)
            result["manifest"] = self._write_settings(tree, version, checksum)
            self._rename_into_place(tree, version, existing)
            result.update(unpacked_bytes=listing.unpacked_bytes, files_unpacked=listing.files)
        except IisError as error:
            if not error.connection_lost:
                self._clean_up(tree, archive, error)
            raise
        self.files.remove_files(archive)

    def _fetch(self, archive: str, checksum: str, result: dict[str, Any], most_bytes: int) -> None:
        source = self._source()
        self.reporter.show(f"fetching {source.display_url}")
        began = self.clock()
        self.files.download(source, archive, self.options.timeout_s, most_bytes)
        result["download_ms"] = round((self.clock() - began) * 1000)
        actual = f"sha256:{self.files.sha256(archive)}"
        if actual != checksum:
            raise IisError(
                f"The release from {source.display_url} has the checksum {actual}, {checksum} was expected: "
                "it was damaged or changed after it was built. Nothing was unpacked.",
                checksum_found=actual,
            )

    def _write_settings(self, tree: str, version: str, checksum: str) -> str:
        """Complete the directory; the digest of its files is returned."""
        if self.options.files:
            self.files.write_files(tree, {name: text.encode() for name, text in self.options.files.items()})
        found = contents(self.read_tree(tree), MARKER)
        now = time.strftime(TIME_FORMAT, time.gmtime())
        settings = digest_files(self.options.files)
        marker = Marker(version, checksum, now, settings, found, digest(found), self.options.app)
        self.files.write_files(tree, {MARKER: marker.to_json()})
        return marker.manifest_digest

    def _rename_into_place(self, tree: str, version: str, existing: str | None) -> None:
        """A rename is atomic: the version is complete or absent."""
        replaced = f".replaced-{version}-{secrets.token_hex(4)}"
        if existing is not None and not self.files.rename(self.path_of(existing), replaced):
            raise IisError(
                f"The directory {self.path_of(existing)} has another build of {version} and is in use: "
                "close the program that has files open in it, or release under a new version."
            )
        if not self.files.rename(tree, version):
            if existing is not None:
                self.files.rename(self.path_of(replaced), existing)
            raise IisError(
                f"The unpacked release cannot be renamed to {self.path_of(version)}: a program, such as a virus "
                "scanner, has files open in it. Run again."
            )
        if existing is not None:
            self.files.remove_directory(self.path_of(replaced))

    def _clean_up(self, tree: str, archive: str, error: IisError) -> None:
        try:
            self.files.remove_files(archive)
            removed = self.files.remove_directory(tree)
            free: int | None = self.files.free_bytes(self.root)
        except IisError:
            removed, free = False, None
        error.facts.setdefault("cleaned_up", removed)
        if free is not None:
            error.facts.setdefault("free_bytes", free)

    def _source(self) -> Source:
        if self.options.source is None:
            raise IisError("The option url is missing: state=staged requires it.")
        return self.options.source
