# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's mod_proxy_balancer as a provider.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..options import CERTIFICATES, OptionGroup
from ..provider import HostProvider
from .api import ApacheApi
from .manager import HttpPages

_CONNECTION = OptionGroup(
    {
        "manager_url": {"type": "str"},
        "status_url": {"type": "str"},
        "url_username": {"type": "str"},
        "url_password": {"type": "str", "no_log": True},
    },
    """
manager_url:
  description:
    - Address of Apache's balancer-manager, for O(provider=apache).
    - When not given, the variable C(dotnet_lb_manager_url) is used if it is set.
  type: str
status_url:
  description:
    - Address of Apache's server-status, for O(provider=apache). It is needed to see the processes that still finish
      requests after a graceful restart; without it C(state=drained) is refused.
    - When not given, the variable C(dotnet_lb_status_url) is used if it is set.
  type: str
url_username:
  description:
    - User name for O(manager_url) and O(status_url), if they want one.
  type: str
url_password:
  description:
    - Password of O(url_username).
  type: str
""",
)


class Apache(HostProvider):
    """The balancer-manager, over HTTP or HTTPS."""

    name = "apache"
    summary = "The balancer-manager of Apache's mod_proxy_balancer."
    requirement = "Apache 2.4 with mod_proxy_balancer, for O(provider=apache)."
    notes = (
        "Tested with Apache 2.4 and its MPM event, the only one whose server-status tells its old processes.",
        "With O(provider=apache) O(backend) is the name of the balancer, and O(member) the route of the worker or its "
        "V(host:port).",
        "With O(provider=apache) a weight is V(100) to V(10000), in hundredths of the load factor.",
        "Apache cannot close requests to one worker, so that it refuses C(on_timeout=cut).",
    )
    connection = (_CONNECTION, CERTIFICATES)
    required = ("manager_url",)
    variables: ClassVar[Mapping[str, str]] = {
        "manager_url": "dotnet_lb_manager_url",
        "status_url": "dotnet_lb_status_url",
    }

    def connect(self, options: Mapping[str, Any]) -> ApacheApi:
        user = options["url_username"]
        pages = HttpPages(
            options["manager_url"],
            options["status_url"],
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
            login=None if user is None else (user, options["url_password"] or ""),
        )
        return ApacheApi(pages)
