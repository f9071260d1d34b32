# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that lint is asked about: those of a path, or of a release. Private to the collection."""

from __future__ import annotations

from pathlib import Path

from .._release.scripts import scripts_below
from .._scripts.errors import PathError, ScriptError
from .._scripts.find import ScriptFile
from .._scripts.phases import Phase


class SourceError(Exception):
    """Something that should be read and cannot be: one sentence for the user."""


def find_sources(path: str, phase: Phase | None, encoding: str = "") -> list[ScriptFile]:
    """The scripts that a path stands for: a file, a directory of scripts, the `db` directory above it, or a release.

    No phase stands for all: then the directory's sub-directories must be named after the phases. `encoding` is that of
    scripts without a byte order mark, where an option states it.
    """
    try:
        return scripts_below(Path(path), phase, encoding)
    except PathError as error:
        raise SourceError(str(error)) from None
    except ScriptError as error:
        raise SourceError(f"{error.file}: {error.message}.") from None
