# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_app_pool_info: application pools with their workers and requests in flight."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.action import COMMON_SPEC, IisActionBase, Node
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.pool_info import describe_pools


class ActionModule(IisActionBase):
    """The action plugin."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **COMMON_SPEC,
        "name": {"type": "str", "aliases": ["pool"]},
    }

    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        return {"changed": False, **describe_pools(AppcmdPools(node.appcmd), options["name"])}
