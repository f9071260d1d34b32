# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""release.yml as a typed value. Private to this collection."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .document import MOST_BYTES, Node, parse, plain
from .errors import InvalidFile, ReleaseError
from .schema import SCHEMA
from .validate import problems

FILE = "release.yml"
_MISTAKEN = "release.yaml"


@dataclass(frozen=True)
class Manifest:
    """What a release.yml says. Directories are as it names them, relative to it; defaults are filled in."""

    file: Path
    """The release.yml."""
    app: str
    version: str
    artifact: str
    """File name of the web artifact."""
    sha256: str
    """Of the web artifact, 64 hexadecimal digits in lower case."""
    description: str = ""
    database: dict[str, str] | None = None
    """Directories of scripts by phase; None where the key is absent."""
    smoke: list[dict[str, Any]] = field(default_factory=list)
    """Smoke tests, by the names of http_probe's options."""
    uses: list[str] | None = None
    """Objects of the database that the release uses; None where it does not say."""
    contract_after: int = 1
    """How many releases must follow before the contract scripts are due."""
    encoding: str = ""
    """What scripts without a byte order mark are in; empty where it is not stated."""
    modules: str = ""
    """Whether existing procedures, views and functions are changed in place; empty where it is not stated."""
    node: Node | None = field(default=None, compare=False, repr=False)
    """The file's content with line and column of each value."""

    @property
    def label(self) -> str:
        """How messages name the release."""
        return self.version


def is_release(path: Path) -> bool:
    """Whether a directory holds a release, under the right file name or under one that is refused."""
    return any(os.path.lexists(path / name) for name in (FILE, _MISTAKEN))


def find_file(path: Path) -> Path:
    """The release.yml of a directory, or the file itself. Raises ReleaseError."""
    if not path.is_dir():
        return path
    file, mistaken = path / FILE, path / _MISTAKEN
    if os.path.lexists(mistaken):
        raise ReleaseError(f"{mistaken} was found, expected is the name {FILE}: rename it, or remove one of the two.")
    if not os.path.lexists(file):
        raise ReleaseError(f"{path} has no {FILE}: it is not a release.")
    return file


def read_manifest(path: Path) -> Manifest:
    """Read a release.yml, named by itself or by its directory. Raises ReleaseError.

    What it names is not looked for: that is `reader.read_release`.
    """
    file = find_file(path)
    node = parse(_read(file), str(file))
    found = problems(node, SCHEMA)
    if found:
        raise InvalidFile(str(file), found)
    values = plain(node)
    return Manifest(
        file=file,
        app=values["app"],
        version=values["version"],
        artifact=values["web"]["artifact"],
        sha256=values["web"]["sha256"].lower(),
        description=values.get("description", ""),
        database=values.get("database"),
        smoke=[_with_list(test) for test in values.get("smoke", [])],
        uses=values.get("uses"),
        encoding=values.get("encoding", ""),
        modules=values.get("modules", ""),
        contract_after=int(values.get("supports", {}).get("contract_after", 1)),
        node=node,
    )


def _with_list(test: dict[str, Any]) -> dict[str, Any]:
    """A smoke test whose status is a list, as http_probe takes it."""
    status = test.get("status")
    return test if status is None or isinstance(status, list) else {**test, "status": [int(status)]}


def _read(file: Path) -> bytes:
    """The file's bytes, one more than allowed at most. A pipe or a device would block, a link may leave the release."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise ReleaseError(f"{file} is not a regular file.")
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ReleaseError(f"{file} cannot be read: {error.strerror}.") from None
