# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual directories of the whole server and their physical paths.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from .appcmd import Appcmd
from .errors import IisError
from .quoting import object_name, refuse_control_characters


@dataclass(frozen=True)
class VirtualDirectory:
    """A virtual directory by appcmd's name: Shop/ and Shop/api/ are roots of applications, Shop/images is not."""

    name: str
    path: str
    is_application: bool


class SiteApi(ABC):
    """Reading and switching physical paths."""

    @abstractmethod
    def virtual_directories(self) -> list[VirtualDirectory]:
        """Every virtual directory of every application of every site."""

    @abstractmethod
    def set_physical_path(self, site: str, application: str, path: str) -> None:
        """Set the directory of an application's root."""

    def physical_path(self, site: str, application: str) -> str:
        """The directory of an application's root; raises for an unknown site or application."""
        return path_in(self.virtual_directories(), site, application)


class AppcmdSites(SiteApi):
    """Sites through appcmd."""

    def __init__(self, appcmd: Appcmd) -> None:
        self._appcmd = appcmd

    def virtual_directories(self) -> list[VirtualDirectory]:
        directories = []
        for row in self._appcmd.rows("vdir"):
            name, path = row.get("VDIR.NAME", ""), row.get("physicalPath")
            if path is None:
                raise IisError(f"appcmd list vdir printed {name} without its physicalPath.")
            directories.append(VirtualDirectory(name, path, row.get("path", "/") == "/"))
        return directories

    def set_physical_path(self, site: str, application: str, path: str) -> None:
        refuse_control_characters(path, "physical path")
        self._appcmd.change("set", "vdir", f"/vdir.name:{vdir_name(site, application)}", f"/physicalPath:{path}")


def path_in(directories: list[VirtualDirectory], site: str, application: str) -> str:
    """The physical path of an application's root; raises for an unknown site or application."""
    wanted = vdir_name(site, application).casefold()
    for directory in directories:
        if directory.name.casefold() == wanted:
            if not directory.path:
                raise IisError(f"The application {directory.name} has no physical path: set one in IIS.")
            return directory.path
    known = sorted(directory.name for directory in directories)
    sites = sorted({name.partition("/")[0] for name in known})
    if site.casefold() not in {name.casefold() for name in sites}:
        raise IisError(f"The node has no site {site!r}; it has: {', '.join(sites) or 'none'}.")
    raise IisError(f"The site {site} has no application {application!r}; it has: {', '.join(known)}.")


def vdir_name(site: str, application: str) -> str:
    """appcmd's name for the root directory of an application: Shop/ or Shop/api/."""
    inner = application.strip("/")
    return f"{object_name(site, 'name of the site')}/" + (
        f"{object_name(inner, 'path of the application')}/" if inner else ""
    )
