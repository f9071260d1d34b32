# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of lb_member_info: runs it where its provider works, and fills in inventory variables."""

from __future__ import annotations

from ansible_collections.zero_downtime.dotnet.plugins.action.lb_member import ActionModule as ChangeFront
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import MEMBER_INFO
from ansible_collections.zero_downtime.dotnet.plugins.modules import lb_member_info
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import ModuleFile
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._load_balancer import InfoAction


class ActionModule(ChangeFront):
    """Runs the module, or the action on the web node where the provider works there."""

    module: ModuleFile = lb_member_info
    outlives_worker = False
    options = MEMBER_INFO
    node_action = InfoAction
