# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules, registered."""

from __future__ import annotations

from . import columns, constraints, data, drops, existing, modules, scripts
from .registry import REGISTRY

__all__ = ["REGISTRY", "columns", "constraints", "data", "drops", "existing", "modules", "scripts"]
