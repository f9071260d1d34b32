# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy as a provider.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ..options import OptionGroup
from ..provider import HostProvider
from .api import HaproxyApi
from .master import Master
from .runtime import Endpoint, SocketTransport

_CONNECTION = OptionGroup(
    {
        "socket": {"type": "str", "default": "/run/haproxy/admin.sock"},
        "master_socket": {"type": "str"},
    },
    """
socket:
  description:
    - HAProxy's runtime API, a path of a unix socket or V(host:port).
    - The socket must have C(level admin) for changes; C(level operator) is enough to read.
    - When not given, the variable C(dotnet_lb_socket) is used if it is set.
  type: str
  default: /run/haproxy/admin.sock
master_socket:
  description:
    - The command line of HAProxy's master process (option C(-S) of haproxy), a path of a unix socket or V(host:port).
    - It is needed to see the requests that the old workers still hold after a reload.
    - When not given, the variable C(dotnet_lb_master_socket) is used if it is set.
  type: str
""",
)
_CHANGING = OptionGroup(
    {
        "old_workers": {"type": "str", "default": "count", "choices": ["count", "ignore"]},
        "state_file": {"type": "path"},
        "closes_on_down": {"type": "bool"},
    },
    """
old_workers:
  description:
    - After a reload, old processes of HAProxy go on with the requests that they had. V(count) waits for those too, and
      refuses O(state=drained) where they cannot be counted, or where it cannot be known whether there are any, because
      the module runs on another host and O(master_socket) is not given.
    - V(ignore) goes on without them.
    - When not given, the variable C(dotnet_lb_old_workers) is used if it is set.
  type: str
  default: count
  choices:
    - count
    - ignore
state_file:
  description:
    - HAProxy's C(server-state-file), where it has one that C(load-server-state-from-file) reads.
    - It is written after each change, so that a reload of HAProxy does not forget it. Only for a module that runs on
      HAProxy's own host.
    - When not given, the variable C(dotnet_lb_state_file) is used if it is set.
  type: path
closes_on_down:
  description:
    - Whether the server has C(on-marked-down shutdown-sessions), so that maintenance closes what is in flight. The
      member is put into maintenance only at zero then, also where clients have session affinity.
    - By default HAProxy's configuration is read. Where it cannot be read, O(state=drained) is refused for clients with
      session affinity or with O(bleed_s), because maintenance might come before zero.
    - When not given, the variable C(dotnet_lb_closes_on_down) is used if it is set.
  type: bool
""",
)


class Haproxy(HostProvider):
    """The runtime API, over its unix socket or over TCP."""

    name = "haproxy"
    summary = "HAProxy's runtime API, over its unix socket on the load balancer's own host or over TCP."
    requirement = "HAProxy 2.4 or newer with a runtime API (C(stats socket)), for O(provider=haproxy)."
    notes = (
        "Tested with HAProxy 2.6, 3.0 and 3.2.",
        "With O(provider=haproxy) a weight is V(0) to V(256).",
    )
    connection = (_CONNECTION,)
    changing = _CHANGING
    variables: ClassVar[Mapping[str, str]] = {
        "socket": "dotnet_lb_socket",
        "master_socket": "dotnet_lb_master_socket",
        "state_file": "dotnet_lb_state_file",
        "old_workers": "dotnet_lb_old_workers",
        "closes_on_down": "dotnet_lb_closes_on_down",
    }

    def connect(self, options: Mapping[str, Any]) -> HaproxyApi:
        endpoint = Endpoint.of(options["socket"], "socket")
        master = None
        if options["master_socket"]:
            master = Master(SocketTransport(Endpoint.of(options["master_socket"], "master_socket"), "master_socket"))
        return HaproxyApi(
            SocketTransport(endpoint),
            master,
            state_file=options.get("state_file"),
            closes_on_down=options.get("closes_on_down"),
            ignores_old_workers=options.get("old_workers") == "ignore",
            local=bool(endpoint.path),
            open_master=_open_master if endpoint.path else None,
        )


def _open_master(name: str) -> Master | None:
    """The master process at the address that HAProxy names, if this user may open it."""
    path = name.partition(",")[0].removeprefix("unix@")
    if not path.startswith("/") or not os.access(path, os.R_OK | os.W_OK):
        return None
    return Master(SocketTransport(Endpoint(path=path), "master_socket"))
