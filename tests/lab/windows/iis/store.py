# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applicationHost.config keeps when the host is switched off: paths, bindings, settings of pools."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..config import Config, PoolConfig


class Store:
    """A file on the drive, written with each change of the configuration."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load_into(self, config: Config) -> None:
        """Sites and pools that the file knows are as they were left; the others as the configuration says."""
        if not self._path.is_file():
            return
        saved = json.loads(self._path.read_text(encoding="utf-8"))
        known = {item.name for item in fields(PoolConfig)}
        for pool in config.pools:
            for name, value in saved["pools"].get(pool.name, {}).items():
                if name in known:
                    setattr(pool, name, value)
        for site in config.sites:
            kept = saved["sites"].get(site.name)
            if kept is None:
                continue
            site.bindings, site.state = kept["bindings"], kept["state"]
            site.path = kept.get("paths", {}).get("", site.path)
            for application in site.applications:
                application.path = kept.get("paths", {}).get(application.name, application.path)

    def save(self, pools: list[PoolConfig], sites: dict[str, dict[str, Any]]) -> None:
        """Replaces the file as a whole."""
        document = {"pools": {pool.name: asdict(pool) for pool in pools}, "sites": sites}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
        fresh.replace(self._path)
