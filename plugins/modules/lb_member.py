#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lb_member
short_description: Take a server out of its load balancer, or put it back, without losing a request
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Takes one server (member) of a load balancer out of service and waits until nothing is in flight to it, or puts it
    back once fresh health checks have shown that it works.
  - When the deadline passes, the task is interrupted (Ctrl-C, a signal, a lost connection) or anything unexpected is
    found, the former state is restored and the task fails.
  - Run from a terminal, it shows a line of progress every two seconds, live where the module runs on the controller and
    at its end over other connections.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.load_balancer
  - zero_downtime.dotnet.load_balancer.member
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
  action_group:
    membership:
      - zero_downtime.dotnet.all
      - zero_downtime.dotnet.load_balancer
options:
  member:
    description:
      - Name of the server in the load balancer.
    type: str
    required: true
  backend:
    description:
      - Name of the backend that has the member.
      - When not given, the member is changed in every backend that has it.
    type: str
  state:
    description:
      - V(draining) sends no new clients to the member and does not wait. A member in maintenance counts as draining.
      - V(drained) does the same, waits until nothing is in flight or queued, puts the member into maintenance, and
        checks several times that nothing is in flight.
      - V(disabled) puts the member into maintenance without waiting. Requests that are in flight may be lost when the
        server is stopped then.
      - V(enabled) lets the health checks run, waits for fresh successful ones, opens the member for clients, and waits
        until it is up. A member without health checks is enabled at once, with a warning.
    type: str
    required: true
    choices:
      - draining
      - drained
      - disabled
      - enabled
  timeout_s:
    description:
      - Seconds that V(drained) and V(enabled) wait at most.
    type: float
    default: 120
  poll_ms:
    description:
      - Milliseconds between two readings at most.
    type: int
    default: 100
  min_up:
    description:
      - How many other servers of the same backend must be up and not draining, before the member is taken out of
        service and as long as it is waited for. A backup server does not count.
    type: int
    default: 1
  on_timeout:
    description:
      - What happens to what is still in flight when O(timeout_s) has passed for O(state=drained).
      - V(restore) restores the former state and fails.
      - V(cut) closes what is open to the member, goes on, and returns the number in RV(ignore:cut). It is refused where
        the load balancer cannot do it.
      - In HTTP mode V(restore) is the default. In TCP mode, where a client may keep its connection for ever, one of
        them must be given.
    type: str
    choices:
      - restore
      - cut
  bleed_s:
    description:
      - Seconds after which the member is closed also for clients with session affinity, which the load balancer goes on
        sending to a draining member. Until then they finish what they do; then they move to other members.
      - By default half of O(timeout_s) where clients have session affinity, and no limit elsewhere.
    type: float
  weight:
    description:
      - Weight that the member gets with O(state=enabled), in the load balancer's own unit. By default its weight stays
        as it is. A weight of 0, given or found, is refused, because the member would get no clients.
    type: int
  weight_steps:
    description:
      - Percentages of its weight that the member gets one after the other with O(state=enabled), before the whole.
      - If it goes down in the meantime, the former state is restored and the task fails.
    type: list
    elements: int
  step_s:
    description:
      - Seconds between two of O(weight_steps).
    type: float
    default: 10
  check_capacity:
    description:
      - Refuse to take the member out when every remaining server has a limit of requests and what the member carries
        now does not fit into the rest of their limits.
    type: bool
    default: true
  leaving:
    description:
      - Names of other servers that are taken out of service at the same time, as a batch of a rolling upgrade is. They
        do not count as up for O(min_up), and the remaining servers must have room for what they carry too.
      - A task in check mode so refuses a batch before its first server has left.
      - Where the load balancer's other servers are known by addresses, give their addresses.
      - Not for O(state=enabled).
    type: list
    elements: str
  restore_to:
    description:
      - The state that is restored on failure. By default the one that the task finds.
      - "For use after a former task with O(state=draining): give that task's RV(ignore:previous_state)."
      - V(mixed), which a former task returns when backends differ, means what this task finds.
      - Not for O(state=enabled), which restores what it finds when it fails.
    type: str
    choices:
      - draining
      - drained
      - disabled
      - enabled
      - mixed
seealso:
  - module: zero_downtime.dotnet.lb_member_info
"""

EXAMPLES = r"""
- name: Take web01 out of the load balancer and wait until nothing is in flight
  zero_downtime.dotnet.lb_member:
    member: web01
    state: drained
    timeout_s: 60
  delegate_to: lb01

- name: Put it back once its health checks succeed
  zero_downtime.dotnet.lb_member:
    member: web01
    state: enabled
  delegate_to: lb01

- name: From the controller, over TCP, in one backend
  zero_downtime.dotnet.lb_member:
    socket: 192.0.2.10:9999
    backend: shop
    member: web01
    state: drained
  delegate_to: localhost
"""

RETURN = r"""
member:
  description: The member that was asked for.
  returned: success
  type: str
  sample: web01
previous_state:
  description:
    - The administrative state that was found, V(enabled), V(draining), V(drained) (in maintenance with nothing in
      flight) or V(disabled) (in maintenance with requests in flight); V(mixed) when backends differ.
    - What a load balancer does by itself is not part of it; see C(taken_out_by).
  returned: when the member was read, also on failure
  type: str
  sample: enabled
state:
  description: The state afterwards, in the same words. In check mode the one that was asked for.
  returned: success
  type: str
  sample: drained
waited_ms:
  description: Milliseconds that were spent on changing and waiting.
  returned: when the member was read, also on failure
  type: int
  sample: 2210
in_flight_at_start:
  description: Requests in flight to the member at the start, those in old processes of the load balancer included.
  returned: success
  type: int
  sample: 12
queued_at_start:
  description: Requests that waited for the member at the start.
  returned: success
  type: int
  sample: 0
cut:
  description: Requests or connections that were closed at the deadline.
  returned: success
  type: int
  sample: 0
reloads:
  description: How often the load balancer was seen to be reloaded or restarted in the meantime.
  returned: success
  type: int
  sample: 0
clients_moved_percent:
  description:
    - The share of the clients with session affinity that move to other members. Counted in a table of clients where
      there is one, otherwise estimated by requests.
    - V(none) where there is no session affinity, or nothing was changed.
  returned: success
  type: float
  sample: 49.5
plan:
  description: The steps that were taken, or that would be taken in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - set web/web01 to drain
    - wait until nothing is in flight to web/web01 (now 12)
    - set web/web01 to maint and check that nothing is in flight
members:
  description:
    - The member in each backend.
    - C(taken_out_by) is why it gets no new clients. V(administrator) is the administrative interface (a person, this
      module, another program), V(configuration) the configuration. The others are automatic, V(agent) (an agent-check
      that is on has set the state or may have set it), V(resolution) (its host name does not resolve), V(tracking) (the
      member that it tracks), V(health_check). V(none) when it may get clients.
  returned: success
  type: list
  elements: dict
  sample:
    - backend: web
      member: web01
      previous_state: enabled
      state: drained
      status: MAINT
      taken_out_by: administrator
      up: false
      in_flight_at_start: 12
      in_flight: 0
      queued_at_start: 0
      queued: 0
      previous_weight: 100
      weight: 100
      mode: http
      address: 192.0.2.21:8080
      backup: false
      health_checks: true
      check_status: L7OK
      agent_check: none
      session_affinity: false
      max_in_flight: 200
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.run import change_member
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import MEMBER, REQUIRED_IF

SPECIFICATION = {"argument_spec": MEMBER, "required_if": REQUIRED_IF, "supports_check_mode": True}
run = change_member


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
