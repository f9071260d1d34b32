# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider health_page needs of a web node, whatever connection does it.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class HealthNode(ABC):
    """One web node with the page that its load balancer's health checks ask for."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The node, for messages."""

    @abstractmethod
    def page_is_on(self) -> bool:
        """Whether the page's file is in its place. Raises when neither it nor its other name is there."""

    @abstractmethod
    def set_page(self, on: bool) -> None:
        """Put the file in its place, or take it away."""

    @abstractmethod
    def in_flight(self) -> int | None:
        """Requests in flight on the node, without those for the page itself; None where the node cannot tell."""

    @abstractmethod
    def answers(self, url: str) -> str | None:
        """None when the address answers with success, otherwise what it does instead."""
