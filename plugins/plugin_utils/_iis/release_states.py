# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of iis_release and what each does.

Private to the collection.
"""

from __future__ import annotations

from .release import ReleaseTask
from .release_staged import StagedTask
from .release_switch import AbsentTask, CurrentTask

STATES: dict[str, type[ReleaseTask]] = {"staged": StagedTask, "current": CurrentTask, "absent": AbsentTask}
