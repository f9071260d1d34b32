# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that lint is asked about: those of a path, or of a release. Private to the collection."""

from __future__ import annotations

from pathlib import Path

from .._release.manifest import is_release
from .._release.reader import read_release
from .._scripts.errors import PathError, ScriptError
from .._scripts.find import ScriptFile, find_below, find_scripts
from .._scripts.phases import Phase, named


class SourceError(Exception):
    """Something that should be read and cannot be: one sentence for the user."""


def find_sources(path: str, phase: Phase | None) -> list[ScriptFile]:
    """The scripts that a path stands for: a file, a directory of scripts, the `db` directory above it, or a release.

    No phase stands for all: then the directory's sub-directories must be named after the phases.
    """
    try:
        if not is_release(Path(path)):
            return find_below(path, phase)
        found: list[ScriptFile] = []
        for name, directory in read_release(Path(path)).database.items():
            if phase in (None, named(name)):
                found += find_scripts(str(directory), named(name))
        return found
    except PathError as error:
        raise SourceError(str(error)) from None
    except ScriptError as error:
        raise SourceError(f"{error.file}: {error.message}.") from None
