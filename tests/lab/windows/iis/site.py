# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site and its bindings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .pool import STARTED, Pool

_BINDING = re.compile(r"(https?)/(\*|[\d.]+):(\d+):(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Binding:
    """Protocol, address (or *), port and host name (or nothing) of one binding."""

    protocol: str
    address: str
    port: int
    host: str

    @property
    def information(self) -> str:
        return f"{self.address}:{self.port}:{self.host}"

    def __str__(self) -> str:
        return f"{self.protocol}/{self.information}"


def parse_binding(text: str) -> Binding:
    """A binding as appcmd writes it: http/*:8080:shop.test."""
    match = _BINDING.fullmatch(text)
    if not match or not 1 <= int(match[3]) <= 65535:
        raise ValueError(f"{text!r} is not a binding such as http/*:8080:shop.test")
    return Binding(match[1].lower(), match[2], int(match[3]), match[4].lower())


@dataclass(eq=False)
class Application:
    """An application of a site with its root virtual directory. `name` is "" for the site's root, else like "api"."""

    site_name: str
    name: str
    pool: Pool
    path: str
    virtual_directories: dict[str, str] = field(default_factory=dict)

    @property
    def appcmd_name(self) -> str:
        """Shop/ or Shop/api."""
        return f"{self.site_name}/{self.name}"

    @property
    def vdir_name(self) -> str:
        """Shop/ or Shop/api/."""
        return f"{self.appcmd_name}/" if self.name else self.appcmd_name

    @property
    def url_path(self) -> str:
        return f"/{self.name}"

    def directories(self) -> dict[str, tuple[str, str]]:
        """URL path and physical path of the root and of the other virtual directories, by appcmd's names."""
        below = {
            f"{self.vdir_name.rstrip('/')}/{name}": (f"/{name}", path)
            for name, path in self.virtual_directories.items()
        }
        return {self.vdir_name: ("/", self.path), **below}


@dataclass(eq=False)
class Site:
    """A site; its first application is its root."""

    name: str
    id: int
    bindings: list[Binding]
    applications: list[Application]
    state: str = STARTED

    @property
    def root(self) -> Application:
        return self.applications[0]

    def application_for(self, url: str) -> Application:
        """The application with the longest path that the URL is in."""
        path = url.partition("?")[0].lower()
        best = self.root
        for application in self.applications[1:]:
            own = application.url_path.lower()
            if (path == own or path.startswith(own + "/")) and len(application.name) > len(best.name):
                best = application
        return best
