# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the load balancer's modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
requirements:
  - HAProxy 2.4 or newer with a runtime API (C(stats socket)).
  - Python 3.9 or newer on the host that the module runs on.
"""
