# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of deployment: runs it in Ansible's own worker where it can."""

from __future__ import annotations

from ansible_collections.zero_downtime.dotnet.plugins.modules import deployment
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import ControllerActionBase


class ActionModule(ControllerActionBase):
    """Runs the module as it is."""

    module = deployment
    needs = ("pyodbc",)
