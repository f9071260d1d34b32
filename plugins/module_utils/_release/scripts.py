# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scripts a path stands for, the same for lint and for the engine. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .._scripts.find import ScriptFile, find_below, find_phase, find_scripts
from .._scripts.phases import PHASES, Phase
from .._scripts.text import UTF_8
from .errors import ReleaseError
from .manifest import is_release
from .reader import read_release


def scripts_of_phase(path: Path, phase: Phase, encoding: str = "") -> list[ScriptFile]:
    """The scripts of one phase, in order: of a release, or of the directory with the phases' directories.

    `encoding` is that of scripts without a byte order mark, empty where nothing was stated: then that of release.yml,
    or UTF-8. Raises ReleaseError, PathError and ScriptError.
    """
    if is_release(path):
        return _of_release(path, [phase], encoding)
    return _encoded(find_phase(str(path), phase), encoding)


def scripts_below(path: Path, phase: Phase | None, encoding: str = "") -> list[ScriptFile]:
    """The scripts of a release, of a directory with the phases' directories or with scripts, or one script.

    No phase stands for all; `encoding` is as in `scripts_of_phase`. Raises ReleaseError, PathError and ScriptError.
    """
    if is_release(path):
        return _of_release(path, PHASES if phase is None else [phase], encoding)
    return _encoded(find_below(str(path), phase), encoding)


def _of_release(path: Path, phases: Sequence[Phase], encoding: str) -> list[ScriptFile]:
    release = read_release(path)
    stated = release.manifest.encoding
    if encoding and stated and encoding != stated:
        raise ReleaseError(
            f"{release.manifest.file} states encoding: {stated}, the option says {encoding}: leave the option out."
        )
    database = release.database
    files = [
        file for phase in phases if phase.name in database for file in find_scripts(str(database[phase.name]), phase)
    ]
    return _encoded(files, encoding or stated)


def _encoded(files: Sequence[ScriptFile], encoding: str) -> list[ScriptFile]:
    return [replace(file, encoding=encoding or UTF_8) for file in files]
