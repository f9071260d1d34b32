# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module http_probe and shows, while it waits, what it still waits for."""

from __future__ import annotations

import typing as t

from ansible_collections.zero_downtime.dotnet.plugins.modules import http_probe
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import ControllerActionBase


class ActionModule(ControllerActionBase):
    """The module runs wherever the task runs; on a Windows host there is no Python to run it."""

    module = http_probe
    needs = ("jmespath",)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if getattr(self._connection._shell, "_IS_WINDOWS", False):
            return {
                "failed": True,
                "msg": "http_probe was started on a Windows host, but it runs on the controller: add "
                "'delegate_to: localhost' to the task",
            }
        return super().run(tmp, task_vars)
