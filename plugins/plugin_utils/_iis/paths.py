# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows paths and version names: what is accepted, and when two paths are the same place.

Private to the collection.
"""

from __future__ import annotations

import re

from .errors import RefusedValue

_DRIVE_PATH = re.compile(r"[A-Za-z]:\\[^:*?\"<>|/]+\Z")
_ABSOLUTE = re.compile(r"[A-Za-z]:\\|\\\\")
_COMPONENT = re.compile(r"[^\x00-\x1f\x7f:*?\"<>|/\\%!^&]+\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|:|\Z)", re.IGNORECASE)
_VARIABLES = re.compile(r"%(systemdrive|systemroot|windir)%", re.IGNORECASE)


def is_device(component: str) -> bool:
    """Whether the name is that of a device on Windows, such as NUL or COM1."""
    return bool(_DEVICE.match(component))


def check_component(component: str, what: str) -> str:
    """Check one name of a path. Windows removes trailing dots and blanks, so such a name is another path."""
    if not _COMPONENT.match(component) or component in {".", ".."} or component != component.rstrip(". "):
        raise RefusedValue(f"The {what} has the part {component!r}, which is not a plain Windows name: choose another.")
    if is_device(component):
        raise RefusedValue(f"The {what} has the part {component!r}, which is a device name on Windows: choose another.")
    return component


def check_version(version: str) -> str:
    """Check that a version can name a directory."""
    if not _VERSION.match(version):
        raise RefusedValue(
            f"The version {version!r} cannot name a directory: letters, digits and . _ + - are expected, "
            "at most 64, the first a letter or digit."
        )
    return check_component(version, "version")


def check_directory(path: str, what: str) -> str:
    r"""Check an absolute directory on a local drive, below its root, without . and ..; returned as C:\a\b."""
    clean = path.replace("/", "\\").rstrip("\\")
    if not _DRIVE_PATH.match(clean):
        raise RefusedValue(
            rf"The {what} {path!r} is not a directory on a local drive: a path such as C:\releases\shop is expected."
        )
    for component in clean[3:].split("\\"):
        check_component(component, what)
    return clean


def expand(path: str, system_root: str) -> str:
    """Expand the variables of a physical path that depend on the Windows directory only."""
    known = {"systemdrive": system_root[:2], "systemroot": system_root, "windir": system_root}
    return _VARIABLES.sub(lambda match: known[match[1].lower()], path)


def resolve(path: str, system_root: str) -> str | None:
    r"""A physical path without variables, \\?\ and a separator at the end; None when a variable is unknown."""
    expanded = expand(path, system_root).replace("/", "\\").removeprefix("\\\\?\\").rstrip("\\")
    return None if "%" in expanded else expanded


def is_absolute(path: str) -> bool:
    """Whether a path begins with a drive or is a UNC path."""
    return bool(_ABSOLUTE.match(path))


def normalize(path: str) -> str:
    """A path for comparisons: Windows ignores case and trailing separators."""
    return re.sub(r"(?<!^)\\+", r"\\", path.replace("/", "\\")).rstrip("\\").casefold()


def same_path(one: str, other: str) -> bool:
    """Whether two paths are equal on Windows."""
    return normalize(one) == normalize(other)


def inside(path: str, directory: str) -> bool:
    """Whether a path is in a directory or is the directory itself."""
    return same_path(path, directory) or normalize(path).startswith(normalize(directory) + "\\")


def child_name(path: str, directory: str) -> str | None:
    """The last name of a path directly in a directory; None for any other path."""
    clean = path.replace("/", "\\").rstrip("\\")
    parent, _separator, name = clean.rpartition("\\")
    return name if parent and same_path(parent, directory) else None
