#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_app_pool
short_description: Start, stop or recycle an IIS application pool, and wait until it is so
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Changes the state of one application pool and comes back when the change is complete.
  - A stop waits for the requests in flight, for the state Stopped, and for the exit of the worker process, so that its
    files are free.
  - A recycle waits for the new worker and for the exit of the old one.
  - Failures that pass by themselves, such as a pool that is busy (0x80070425) or a locked configuration (0x80070020),
    are tried again for twenty seconds.
  - It shows a line of progress every two seconds while it waits.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.iis
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Every run with O(state=recycled) recycles the pool if it has a worker.
options:
  name:
    description:
      - Name of the application pool.
    type: str
    required: true
    aliases:
      - pool
  state:
    description:
      - V(started) starts the pool. Where its C(startMode) is C(AlwaysRunning) its worker is waited for, too.
      - V(stopped) waits until nothing is in flight, stops the pool, and waits for the exit of its worker. Requests that
        come in then get the answer 503, so take the node out of the load balancer first.
      - V(recycled) has a new worker take over from the old one. Sessions that live in the process are lost.
    type: str
    required: true
    choices:
      - started
      - stopped
      - recycled
  in_flight:
    description:
      - What is done about requests in flight before a stop.
      - V(wait) waits for them. It needs the role service Request Monitor (C(Web-Request-Monitor)); a node without it is an
        error, because it would look like a node without requests.
      - V(skip) does not look. IIS still lets the requests finish within the pool's C(shutdownTimeLimit).
    type: str
    default: wait
    choices:
      - wait
      - skip
  timeout_s:
    description:
      - Seconds to wait for requests in flight before a stop, and for the pool to be started.
    type: float
    default: 60.0
  exit_timeout_s:
    description:
      - Seconds to wait for the end of a stop, and for the new and the old worker of a recycle.
      - Give more than the pool's C(shutdownTimeLimit).
    type: float
    default: 120.0
  on_timeout:
    description:
      - What to do when requests are still in flight after O(timeout_s). WebSockets never end by themselves.
      - V(fail) leaves the pool as it is and fails.
      - V(stop) stops the pool all the same. IIS kills what is left when the pool's C(shutdownTimeLimit) ends, or that of
        the ASP.NET Core Module, which is ten seconds; RV(in_flight_killed) counts it.
    type: str
    default: fail
    choices:
      - fail
      - stop
  allow_gap:
    description:
      - Recycle a pool with C(disallowOverlappingRotation), too, which is without a worker for a while.
    type: bool
    default: false
seealso:
  - module: zero_downtime.dotnet.iis_app_pool_info
  - module: zero_downtime.dotnet.iis_release
  - module: zero_downtime.dotnet.lb_member
"""

EXAMPLES = r"""
- name: Stop the pool of a node that is out of the load balancer
  zero_downtime.dotnet.iis_app_pool:
    name: Shop
    state: stopped

- name: Stop a pool with WebSockets, which never end by themselves
  zero_downtime.dotnet.iis_app_pool:
    name: Shop
    state: stopped
    timeout_s: 20
    on_timeout: stop

- name: Start it again
  zero_downtime.dotnet.iis_app_pool:
    name: Shop
    state: started
"""

RETURN = r"""
name:
  description: Name of the pool as IIS spells it.
  returned: success
  type: str
  sample: Shop
previous_state:
  description: State in which the pool was found.
  returned: success
  type: str
  sample: Started
state:
  description: State of the pool now; in check mode the state that it would have.
  returned: success, and when a wait failed
  type: str
  sample: Stopped
in_flight_at_start:
  description: Requests in flight in the pool when the task began; null where they were not looked at.
  returned: success
  type: int
  sample: 3
in_flight_killed:
  description:
    - Requests that were still in flight when C(shutdownTimeLimit) of the pool, or the ten seconds of the ASP.NET Core
      Module, ended, by the last reading before it.
  returned: success
  type: int
  sample: 0
previous_worker_pids:
  description: Worker processes that the pool had.
  returned: success
  type: list
  elements: int
  sample: [4004]
worker_pids:
  description: Worker processes that the pool has.
  returned: success
  type: list
  elements: int
  sample: []
waited_ms:
  description: How long it took.
  returned: success
  type: int
  sample: 2956
connection_lost:
  description: The node could not be reached or the connection broke; RV(ignore:msg) says in what state things may be.
  returned: when so
  type: bool
  sample: true
connection_error:
  description: Why, in a word - V(credentials), V(certificate), V(tls), V(refused), V(timeout), V(name) or V(other).
  returned: when the connection was lost
  type: str
  sample: refused
"""
