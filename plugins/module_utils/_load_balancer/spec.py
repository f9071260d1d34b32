# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the load balancer's modules share, and the way from options to an API.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._progress import Progress
from ._apache.api import ApacheApi
from ._apache.manager import HttpPages
from ._haproxy.api import HaproxyApi
from ._haproxy.master import Master
from ._haproxy.runtime import Endpoint, SocketTransport
from .api import LoadBalancerApi
from .drain import Departure
from .enable import Return
from .errors import LoadBalancerError, Refused
from .interrupt import guarded
from .report import describe, result
from .request import ENABLED, Request

#: Mirrors plugins/doc_fragments/load_balancer.py.
CONNECTION: dict[str, Any] = {
    "provider": {"type": "str", "default": "haproxy", "choices": ["haproxy", "apache"]},
    "socket": {"type": "str", "default": "/run/haproxy/admin.sock"},
    "master_socket": {"type": "str"},
    "manager_url": {"type": "str"},
    "status_url": {"type": "str"},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}
REQUIRED_IF = [("provider", "apache", ["manager_url"])]
#: The options of lb_member that describe how HAProxy is set up.
SETUP: dict[str, Any] = {
    "state_file": {"type": "path"},
    "closes_on_down": {"type": "bool"},
}


def connect(params: dict[str, Any]) -> LoadBalancerApi:
    """The API that the options name. Nothing is sent yet."""
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


def change_member(module: AnsibleModule) -> None:
    """The whole of lb_member."""
    try:
        request = _request(module.params, module.check_mode)
        with guarded() as guard:
            session = (Return if request.state == ENABLED else Departure)(
                connect(module.params), request, Progress(), guard
            )
            outcome = session.run()
    except LoadBalancerError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(**result(request, outcome))


def show_members(module: AnsibleModule) -> None:
    """The whole of lb_member_info."""
    member, backend = module.params["member"], module.params["backend"]
    try:
        api = connect(module.params)
        if member is not None:
            members = list(api.look(api.find(member, backend)).members)
        else:
            members = [found for found in api.everything() if backend in {None, found.id.backend}]
            if not members:
                raise Refused(f"{api.where} has no backend {backend!r} with servers." if backend else
                              f"{api.where} has no servers at all.")
    except LoadBalancerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, members=[describe(found) for found in members])


def _request(params: dict[str, Any], check_mode: bool) -> Request:
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
    return Request(
        **{name: params[name] for name in names}, weight_steps=tuple(steps), check_mode=check_mode
    )
