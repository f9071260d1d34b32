# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_app_pool: start, stop and recycle an application pool, and wait for it."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.action import COMMON_SPEC, IisActionBase, Node
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.pool import PoolOptions, PoolTask
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.quoting import object_name


class ActionModule(IisActionBase):
    """The action plugin."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **COMMON_SPEC,
        "name": {"type": "str", "required": True, "aliases": ["pool"]},
        "state": {"type": "str", "required": True, "choices": ["started", "stopped", "recycled"]},
        "in_flight": {"type": "str", "default": "wait", "choices": ["wait", "skip"]},
        "timeout_s": {"type": "float", "default": 60.0},
        "exit_timeout_s": {"type": "float", "default": 120.0},
        "on_timeout": {"type": "str", "default": "fail", "choices": ["fail", "stop"]},
        "allow_gap": {"type": "bool", "default": False},
    }

    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        object_name(options["name"], "name of the pool")
        wanted = PoolOptions(**{name: value for name, value in options.items() if name not in COMMON_SPEC})
        return PoolTask(AppcmdPools(node.appcmd), wanted, node.reporter, node.check_mode).run()
