# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Physical paths of applications.

Private to the collection.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from .appcmd import Appcmd
from .errors import IisError
from .quoting import object_name, refuse_control_characters


class SiteApi(ABC):
    """Reading and switching physical paths."""

    @abstractmethod
    def physical_path(self, site: str, application: str) -> str:
        """The directory of an application's root; raises for an unknown site or application."""

    @abstractmethod
    def set_physical_path(self, site: str, application: str, path: str) -> None:
        """Set the directory of an application's root."""


class AppcmdSites(SiteApi):
    """Sites through appcmd."""

    def __init__(self, appcmd: Appcmd) -> None:
        self._appcmd = appcmd

    def physical_path(self, site: str, application: str) -> str:
        wanted = vdir_name(site, application)
        rows = self._appcmd.rows("vdir")
        for row in rows:
            if row.get("VDIR.NAME", "").casefold() == wanted.casefold():
                return row.get("physicalPath", "")
        known = sorted(row.get("VDIR.NAME", "") for row in rows)
        sites = sorted({name.partition("/")[0] for name in known})
        if site.casefold() not in {name.casefold() for name in sites}:
            raise IisError(f"The node has no site {site!r}; it has: {', '.join(sites) or 'none'}.")
        raise IisError(f"The site {site} has no application {application!r}; it has: {', '.join(known)}.")

    def set_physical_path(self, site: str, application: str, path: str) -> None:
        refuse_control_characters(path, "physical path")
        self._appcmd.change("set", "vdir", f"/vdir.name:{vdir_name(site, application)}", f"/physicalPath:{path}")


def vdir_name(site: str, application: str) -> str:
    """appcmd's name for the root directory of an application: Shop/ or Shop/api/."""
    inner = application.strip("/")
    return f"{object_name(site, 'name of the site')}/" + (
        f"{object_name(inner, 'path of the application')}/" if inner else ""
    )
