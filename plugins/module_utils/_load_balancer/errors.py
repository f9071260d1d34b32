# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a load balancer, each as one sentence for the user.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from typing import Any


class LoadBalancerError(Exception):
    """Something that ends the task; its text is what the user reads."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.facts: dict[str, Any] = {}
        """What the failed task returns beside the message."""


class Unreachable(LoadBalancerError):
    """The load balancer's API did not answer. It may be restarting: a wait tries again for a few seconds."""


class Refused(LoadBalancerError):
    """The request would harm the service, or is not possible."""


class BadReply(LoadBalancerError):
    """The load balancer answered something that is not understood."""


class CutOff(Unreachable, BadReply):
    """The answer ended too early, as it does while the load balancer is being reloaded: a wait tries again."""


class OutOfTime(LoadBalancerError):
    """The deadline has passed."""


class Interrupted(LoadBalancerError):
    """The task must end: a signal came, or nobody is left to read its result."""
