# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the load balancer's modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  provider:
    description:
      - What kind of load balancer is spoken to.
    type: str
    default: haproxy
    choices:
      - haproxy
      - apache
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
  manager_url:
    description:
      - Address of Apache's balancer-manager, for O(provider=apache).
      - When not given, the variable C(dotnet_lb_manager_url) is used if it is set.
    type: str
  status_url:
    description:
      - Address of Apache's server-status, for O(provider=apache). It is needed to see the processes that still work off
        requests after a restart.
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
  validate_certs:
    description:
      - Whether the certificate of O(manager_url) and O(status_url) must be trusted.
    type: bool
    default: true
  ca_path:
    description:
      - File of the certificates that are trusted for O(manager_url) and O(status_url), instead of this host's.
    type: path
requirements:
  - HAProxy 2.4 or newer with a runtime API (C(stats socket)), or Apache 2.4 with mod_proxy_balancer.
  - Python 3.9 or newer on the host that the module runs on.
"""
