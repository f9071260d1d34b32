# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of mssql_migration_lint: shows its findings line by line, readable in a terminal and in AWX."""

from __future__ import annotations

import typing as t

from ansible.utils.display import Display
from ansible_collections.zero_downtime.dotnet.plugins.modules import mssql_migration_lint
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import ControllerActionBase

display = Display()


class ActionModule(ControllerActionBase):
    """Runs the module as it is, and prints its report where something was found."""

    module = mssql_migration_lint
    needs = ("pyodbc",)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        if not self._task.no_log and (result.get("findings") or result.get("waived")):
            color = "red" if result.get("refused") else "yellow"
            for line in str(result.get("report", "")).splitlines():
                display.display(f"  {line}".rstrip(), color=color)
        return result
