# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the tasks of a load balancer run."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import BY_NAME, DEFAULT

DOCUMENTATION = r"""
name: load_balancer_hosts
short_description: The hosts on which the tasks of a load balancer run
version_added: 0.1.0
author: zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Most providers of M(zero_downtime.dotnet.lb_member) are reached on the load balancers' hosts; some work on the web
    node itself. This filter returns the hosts to which a web node's tasks are delegated.
positional: load_balancers, node
options:
  _input:
    description: The options of M(zero_downtime.dotnet.lb_member) that name the provider. May be empty.
    type: dict
    required: true
  load_balancers:
    description: The load balancers' hosts.
    type: list
    elements: str
    required: true
  node:
    description: The web node.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Drain the node on each of its load balancers
  zero_downtime.dotnet.lb_member:
    member: "{{ inventory_hostname }}"
    state: drained
  delegate_to: "{{ item }}"
  loop: "{{ dotnet_lb_options | zero_downtime.dotnet.load_balancer_hosts(groups['lb'], inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The web node where the provider works on it, the load balancers' hosts otherwise.
  type: list
  elements: str
"""


def load_balancer_hosts(options: t.Any, load_balancers: t.Any, node: str) -> list[str]:
    """The hosts to which a web node's load balancer tasks are delegated."""
    if not isinstance(options, t.Mapping):
        raise AnsibleFilterError("load_balancer_hosts: a dictionary of options of lb_member was expected.")
    name = options.get("provider") or DEFAULT
    provider = BY_NAME.get(str(name))
    if provider is None:
        raise AnsibleFilterError(
            f"load_balancer_hosts: provider is {name!r}, one of {', '.join(sorted(BY_NAME))} was expected."
        )
    return [node] if provider.on_node else list(load_balancers)


class FilterModule:
    """The filter load_balancer_hosts."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"load_balancer_hosts": load_balancer_hosts}
