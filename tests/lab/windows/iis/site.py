# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site and its bindings."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
        raise ValueError(f"{text!r} is no binding like http/*:8080:shop.test")
    return Binding(match[1].lower(), match[2], int(match[3]), match[4].lower())


@dataclass
class Site:
    """A site with its root application and its root virtual directory."""

    name: str
    id: int
    pool: Pool
    path: str
    bindings: list[Binding]
    state: str = STARTED
