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
      - V(health_page) is for a load balancer that has no API of its own which this collection knows, such as F5, ARR or
        those of clouds. The task runs on the web node then, over C(winrm). The file behind the page that the load
        balancer's health checks ask for is renamed, and after O(down_after_s) the requests in flight on the node are
        waited for. Not yet run on Windows.
    type: str
    default: haproxy
    choices:
      - haproxy
      - apache
      - health_page
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
  health_url:
    description:
      - Address of the page that the load balancer's health checks ask for, on the node itself, for
        O(provider=health_page). The controller asks for it as well.
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
  system_root:
    description:
      - Directory of Windows on the node, for O(provider=health_page).
    type: str
    default: C:\Windows
requirements:
  - HAProxy 2.4 or newer with a runtime API (C(stats socket)), or Apache 2.4 with mod_proxy_balancer.
  - Python 3.9 or newer on the host that the module runs on.
"""
