# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistence of sites and pools across restarts of the host, as applicationHost.config has it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..config import Config, PoolConfig, SiteConfig, build_site


class Store:
    """A file on the drive, written with each change of the configuration."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load_into(self, config: Config) -> None:
        """Replace the sites and pools of the configuration by the saved ones, if there are any."""
        if not self._path.is_file():
            return
        saved = json.loads(self._path.read_text(encoding="utf-8"))
        config.pools = [PoolConfig(**pool) for pool in saved["pools"]]
        config.sites = [build_site(site) for site in saved["sites"]]

    def save(self, pools: list[PoolConfig], sites: list[SiteConfig]) -> None:
        """Replace the file as a whole."""
        document: dict[str, Any] = {"pools": [asdict(pool) for pool in pools], "sites": [asdict(s) for s in sites]}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
        fresh.replace(self._path)
