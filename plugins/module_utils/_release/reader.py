# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release's directory: the manifest, and that what it names is there and is the release's own.

Private to this collection.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._scripts.errors import PathError
from .._scripts.find import phase_directory
from .._scripts.phases import PHASES, Phase
from .._scripts.text import UTF_8
from .._tsql.options import MODULES
from .archive import check_zip
from .document import Node
from .errors import InvalidFile, Problem, ReleaseError
from .manifest import Manifest, read_manifest

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Release:
    """A release whose directories have been found."""

    path: Path
    """Its directory, absolute and without links."""
    manifest: Manifest
    database: dict[str, Path]
    """Absolute directories of scripts by phase, in the order of the phases. A phase without one is absent."""

    def as_dict(self) -> dict[str, Any]:
        """The release as a result: what release.yml says with defaults filled in, and where things are."""
        manifest = self.manifest
        return {
            "app": manifest.app,
            "version": manifest.version,
            "description": manifest.description,
            "web": {"artifact": manifest.artifact, "sha256": manifest.sha256},
            "database": {phase: str(directory) for phase, directory in self.database.items()},
            "encoding": manifest.encoding or UTF_8,
            "modules": manifest.modules or MODULES[0],
            "smoke": manifest.smoke,
            "uses": manifest.uses,
            "supports": {"contract_after": manifest.contract_after},
            "path": str(self.path),
        }


def read_release(path: Path) -> Release:
    """Read the release in a directory. Raises ReleaseError."""
    if not path.is_dir():
        raise ReleaseError(f"{path} is not a directory.")
    directory = path.resolve()
    manifest = read_manifest(directory)
    return Release(directory, manifest, _directories(directory, manifest))


def check_artifact(release: Release) -> Path | None:
    """The web artifact beside release.yml; None where it is not there. Raises ReleaseError for another one.

    The file is read as a stream.
    """
    manifest = release.manifest
    path = release.path / manifest.artifact
    if not os.path.lexists(path):
        return None
    if not path.is_file() or not _inside(path, release.path):
        raise ReleaseError(f"{path} is expected to be a file inside the release, not a link out of it or a directory.")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read: {error.strerror}.") from None
    if digest.hexdigest() != manifest.sha256:
        raise ReleaseError(
            f"{manifest.artifact} has SHA-256 {digest.hexdigest()}, but release.yml says {manifest.sha256}: "
            "the release is damaged or was put together from two builds. Build it again."
        )
    check_zip(path)
    return path


def _directories(directory: Path, manifest: Manifest) -> dict[str, Path]:
    """Absolute directories by phase. Raises InvalidFile when one that is named is missing, outside, or named twice."""
    if manifest.database is None:
        usual = {phase.name: _usual(directory, phase) for phase in PHASES}
        return {name: path for name, path in usual.items() if path is not None}
    found: dict[str, Path] = {}
    wrong: list[Problem] = []
    for phase in PHASES:
        name = manifest.database.get(phase.name)
        if name is None:
            continue
        path = directory / name
        message = _objection(path, directory, found)
        if message:
            place = _named(manifest, phase.name).place
            wrong.append(Problem(place.line, place.column, f"database.{phase} is {name!r}: {message}"))
        found[phase.name] = path
    wrong += _forgotten(directory, manifest, found)
    if wrong:
        raise InvalidFile(str(manifest.file), wrong)
    return found


def _usual(directory: Path, phase: Phase) -> Path | None:
    """The directory of a phase where `database` does not name one; None when it is not there. Raises ReleaseError."""
    above = directory / Path(phase.directory).parent
    try:
        found = phase_directory(above, phase) if above.is_dir() else None
    except PathError as error:
        raise ReleaseError(str(error)) from None
    if found is None:
        return None
    path = Path(found)
    message = _objection(path, directory, {})
    if message:
        raise ReleaseError(f"{path} is expected to be the directory of the {phase} scripts: {message}")
    return path


def _objection(path: Path, directory: Path, others: dict[str, Path]) -> str:
    """Why a directory of scripts cannot be used; empty when it can."""
    if not path.exists():
        return "no such directory in the release."
    if not path.is_dir():
        return "it is not a directory."
    if not _inside(path, directory):
        return "it is a link out of the release."
    for phase, other in others.items():
        if path.resolve() == other.resolve():
            return f"{phase} names the same directory; each phase needs its own."
    return ""


def _forgotten(directory: Path, manifest: Manifest, found: dict[str, Path]) -> list[Problem]:
    """Directories in the usual place that `database` does not name: nothing would run their scripts."""
    wrong = []
    named = {path.resolve() for path in found.values()}
    for phase in PHASES:
        usual = _usual(directory, phase)
        if phase.name not in found and usual is not None and usual.resolve() not in named:
            place = _named(manifest).place
            message = f"database has no key {phase}, but the directory {phase.directory} exists: name it, or remove it."
            wrong.append(Problem(place.line, place.column, message))
    return wrong


def _named(manifest: Manifest, phase: str = "") -> Node:
    """The node of the key database, or of a phase in it."""
    node = manifest.node
    for key in ("database", phase):
        if node is not None and isinstance(node.value, dict) and key in node.value:
            node = node.value[key]
    if node is None:
        raise ReleaseError(f"{manifest.file} was not read from a file.")
    return node


def _inside(path: Path, directory: Path) -> bool:
    """Whether a path, with links resolved, is below a directory without links."""
    return directory in path.resolve().parents
