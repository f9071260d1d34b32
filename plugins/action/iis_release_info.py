# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release_info: the release that a site runs, the staged ones, and the tools of the node."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.action import COMMON_SPEC, IisActionBase, Node
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import RefusedValue
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.node_windows import WindowsFiles
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release import ReleaseOptions
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release_info import InfoTask
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.site_api import AppcmdSites

MOST_LINES = 200


class ActionModule(IisActionBase):
    """The action plugin."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **COMMON_SPEC,
        "site": {"type": "str", "required": True},
        "application": {"type": "str", "default": "/"},
        "root": {"type": "str", "required": True},
        "writers": {"type": "list", "elements": "str", "default": []},
        "other_sites": {"type": "bool", "default": False},
        "log_lines": {"type": "int", "default": 0},
    }

    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        other_sites, log_lines = options.pop("other_sites"), options.pop("log_lines")
        if not 0 <= log_lines <= MOST_LINES:
            raise RefusedValue(f"log_lines is {log_lines}: a number from 0 to {MOST_LINES} is expected.")
        wanted = ReleaseOptions(state="info", **{**options, "writers": tuple(options["writers"])})
        files = WindowsFiles(node.runner, node.system_root)
        sites, pools = AppcmdSites(node.appcmd), AppcmdPools(node.appcmd)
        return InfoTask(files, sites, pools, wanted, node.reporter, other_sites, log_lines).run()
