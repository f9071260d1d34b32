# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which inventory variables fill in the options of lb_member: the delegate's, else the task's."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVarsVars
from ansible_collections.zero_downtime.dotnet.plugins.action import lb_member

SOCKET = "dotnet_lb_socket"
OMITTED = trust_as_template("{{ omit }}")
UNKNOWN = trust_as_template("{{ nobody_defines_this }}")


def socket(node: dict[str, Any], delegate: dict[str, Any] | None = None, **args: Any) -> Any:
    """The option socket that the module gets; "-" where it gets none."""
    loader = DataLoader()
    hostvars: Mapping[str, Any] = {}
    if delegate is not None:
        hostvars = {"lb01": HostVarsVars(delegate, loader, "lb01")}
    action: Any = object.__new__(lb_member.ActionModule)
    action._task = SimpleNamespace(args=args, delegate_to="lb01" if delegate is not None else None)
    action._templar = Templar(loader=loader, variables=node)
    return action.prepare_args(dict(args), {**node, "hostvars": hostvars}).get("socket", "-")


@pytest.mark.parametrize(
    ("node", "delegate", "expected"),
    [
        ({}, None, "-"),
        ({}, {}, "-"),
        ({SOCKET: "/node"}, None, "/node"),
        ({SOCKET: "/node"}, {}, "/node"),
        ({}, {SOCKET: "/lb"}, "/lb"),
        ({SOCKET: "/node"}, {SOCKET: "/lb"}, "/lb"),
        ({SOCKET: trust_as_template("/{{ who }}"), "who": "node"}, {}, "/node"),
        ({"who": "node"}, {SOCKET: trust_as_template("/{{ who }}"), "who": "lb"}, "/lb"),
        ({SOCKET: OMITTED}, None, "-"),
        ({SOCKET: OMITTED}, {}, "-"),
        ({SOCKET: "/node"}, {SOCKET: OMITTED}, "-"),
        ({SOCKET: "/node"}, {SOCKET: None}, "-"),
    ],
)
def test_the_variable_of_the_delegate_comes_first(node: dict[str, Any], delegate: Any, expected: str) -> None:
    assert socket(node, delegate) == expected


def test_an_option_of_the_task_needs_no_variable() -> None:
    assert socket({SOCKET: "/node"}, {SOCKET: UNKNOWN}, socket="/task") == "/task"


def test_a_variable_that_needs_an_undefined_one_is_an_error() -> None:
    with pytest.raises(AnsibleUndefinedVariable, match="nobody_defines_this"):
        socket({SOCKET: UNKNOWN})
