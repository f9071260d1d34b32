# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider declares: its name, options, documentation, factory, and where its tasks run.

A provider is a directory with a file ``provider.py``; registry.py lists it. Its abilities are the classes of
abilities.py that its API inherits.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from .api import LoadBalancerApi
from .node import NODE_OPTIONS, WebNode
from .options import OptionGroup


class Provider(ABC):
    """One make of load balancer."""

    name: ClassVar[str]
    """The value of the option ``provider``."""
    summary: ClassVar[str]
    """Sentences for the documentation of the option ``provider``."""
    requirement: ClassVar[str]
    """What must be there, for the documentation."""
    notes: ClassVar[tuple[str, ...]] = ()
    """Sentences for the notes of the documentation."""
    connection: ClassVar[tuple[OptionGroup, ...]]
    """The options with which the load balancer is reached, for reading and for changing."""
    changing: ClassVar[OptionGroup] = OptionGroup()
    """More options of lb_member."""
    required: ClassVar[tuple[str, ...]] = ()
    """The options that must be given with this provider."""
    variables: ClassVar[Mapping[str, str]] = {}
    """Inventory variables that fill in options which the task does not give, by option."""
    on_node: ClassVar[bool]
    """Whether a task runs on the web node itself, and not on the load balancer's host."""


class HostProvider(Provider):
    """The module runs on the load balancer's host, or on another one that reaches its API."""

    on_node = False

    @abstractmethod
    def connect(self, options: Mapping[str, Any]) -> LoadBalancerApi:
        """The API, from the module's options. Raises Refused for options that cannot be right; sends nothing."""


class NodeProvider(Provider):
    """The task runs on the web node: an action plugin reaches it over the task's own connection."""

    on_node = True

    @abstractmethod
    def connect(self, options: Mapping[str, Any], node: WebNode) -> LoadBalancerApi:
        """The API, from the options and the node. Raises Refused for options that cannot be right; sends nothing."""


def option_groups(provider: Provider) -> tuple[OptionGroup, ...]:
    """The options that reach a provider's load balancer, those of its kind included."""
    return (*provider.connection, NODE_OPTIONS) if provider.on_node else provider.connection
