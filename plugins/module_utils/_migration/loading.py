# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for the engine: what the reader refuses becomes the task's message. Private to this collection."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from .._release.errors import ReleaseError
from .._release.scripts import scripts_of_phase
from .._scripts.errors import PathError, ScriptError
from .._scripts.find import ScriptFile
from .._scripts.phases import Phase
from .._scripts.reader import Script, identify, read_script
from .errors import MigrationError


def find(root: str, phase: Phase, encoding: str = "") -> list[ScriptFile]:
    """The scripts of a phase with their checksums, in order; `encoding` is as in `_release.scripts`."""
    try:
        return [identify(file) for file in scripts_of_phase(pathlib.Path(root), phase, encoding)]
    except ScriptError as error:
        raise MigrationError(_sentence(error)) from None
    except (PathError, ReleaseError) as error:
        raise MigrationError(f"{error} Nothing was applied.") from None


def load(file: ScriptFile, variables: Mapping[str, str]) -> Script:
    """Read a script again, and make it ready to run. Refuses one that has any problem."""
    try:
        script = read_script(file, variables)
    except PathError as error:
        raise MigrationError(f"{error} Nothing was applied.") from None
    if script.readable and script.file.checksum != file.checksum:
        raise MigrationError(f"{file.label} was changed on disk while the task ran: run the task again.")
    for problem in script.problems:
        raise MigrationError(_sentence(problem))
    return script


def _sentence(error: ScriptError) -> str:
    label = "/".join(pathlib.PurePath(error.file).parts[-2:])
    return f"{label}, line {error.line}, column {error.column}: {error.message}. Nothing was applied."
