# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the load balancer's modules, composed from those of the providers.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .api import LoadBalancerApi
from .errors import Refused
from .options import OptionGroup
from .provider import HostProvider, Provider, option_groups
from .registry import PROVIDERS
from .request import CUT, DISABLED, DRAINED, DRAINING, ENABLED, MIXED, RESTORE, Request

_STATES = [DRAINING, DRAINED, DISABLED, ENABLED]


def _merged(groups: Iterable[OptionGroup]) -> dict[str, Any]:
    return {name: spec for group in groups for name, spec in group.spec.items()}


BY_NAME: dict[str, Provider] = {provider.name: provider for provider in PROVIDERS}
DEFAULT = PROVIDERS[0].name
#: The options with which a load balancer is reached.
CONNECTION: dict[str, Any] = {
    "provider": {"type": "str", "default": DEFAULT, "choices": list(BY_NAME)},
    **_merged(group for provider in PROVIDERS for group in option_groups(provider)),
}
REQUIRED_IF: list[tuple[str, str, list[str]]] = [
    ("provider", provider.name, list(provider.required)) for provider in PROVIDERS if provider.required
]
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
    "check_capacity": {"type": "bool", "default": True},
    "leaving": {"type": "list", "elements": "str"},
    "restore_to": {"type": "str", "choices": [*_STATES, MIXED]},
    **_merged(provider.changing for provider in PROVIDERS),
}
#: The options of lb_member_info.
MEMBER_INFO: dict[str, Any] = {**CONNECTION, "member": {"type": "str"}, "backend": {"type": "str"}}


def provider_of(params: Mapping[str, Any]) -> Provider:
    """The provider that the options name. Raises Refused where an option is given that it does not read."""
    provider = BY_NAME[params["provider"]]
    own = _options_of(provider)
    for other in PROVIDERS:
        for option, spec in _options_of(other).items():
            if option not in own and "default" not in spec and params.get(option) is not None:
                raise Refused(
                    f"{option} is an option of provider={other.name}, and provider is {provider.name}: give the "
                    f"provider that is meant, or leave {option} out."
                )
    return provider


def _options_of(provider: Provider) -> dict[str, Any]:
    return _merged((*option_groups(provider), provider.changing))


def connect(params: Mapping[str, Any]) -> LoadBalancerApi:
    """The API that a module's options name. Nothing is sent yet."""
    provider = provider_of(params)
    if not isinstance(provider, HostProvider):
        raise Refused(
            f"A task with provider={provider.name} runs on a web node, over winrm, and not as a module on another host."
        )
    return provider.connect(params)


def request_of(params: dict[str, Any], check_mode: bool) -> Request:
    """What the options of lb_member ask for, checked."""
    for option, least in (("timeout_s", 0), ("poll_ms", 10), ("min_up", 0), ("bleed_s", 0), ("step_s", 0)):
        if params[option] is not None and params[option] < least:
            raise Refused(f"{option} is {params[option]}: {least} or more is expected.")
    if params["weight"] is not None and params["state"] != ENABLED:
        raise Refused("weight goes with state enabled only.")
    if params["restore_to"] is not None and params["state"] == ENABLED:
        raise Refused("restore_to goes with the states that take a member out: a failed enable restores what it found.")
    if params["leaving"] and params["state"] == ENABLED:
        raise Refused("leaving goes with the states that take a member out.")
    steps = params["weight_steps"] or []
    if steps:
        if params["state"] != ENABLED:
            raise Refused("weight_steps goes with state enabled only.")
        if sorted(set(steps)) != steps or not all(0 < step < 100 for step in steps):
            raise Refused(f"weight_steps is {steps}: growing percentages between 0 and 100 are expected.")
    names = (
        "member", "state", "backend", "timeout_s", "poll_ms", "min_up", "on_timeout", "bleed_s", "weight", "step_s",
        "restore_to", "check_capacity",
    )  # fmt: skip
    return Request(
        **{name: params[name] for name in names},
        weight_steps=tuple(steps),
        leaving=tuple(params["leaving"] or ()),
        check_mode=check_mode,
    )
