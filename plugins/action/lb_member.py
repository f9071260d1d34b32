# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of lb_member: fills in where the load balancer is, and shows progress."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.plugins.action import ActionBase
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._health_page import ChangeAction
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._progress import ProgressActionBase

FROM_VARIABLES = {
    "socket": "dotnet_lb_socket",
    "master_socket": "dotnet_lb_master_socket",
    "manager_url": "dotnet_lb_manager_url",
    "status_url": "dotnet_lb_status_url",
    "state_file": "dotnet_lb_state_file",
}


class ActionModule(ProgressActionBase):
    """Runs the module with the load balancer's sockets filled in from the host's variables."""

    from_variables = FROM_VARIABLES
    health_page_action: type[ActionBase] = ChangeAction

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._task.args.get("provider") != "health_page":
            return super().run(tmp, task_vars)
        on_the_node = self.health_page_action(
            self._task,
            self._connection,
            self._play_context,
            self._loader,
            self._templar,
            self._shared_loader_obj,
        )
        found: dict[str, t.Any] = on_the_node.run(tmp, task_vars)
        return found

    def prepare_args(self, args: dict[str, t.Any], task_vars: Mapping[str, t.Any]) -> dict[str, t.Any]:
        for option, variable in self.from_variables.items():
            if args.get(option) is None:
                found = self._variable(variable, task_vars)
                if found is not None:
                    args[option] = found
        return args

    def _variable(self, name: str, task_vars: Mapping[str, t.Any]) -> t.Any:
        """The variable of the load balancer that the task is delegated to, or of the task's own host."""
        delegate = self._task.delegate_to
        hostvars = task_vars.get("hostvars")
        if delegate and hostvars is not None and delegate in hostvars and name in hostvars[delegate]:
            return hostvars[delegate][name]
        return self._templar.template(task_vars.get(name))
