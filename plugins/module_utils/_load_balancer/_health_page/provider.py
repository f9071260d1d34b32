# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A health page as a provider, for load balancers that only follow one.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..node import WebNode
from ..options import CERTIFICATES, OptionGroup
from ..provider import NodeProvider
from .api import HealthPageApi, Page

_CONNECTION = OptionGroup(
    {
        "health_url": {"type": "str"},
        "health_host": {"type": "str"},
        "health_file": {"type": "str"},
        "health_pool": {"type": "str"},
        "other_health_urls": {"type": "list", "elements": "str"},
        "down_after_s": {"type": "float"},
        "up_after_s": {"type": "float"},
    },
    """
health_url:
  description:
    - Address of the page that the load balancer's health checks request, on the node itself, for
      O(provider=health_page). The controller requests it as well.
  type: str
health_host:
  description:
    - Host header for O(health_url) and O(other_health_urls), where sites are told apart by it.
  type: str
health_file:
  description:
    - Path of the file behind O(health_url) on the node. It gets C(.out) added to its name while the node is out.
    - Put it where a release does not replace it, such as a virtual directory of its own.
  type: str
health_pool:
  description:
    - Application pool whose requests in flight are waited for with O(provider=health_page).
  type: str
other_health_urls:
  description:
    - Pages of the other nodes. So many of them as O(ignore:min_up) says must answer.
  type: list
  elements: str
down_after_s:
  description:
    - Seconds after which the load balancer is sure to have noticed that O(health_url) fails. That is interval times
      failures plus the time-out of a check.
  type: float
up_after_s:
  description:
    - Seconds after which the load balancer is sure to have noticed that O(health_url) answers again.
  type: float
""",
)


class HealthPage(NodeProvider):
    """A file on the node that the load balancer's health checks request."""

    name = "health_page"
    summary = (
        "A load balancer that has no API of its own which this collection knows, such as F5, ARR or those of clouds. "
        "The task runs on the web node, over C(winrm). The file behind the page that the load balancer's health checks "
        "request is renamed, and after O(down_after_s) the requests in flight on the node are waited for. Not yet run "
        "on Windows."
    )
    requirement = "IIS with the role service Request Monitor on the web node, for O(provider=health_page)."
    connection = (_CONNECTION, CERTIFICATES)
    required = ("health_url", "health_file", "health_pool", "down_after_s", "up_after_s")

    def connect(self, options: Mapping[str, Any], node: WebNode) -> HealthPageApi:
        node.check_path(options["health_file"], "health_file")
        page = Page(
            url=options["health_url"],
            host=options["health_host"],
            file=options["health_file"],
            pool=options["health_pool"],
            down_after_s=options["down_after_s"],
            up_after_s=options["up_after_s"],
            other_urls=tuple(options["other_health_urls"] or ()),
        )
        return HealthPageApi(node, page)
