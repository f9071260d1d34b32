# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iis_app_pool_info returns.

Private to the collection.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .errors import IisError
from .pool_api import PoolApi, Request


def describe_pools(api: PoolApi, name: str | None) -> dict[str, Any]:
    """Every pool, or the one of that name."""
    pools = api.pools(with_config=True)
    wanted = [pool for pool in pools if name is None or pool.name.casefold() == name.casefold()]
    if name is not None and not wanted:
        known = ", ".join(sorted(pool.name for pool in pools)) or "none"
        raise IisError(f"The node has no application pool {name!r}; it has: {known}.")
    workers = api.workers()
    requests: list[Request] | None
    try:
        requests = api.requests()
    except IisError as error:
        if error.connection_lost:
            raise
        requests = None
    return {
        "request_monitor": requests is not None,
        "pools": [
            {
                "name": pool.name,
                "state": pool.state,
                "worker_pids": sorted(
                    worker.pid for worker in workers if worker.pool.casefold() == pool.name.casefold()
                ),
                "config": asdict(pool.config) if pool.config else None,
                **_in_flight(
                    None if requests is None else [r for r in requests if r.pool.casefold() == pool.name.casefold()]
                ),
            }
            for pool in wanted
        ],
    }


def _in_flight(running: list[Request] | None) -> dict[str, Any]:
    if running is None:
        return {"in_flight": None, "oldest_ms": None}
    return {"in_flight": len(running), "oldest_ms": max((request.running_ms for request in running), default=0)}
