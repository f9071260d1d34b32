#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_app_pool_info
short_description: Show IIS application pools with their workers and requests in flight
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Shows one application pool, or all of them. Changes nothing.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
  - zero_downtime.dotnet.iis
options:
  name:
    description:
      - Name of an application pool. An unknown pool is an error. By default all pools are shown.
    type: str
    aliases:
      - pool
seealso:
  - module: zero_downtime.dotnet.iis_app_pool
"""

EXAMPLES = r"""
- name: Show a pool
  zero_downtime.dotnet.iis_app_pool_info:
    name: Shop
  register: shop
"""

RETURN = r"""
pools:
  description: The pools.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
      returned: success
      sample: Shop
    state:
      description: State of the pool.
      type: str
      returned: success
      sample: Started
    worker_pids:
      description: Process IDs of its workers.
      type: list
      elements: int
      returned: success
      sample: [4004]
    in_flight:
      description: Number of requests in flight; null where the node cannot list them.
      type: int
      returned: success
      sample: 3
    oldest_ms:
      description: Age of the oldest request in flight in milliseconds; null where the node cannot list requests.
      type: int
      returned: success
      sample: 1250
    config:
      description: Settings that affect a release.
      type: dict
      returned: success
      sample:
        auto_start: true
        disallow_overlapping_rotation: false
        rapid_fail_interval_s: 300.0
        rapid_fail_max_crashes: 5
        rapid_fail_protection: true
        shutdown_time_limit_s: 90.0
        start_mode: AlwaysRunning
request_monitor:
  description: Whether the node can list requests, which needs the role service Request Monitor.
  returned: success
  type: bool
  sample: true
connection_lost:
  description: The node could not be reached or the connection broke.
  returned: when the connection was lost
  type: bool
  sample: true
"""
