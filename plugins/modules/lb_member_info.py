#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lb_member_info
short_description: Show the servers of a load balancer and what is in flight to them
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Shows the state of one server, or of all servers, of a load balancer. Changes nothing.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
  - zero_downtime.dotnet.load_balancer
attributes:
  platform:
    platforms: posix
  action_group:
    membership:
      - zero_downtime.dotnet.all
      - zero_downtime.dotnet.load_balancer
options:
  member:
    description:
      - Name of the server in the load balancer. By default all are shown.
    type: str
  backend:
    description:
      - Name of the backend. By default all are shown.
    type: str
seealso:
  - module: zero_downtime.dotnet.lb_member
"""

EXAMPLES = r"""
- name: What is in flight to each server
  zero_downtime.dotnet.lb_member_info:
  register: servers
  delegate_to: lb01

- name: One server
  zero_downtime.dotnet.lb_member_info:
    member: web01
  register: web01
  delegate_to: lb01
"""

RETURN = r"""
members:
  description:
    - The members that were asked for, in the order of the load balancer's configuration.
    - C(state) is the administrative state alone; C(up) is whether the member gets clients.
    - C(taken_out_by) is why it gets no new clients. V(administrator) is the administrative interface (a person,
      M(zero_downtime.dotnet.lb_member), another program), V(configuration) the configuration. The others are automatic,
      V(agent) (an agent-check that is on has set the state or may have set it), V(resolution) (its host name does not
      resolve), V(tracking) (the member that it tracks), V(health_check). V(none) when it may get clients.
  returned: success
  type: list
  elements: dict
  sample:
    - backend: web
      member: web01
      state: enabled
      status: UP
      taken_out_by: none
      up: true
      in_flight: 12
      queued: 0
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
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.run import show_members
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import MEMBER_INFO, REQUIRED_IF

SPECIFICATION = {"argument_spec": MEMBER_INFO, "required_if": REQUIRED_IF, "supports_check_mode": True}
run = show_members


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
