# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of lb_member: runs it where its provider works, fills in inventory variables, and shows progress."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleValueOmittedError
from ansible.plugins.action import ActionBase
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.provider import Provider
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import BY_NAME, DEFAULT, MEMBER
from ansible_collections.zero_downtime.dotnet.plugins.modules import lb_member
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import ControllerActionBase, ModuleFile
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._load_balancer import ChangeAction


class ActionModule(ControllerActionBase):
    """Runs the module, or the action on the web node where the provider works there."""

    module: ModuleFile = lb_member
    outlives_worker = True  # it restores the member's former state
    options: Mapping[str, t.Any] = MEMBER
    node_action: type[ActionBase] = ChangeAction

    @property
    def _provider(self) -> Provider | None:
        """The task's provider; None for a name that the module will refuse."""
        return BY_NAME.get(str(self._task.args.get("provider") or DEFAULT))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        provider = self._provider
        if provider is None or not provider.on_node:
            return super().run(tmp, task_vars)
        on_the_node = self.node_action(
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
        provider = self._provider
        delegate, hostvars = self._task.delegate_to, task_vars.get("hostvars")
        # Once: each access to hostvars computes all variables of that host again.
        of_delegate = hostvars[delegate] if delegate and hostvars is not None and delegate in hostvars else {}
        for option, variable in (provider.variables if provider else {}).items():
            if option in self.options and args.get(option) is None:
                found = self._value(variable, of_delegate, task_vars)
                if found is not None:
                    args[option] = found
        return args

    def _value(self, variable: str, of_delegate: Mapping[str, t.Any], task_vars: Mapping[str, t.Any]) -> t.Any:
        """The delegate's variable, else the task's; None where it is not set or omitted."""
        try:
            return of_delegate[variable] if variable in of_delegate else self._templar.template(task_vars.get(variable))
        except AnsibleValueOmittedError:
            return None
