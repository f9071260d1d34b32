# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows paths and version names: what is accepted, and when two paths are the same place.

Private to the collection.
"""

from __future__ import annotations

import re

from .errors import RefusedValue

_DRIVE_PATH = re.compile(r"[A-Za-z]:\\[^:*?\"<>|/]+\Z")
_COMPONENT = re.compile(r"[^\x00-\x1f\x7f:*?\"<>|/\\%!^&]+\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|:|\Z)", re.IGNORECASE)
_VARIABLES = re.compile(r"%(systemdrive|systemroot|windir)%", re.IGNORECASE)


def is_device(component: str) -> bool:
    """Whether Windows takes a file of this name for a device such as NUL or COM1."""
    return bool(_DEVICE.match(component))


def check_component(component: str, what: str) -> str:
    """One name of a path; Windows drops trailing dots and blanks, so such a name is not the place that it says."""
    if not _COMPONENT.match(component) or component in {".", ".."} or component != component.rstrip(". "):
        raise RefusedValue(f"The {what} has the part {component!r}, which is no plain Windows name: choose another.")
    if is_device(component):
        raise RefusedValue(f"The {what} has the part {component!r}, which Windows takes for a device: choose another.")
    return component


def check_version(version: str) -> str:
    """A version is the name of a directory."""
    if not _VERSION.match(version):
        raise RefusedValue(
            f"The version {version!r} cannot name a directory: letters, digits and . _ + - are expected, "
            "at most 64, the first a letter or digit."
        )
    return check_component(version, "version")


def check_directory(path: str, what: str) -> str:
    r"""An absolute directory on a local drive, below the drive's root, without . and .. in it; comes back as C:\a\b."""
    clean = path.replace("/", "\\").rstrip("\\")
    if not _DRIVE_PATH.match(clean):
        raise RefusedValue(
            rf"The {what} {path!r} is no directory on a local drive: a path such as C:\releases\shop is expected."
        )
    for component in clean[3:].split("\\"):
        check_component(component, what)
    return clean


def expand(path: str, system_root: str) -> str:
    """IIS keeps variables in physical paths: the three that tell where Windows is can be known."""
    known = {"systemdrive": system_root[:2], "systemroot": system_root, "windir": system_root}
    return _VARIABLES.sub(lambda match: known[match[1].lower()], path)


def normal(path: str) -> str:
    """For comparisons: Windows takes no notice of case, nor of a separator at the end."""
    return re.sub(r"(?<!^)\\+", r"\\", path.replace("/", "\\")).rstrip("\\").casefold()


def same(one: str, other: str) -> bool:
    """Whether two paths name one place."""
    return normal(one) == normal(other)


def inside(path: str, directory: str) -> bool:
    """Whether a path is in a directory, or is that directory."""
    return same(path, directory) or normal(path).startswith(normal(directory) + "\\")


def child_name(path: str, directory: str) -> str | None:
    """The name of a path that lies directly in a directory."""
    clean = path.replace("/", "\\").rstrip("\\")
    parent, _separator, name = clean.rpartition("\\")
    return name if parent and same(parent, directory) else None
