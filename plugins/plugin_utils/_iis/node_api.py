# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a node, as the release modules need them.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from .archive import Listing
from .fetch import Source
from .tree import Tree


class NodeFiles(ABC):
    """Files, archives and downloads on one node. Paths are absolute Windows paths that were checked before."""

    @abstractmethod
    def directories(self, path: str) -> list[str] | None:
        """Names of the directories in a directory; None when it does not exist; raises when it cannot be read."""

    @abstractmethod
    def read_text(self, path: str) -> str | None:
        """The text of a small file; None when it does not exist; raises when it cannot be read."""

    @abstractmethod
    def newest_file(self, pattern: str) -> str | None:
        """Path of the file that was changed last; the last part of the pattern may have wildcards; None without one."""

    @abstractmethod
    def read_tail(self, path: str, limit_bytes: int) -> str:
        """The end of a file, at most so many bytes; raises when it cannot be read."""

    @abstractmethod
    def make_directory(self, path: str) -> None:
        """Create a directory and its parents."""

    @abstractmethod
    def access_list(self, path: str) -> str:
        """The access list of a directory, as SDDL; raises when it cannot be read."""

    @abstractmethod
    def restrict(self, path: str) -> None:
        """Give a directory an access list of its own, with which only administrators may change it."""

    @abstractmethod
    def rename(self, path: str, name: str) -> bool:
        """Rename in the same directory; False when it is in use or the name exists."""

    @abstractmethod
    def remove_directory(self, path: str) -> bool:
        """Remove a directory with its content; False when something is left."""

    @abstractmethod
    def remove_files(self, pattern: str) -> None:
        """Remove files; the last part may have wildcards, and no match is accepted."""

    @abstractmethod
    def free_bytes(self, path: str) -> int:
        """Free bytes of the drive of a path."""

    @abstractmethod
    def sha256(self, path: str) -> str:
        """Hash of a file, in hexadecimal."""

    @abstractmethod
    def remote_size(self, source: Source) -> int | None:
        """Size of the artifact in bytes; None when the server does not return it."""

    @abstractmethod
    def download(self, source: Source, path: str, timeout_s: float, most_bytes: int) -> None:
        """Fetch the artifact into a file."""

    @abstractmethod
    def inspect_archive(self, path: str, reserved: str) -> Listing:
        """Check the content of an archive; raises RefusedValue."""

    @abstractmethod
    def unpack(self, archive: str, directory: str, timeout_s: float) -> None:
        """Unpack an archive into an existing directory."""

    @abstractmethod
    def tree(self, directory: str, hashes: bool) -> Tree:
        """All files and directories below a directory; raises for a link, and for a file that cannot be hashed."""

    @abstractmethod
    def write_files(self, directory: str, files: Mapping[str, bytes]) -> None:
        """Write small files below a directory; names are relative, with / as separator."""

    @abstractmethod
    def tools(self) -> dict[str, str | None]:
        """The tools that staging needs with their versions; None for a missing one."""
