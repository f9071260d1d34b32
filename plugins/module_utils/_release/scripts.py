# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scripts a path stands for, the same for lint and for the engine. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._scripts.find import ScriptFile, find_below, find_phase, find_scripts
from .._scripts.phases import PHASES, Phase
from .manifest import is_release
from .reader import read_release


def scripts_of_phase(path: Path, phase: Phase) -> list[ScriptFile]:
    """The scripts of one phase, in order: of a release, or of the directory with the phases' directories.

    Raises ReleaseError, PathError and ScriptError.
    """
    if is_release(path):
        return _of_release(path, [phase])
    return find_phase(str(path), phase)


def scripts_below(path: Path, phase: Phase | None) -> list[ScriptFile]:
    """The scripts of a release, of a directory with the phases' directories or with scripts, or one script.

    No phase stands for all. Raises ReleaseError, PathError and ScriptError.
    """
    if is_release(path):
        return _of_release(path, PHASES if phase is None else [phase])
    return find_below(str(path), phase)


def _of_release(path: Path, phases: Sequence[Phase]) -> list[ScriptFile]:
    database = read_release(path).database
    return [
        file for phase in phases if phase.name in database for file in find_scripts(str(database[phase.name]), phase)
    ]
