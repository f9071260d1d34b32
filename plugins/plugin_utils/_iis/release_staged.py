# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release, state staged: fetch, verify, inspect, unpack beside, and only then take the version's name.

Private to the collection.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from .errors import IisError
from .fetch import Source
from .marker import MARKER, TIME_FORMAT, Marker, digest_files
from .release import Found, ReleaseTask
from .release_keeping import Keeping

MIB = 1024 * 1024


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
