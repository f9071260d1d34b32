# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of lb_member_info: fills in where the load balancer is."""

from __future__ import annotations

from ansible_collections.zero_downtime.dotnet.plugins.action.lb_member import FROM_VARIABLES
from ansible_collections.zero_downtime.dotnet.plugins.action.lb_member import ActionModule as ChangeFront
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._health_page import InfoAction


class ActionModule(ChangeFront):
    """Runs the module with the load balancer's sockets filled in from the host's variables."""

    from_variables = {option: name for option, name in FROM_VARIABLES.items() if option != "state_file"}
    health_page_action = InfoAction
