# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts on disk: those of one directory, and those of a release's phases. Private to this collection."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from .._text import one_line
from .errors import PathError, ScriptError
from .names import check_names, order
from .phases import PHASES, Phase, phase_of
from .text import UTF_8

MOST_ENTRIES = 10_000
"""Files in one directory of scripts."""


@dataclass(frozen=True)
class ScriptFile:
    """A script as it lies on disk. Its text is not kept."""

    phase: Phase
    name: str
    path: str
    checksum: str = ""
    """Of its text; empty until it was read (`reader.identify`)."""
    encoding: str = UTF_8
    """What it is in where it has no byte order mark, one of `text.ENCODINGS`."""

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.phase}/{self.name}"


def find_scripts(directory: str, phase: Phase) -> list[ScriptFile]:
    """The scripts directly in a directory, in their order.

    Raises PathError when there is no such directory, ScriptError for scripts that nothing would run or whose order is
    not clear.
    """
    root = _directory(directory, f"the directory of the {phase} scripts is expected there")
    names: list[str] = []
    for count, entry in enumerate(root.iterdir()):
        if count >= MOST_ENTRIES:
            raise PathError(f"{directory} has more than {MOST_ENTRIES} entries: no release has so many scripts.")
        if entry.is_dir():
            _refuse_nested(entry, directory)
        elif entry.name.lower().endswith(".sql"):
            names.append(entry.name)
    names.sort(key=order)
    _check(names, root)
    return [ScriptFile(phase, name, str(root / name)) for name in names]


def _check(names: Sequence[str], directory: pathlib.Path) -> None:
    for name, error in check_names(names):
        error.file = one_line(str(directory / name))
        raise error


def _directory(path: str, expected: str) -> pathlib.Path:
    found = pathlib.Path(path)
    if not found.is_dir():
        wrong = "is not a directory" if found.exists() else "does not exist"
        raise PathError(f"{path} {wrong}: {expected}.")
    return found


def _refuse_nested(path: pathlib.Path, directory: str) -> None:
    for count, file in enumerate(path.rglob("*")):
        if count >= MOST_ENTRIES:
            raise PathError(
                f"{path} has more than {MOST_ENTRIES} entries: only scripts directly in {directory} are run."
            )
        if file.name.lower().endswith(".sql"):
            raise ScriptError(f"only scripts directly in {directory} are run: move it there", file=one_line(str(file)))


def phase_directory(root: pathlib.Path, phase: Phase) -> str | None:
    """The directory below `root` that is named after a phase; None when there is none.

    Raises PathError for one whose name differs in letter case.
    """
    directory = root / phase.name
    if directory.exists():
        return str(directory)
    for other in root.iterdir():
        if other.name.lower() == phase.name:
            raise PathError(f"{other} would not be read: rename it to {phase.name}.")
    return None


def find_phase(root: str, phase: Phase) -> list[ScriptFile]:
    """The scripts of one phase below the directory of the phases, in order. A phase without a directory has none."""
    above = _directory(root, "the directory with the directories of the phases is expected there")
    directory = phase_directory(above, phase)
    if directory is None:
        return []
    if above.resolve() not in pathlib.Path(directory).resolve().parents:
        raise PathError(f"{directory} is a link out of {root}: put the directory itself there.")
    return find_scripts(directory, phase)


def find_below(path: str, phase: Phase | None = None) -> list[ScriptFile]:
    """The scripts that a path stands for: one file, a directory of scripts, or the directory of the phases.

    Without a phase it is that of the directory's name. A release is not known here: `_release.scripts` is.
    """
    root = pathlib.Path(path)
    if root.is_file():
        _check([root.name], root.parent)
        return [ScriptFile(phase or phase_of(root), root.name, path)]
    if not root.is_dir():
        raise PathError(f"{path} does not exist: name a script, a directory of scripts, or a release.")
    phases: Sequence[Phase] = [one for one in PHASES if (root / one.name).is_dir()]
    if not phases:
        return find_scripts(path, phase or phase_of(root / "any"))
    return [file for one in phases if phase in (None, one) for file in find_phase(path, one)]
