# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running statements: each module registers those that it runs."""

from __future__ import annotations

from . import calls, changes, definitions, flow, messages, options, queries, transaction_control, variables

__all__ = [
    "calls",
    "changes",
    "definitions",
    "flow",
    "messages",
    "options",
    "queries",
    "transaction_control",
    "variables",
]
