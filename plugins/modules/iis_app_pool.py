#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_app_pool
short_description: Start, stop or recycle an IIS application pool and wait for it
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Changes the state of one application pool and waits until the change is complete.
  - A stop waits for the requests in flight, for the state Stopped, and for the exit of the worker process, which
    then releases its files.
  - A recycle waits for the new worker and for the exit of the old one.
  - Transient failures, such as a busy pool (0x80070425) or a locked configuration (0x80070020), are retried for twenty
    seconds.
  - A line of progress is shown every two seconds while it waits.
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
      - V(started) starts the pool. With C(startMode=AlwaysRunning) it waits for the worker, too.
      - V(stopped) waits until no request is in flight, stops the pool, and waits for the exit of its worker. New
        requests get status 503 from then on, so drain the node first.
      - V(recycled) replaces the worker by a new one. Sessions in the process are lost.
    type: str
    required: true
    choices:
      - started
      - stopped
      - recycled
  in_flight:
    description:
      - What to do about requests in flight before a stop.
      - V(wait) waits for them. It needs the role service Request Monitor (C(Web-Request-Monitor)). A node without it
        is an error, because its requests cannot be counted.
      - V(skip) does not count them. IIS still lets them finish within the pool's C(shutdownTimeLimit).
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
      - Set it higher than the pool's C(shutdownTimeLimit).
    type: float
    default: 120.0
  on_timeout:
    description:
      - What to do when requests are still in flight after O(timeout_s). WebSockets never end by themselves.
      - V(fail) does not change the pool and fails.
      - V(stop) stops the pool. IIS kills the remaining requests when the C(shutdownTimeLimit) of the pool or of the
        ASP.NET Core Module (ten seconds) ends. RV(in_flight_killed) counts them.
    type: str
    default: fail
    choices:
      - fail
      - stop
  allow_gap:
    description:
      - Also recycle a pool with C(disallowOverlappingRotation), which then has no worker for a while.
    type: bool
    default: false
seealso:
  - module: zero_downtime.dotnet.iis_app_pool_info
  - module: zero_downtime.dotnet.iis_release
  - module: zero_downtime.dotnet.lb_member
"""

EXAMPLES = r"""
- name: Stop the pool of a drained node
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
  returned: success, and failures after the first reading
  type: str
  sample: Shop
previous_state:
  description: State of the pool before the task.
  returned: success, and failures after the first reading
  type: str
  sample: Started
state:
  description:
    - State of the pool after the task; in check mode the state that it would have.
    - After a failure the state in which the pool was left; null when it could not be read.
  returned: success, and failures after the first reading
  type: str
  sample: Stopped
in_flight_at_start:
  description: Requests in flight in the pool when the task began; null with O(in_flight=skip).
  returned: success
  type: int
  sample: 3
in_flight:
  description: Requests in flight when the task gave up waiting for them.
  returned: when O(on_timeout=fail) refused the stop
  type: int
  sample: 1
in_flight_killed:
  description:
    - Requests that IIS killed when the C(shutdownTimeLimit) of the pool or of the ASP.NET Core Module ended, by the
      last reading before that.
  returned: success
  type: int
  sample: 0
previous_worker_pids:
  description: Process IDs of the pool's workers before the task.
  returned: success, and failures after the first reading
  type: list
  elements: int
  sample: [4004]
worker_pids:
  description: Process IDs of the pool's workers after the task, also after a failure.
  returned: success, and failures after the first reading
  type: list
  elements: int
  sample: []
waited_ms:
  description: Duration of the task in milliseconds.
  returned: success
  type: int
  sample: 2956
connection_lost:
  description: The node could not be reached or the connection broke. RV(ignore:msg) names the possible states.
  returned: when the connection was lost
  type: bool
  sample: true
connection_error:
  description: The cause - V(credentials), V(certificate), V(tls), V(refused), V(timeout), V(name) or V(other).
  returned: when the connection was lost
  type: str
  sample: refused
"""
