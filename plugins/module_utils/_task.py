# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's work needs of Ansible, so that it can run as a module and in Ansible's own worker process.

`AnsibleModule` fits it as it is; plugins/plugin_utils/_controller.py has the other one.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol


class Task(Protocol):
    """A task: its validated options, and the two ways to end it."""

    params: dict[str, Any]
    check_mode: bool
    _diff: bool

    def warn(self, warning: str) -> None:
        """Show a warning."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        """End the task as failed, with these values in its result."""

    def exit_json(self, **kwargs: Any) -> NoReturn:
        """End the task, with these values as its result."""
