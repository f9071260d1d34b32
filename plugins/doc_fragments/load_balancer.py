# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the load balancer's modules share, composed from what each provider documents."""

from __future__ import annotations

import typing as t

import yaml
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.options import OptionGroup
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.provider import option_groups
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.registry import PROVIDERS


def _options(groups: t.Iterable[OptionGroup]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for group in groups:
        found.update(yaml.safe_load(group.documentation) or {})
    return found


def _fragment(**parts: t.Any) -> str:
    return yaml.safe_dump(parts, sort_keys=False, width=120)


class ModuleDocFragment:
    """DOCUMENTATION: for every module of the load balancer. MEMBER: in addition for lb_member."""

    # Annotated: ansible-test's yamllint reads every plain assignment as a literal.
    DOCUMENTATION: str = _fragment(
        options={
            "provider": {
                "description": [
                    "What kind of load balancer is used.",
                    *(f"V({provider.name}) - {provider.summary}" for provider in PROVIDERS),
                ],
                "type": "str",
                "default": PROVIDERS[0].name,
                "choices": [provider.name for provider in PROVIDERS],
            },
            **_options(group for provider in PROVIDERS for group in option_groups(provider)),
        },
        requirements=[
            *(provider.requirement for provider in PROVIDERS),
            "Python 3.9 or newer on the host that the module runs on.",
        ],
        notes=[note for provider in PROVIDERS for note in provider.notes],
    )
    MEMBER: str = _fragment(options=_options(provider.changing for provider in PROVIDERS))
