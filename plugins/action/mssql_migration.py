# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of mssql_migration: shows its progress while it runs."""

from __future__ import annotations

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._progress import ProgressActionBase


class ActionModule(ProgressActionBase):
    """Runs the module as it is."""
