# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the load balancer's modules share, and the way from options to an API.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
from typing import Any

from ._apache.api import ApacheApi
from ._apache.manager import HttpPages
from ._haproxy.api import HaproxyApi
from ._haproxy.master import Master
from ._haproxy.runtime import Endpoint, SocketTransport
from .api import LoadBalancerApi
from .errors import Refused
from .request import CUT, DISABLED, DRAINED, DRAINING, ENABLED, MIXED, RESTORE, Request

#: Mirrors plugins/doc_fragments/load_balancer.py.
CONNECTION: dict[str, Any] = {
    "provider": {"type": "str", "default": "haproxy", "choices": ["haproxy", "apache", "health_page"]},
    "socket": {"type": "str", "default": "/run/haproxy/admin.sock"},
    "master_socket": {"type": "str"},
    "manager_url": {"type": "str"},
    "status_url": {"type": "str"},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "health_url": {"type": "str"},
    "health_host": {"type": "str"},
    "health_file": {"type": "str"},
    "health_pool": {"type": "str"},
    "other_health_urls": {"type": "list", "elements": "str"},
    "down_after_s": {"type": "float"},
    "up_after_s": {"type": "float"},
    "system_root": {"type": "str", "default": "C:\\Windows"},
}
REQUIRED_IF: list[tuple[str, str, list[str]]] = [
    ("provider", "apache", ["manager_url"]),
    ("provider", "health_page", ["health_url", "health_file", "health_pool", "down_after_s", "up_after_s"]),
]
_STATES = [DRAINING, DRAINED, DISABLED, ENABLED]
#: The options of lb_member.
MEMBER: dict[str, Any] = {
    **CONNECTION,
    "member": {"type": "str", "required": True},
    "backend": {"type": "str"},
    "state": {"type": "str", "required": True, "choices": _STATES},
    "timeout_s": {"type": "float", "default": 120},
    "poll_ms": {"type": "int", "default": 100},
    "min_up": {"type": "int", "default": 1},
    "on_timeout": {"type": "str", "choices": [RESTORE, CUT]},
    "bleed_s": {"type": "float"},
    "weight": {"type": "int"},
    "weight_steps": {"type": "list", "elements": "int"},
    "step_s": {"type": "float", "default": 10},
    "old_workers": {"type": "str", "default": "count", "choices": ["count", "ignore"]},
    "check_capacity": {"type": "bool", "default": True},
    "state_file": {"type": "path"},
    "closes_on_down": {"type": "bool"},
    "restore_to": {"type": "str", "choices": [*_STATES, MIXED]},
}
#: The options of lb_member_info.
MEMBER_INFO: dict[str, Any] = {**CONNECTION, "member": {"type": "str"}, "backend": {"type": "str"}}


def connect(params: dict[str, Any]) -> LoadBalancerApi:
    """The API that the options name. Nothing is sent yet."""
    if params["provider"] == "health_page":
        raise Refused("The provider health_page speaks to a web node: run the task on that node, over winrm.")
    return _apache(params) if params["provider"] == "apache" else _haproxy(params)


def _apache(params: dict[str, Any]) -> LoadBalancerApi:
    how: dict[str, Any] = {"validate_certs": params["validate_certs"], "ca_path": params["ca_path"]}
    if params["url_username"] is not None:
        how |= {
            "url_username": params["url_username"],
            "url_password": params["url_password"],
            "force_basic_auth": True,
        }
    return ApacheApi(HttpPages(params["manager_url"], params["status_url"], **how))


def _haproxy(params: dict[str, Any]) -> LoadBalancerApi:
    endpoint = Endpoint.of(params["socket"], "socket")
    master = None
    if params["master_socket"]:
        master = Master(SocketTransport(Endpoint.of(params["master_socket"], "master_socket"), "master_socket"))
    return HaproxyApi(
        SocketTransport(endpoint),
        master,
        state_file=params.get("state_file"),
        closes_on_down=params.get("closes_on_down"),
        local=bool(endpoint.path),
        open_master=_master_named_by_haproxy if endpoint.path else None,
    )


def _master_named_by_haproxy(name: str) -> Master | None:
    """HAProxy tells where its master process listens; it is used if this user may open it."""
    path = name.partition(",")[0].removeprefix("unix@")
    if not path.startswith("/") or not os.access(path, os.R_OK | os.W_OK):
        return None
    return Master(SocketTransport(Endpoint(path=path), "master_socket"))


def request_of(params: dict[str, Any], check_mode: bool) -> Request:
    """What the options of lb_member ask for, checked."""
    for option, least in (("timeout_s", 0), ("poll_ms", 10), ("min_up", 0), ("bleed_s", 0), ("step_s", 0)):
        if params[option] is not None and params[option] < least:
            raise Refused(f"{option} is {params[option]}: {least} or more is expected.")
    if params["weight"] is not None and params["state"] != ENABLED:
        raise Refused("weight goes with state enabled only.")
    steps = params["weight_steps"] or []
    if steps:
        if params["state"] != ENABLED:
            raise Refused("weight_steps goes with state enabled only.")
        if sorted(set(steps)) != steps or not all(0 < step < 100 for step in steps):
            raise Refused(f"weight_steps is {steps}: growing percentages between 0 and 100 are expected.")
    names = (
        "member", "state", "backend", "timeout_s", "poll_ms", "min_up", "on_timeout", "bleed_s", "weight", "step_s",
        "restore_to", "old_workers", "check_capacity",
    )  # fmt: skip
    return Request(**{name: params[name] for name in names}, weight_steps=tuple(steps), check_mode=check_mode)
