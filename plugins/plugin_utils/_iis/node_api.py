# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the release modules need of a node's files, whatever tools do it.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from .archive import Listing
from .fetch import Source


class NodeFiles(ABC):
    """Files, archives and downloads on one node. Paths are absolute Windows paths that were checked before."""

    @abstractmethod
    def directories(self, path: str) -> list[str] | None:
        """Names of the directories in a directory; None when it is not there."""

    @abstractmethod
    def read_text(self, path: str) -> str | None:
        """A small file; None when it is not there."""

    @abstractmethod
    def make_directory(self, path: str) -> None:
        """Make it, and what is missing above it."""

    @abstractmethod
    def rename(self, path: str, name: str) -> bool:
        """Give another name in the same directory; False when something holds it or the name is taken."""

    @abstractmethod
    def remove_directory(self, path: str) -> bool:
        """Remove it with all in it; False when something is left."""

    @abstractmethod
    def remove_files(self, pattern: str) -> None:
        """Remove files; the last part may have wildcards, and nothing matching is fine."""

    @abstractmethod
    def free_bytes(self, path: str) -> int:
        """Room on the drive of a path."""

    @abstractmethod
    def sha256(self, path: str) -> str:
        """Hash of a file, in hexadecimal."""

    @abstractmethod
    def remote_size(self, source: Source) -> int | None:
        """Size of what is to be fetched; None when the server does not tell."""

    @abstractmethod
    def download(self, source: Source, path: str, timeout_s: float) -> None:
        """Fetch it."""

    @abstractmethod
    def inspect_archive(self, path: str, reserved: str) -> Listing:
        """Check what an archive holds."""

    @abstractmethod
    def unpack(self, archive: str, directory: str, timeout_s: float) -> None:
        """Unpack it into a directory that is there."""

    @abstractmethod
    def write_files(self, directory: str, files: Mapping[str, bytes]) -> None:
        """Write small files below a directory; names are relative, with / as separator."""

    @abstractmethod
    def tools(self) -> dict[str, str | None]:
        """The tools that staging needs, each with its version, or None where it is missing."""
