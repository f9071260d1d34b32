# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider that works on the web node needs of it, whatever connection does it.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from .options import OptionGroup

#: Options of every provider that works on the web node.
NODE_OPTIONS = OptionGroup(
    {"system_root": {"type": "str", "default": "C:\\Windows"}},
    r"""
system_root:
  description:
    - Directory of Windows on the node, for providers whose task runs on the web node.
  type: str
  default: C:\Windows
""",
)


@dataclass(frozen=True)
class Answer:
    """What came of a request for a page."""

    status: int | None = None
    """The status code. None: there was none."""
    error: str = ""
    """Why there was none."""
    refused: bool = False
    """Nothing listens at the address."""

    @property
    def up(self) -> bool:
        """A success for a load balancer's health check; for most of them a redirect is one."""
        return self.status is not None and 200 <= self.status < 400

    @property
    def down(self) -> bool:
        """A failure for every load balancer. Neither up nor down: only this host may have the trouble."""
        return self.refused or (self.status is not None and not self.up)

    def __str__(self) -> str:
        return f"status {self.status}" if self.status is not None else self.error


class WebNode(ABC):
    """One web node. Every method raises LoadBalancerError; Unreachable when the connection is gone."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The node, for messages."""

    @abstractmethod
    def check_path(self, path: str, option: str) -> None:
        """Raises Refused for what is not the absolute path of a file on such a node."""

    @abstractmethod
    def has_file(self, path: str) -> bool:
        """Whether a file is there."""

    @abstractmethod
    def rename(self, path: str, name: str) -> None:
        """Give the file another name in the same directory."""

    @abstractmethod
    def in_flight(self, pool: str) -> int | None:
        """Requests in flight in an application pool. None: the node cannot tell."""

    @abstractmethod
    def request(self, url: str, host: str | None) -> Answer:
        """What the controller gets for a page. Raises nothing: an error is an answer too."""
