# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Providers declare everything about themselves, and nothing outside their directories names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.filter.load_balancer_hosts import load_balancer_hosts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._health_page.api import (
    HealthPageApi,
    Page,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.abilities import (
    AgentChecks,
    Cutting,
    Weights,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import Refused
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.options import OptionGroup
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.provider import (
    Provider,
    option_groups,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.registry import PROVIDERS
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.spec import (
    MEMBER,
    MEMBER_INFO,
    connect,
    provider_of,
)
from unit.load_balancer.test_health_page import FILE, URL, FakeNode

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
GENERIC = [
    *(path for path in (PLUGINS / "module_utils/_load_balancer").glob("*.py") if path.name != "registry.py"),
    *PLUGINS.glob("modules/lb_*.py"),
    *PLUGINS.glob("action/lb_*.py"),
    PLUGINS / "doc_fragments/load_balancer.py",
    PLUGINS / "filter/load_balancer_hosts.py",
    *PLUGINS.glob("plugin_utils/_load_balancer*"),
    *(PLUGINS.parent / "playbooks").rglob("*.yml"),
    *(PLUGINS.parent / "roles").rglob("tasks/*.yml"),
]


def params(**given: Any) -> dict[str, Any]:
    """A module's options as Ansible passes them, with defaults."""
    return {**{name: spec.get("default") for name, spec in MEMBER.items()}, **given}


@pytest.mark.parametrize("path", GENERIC, ids=lambda path: str(path.relative_to(PLUGINS.parent)))
def test_the_generic_part_names_no_provider(path: Path) -> None:
    names = "|".join(provider.name for provider in PROVIDERS)
    assert re.findall(rf"(?i){names}", path.read_text(encoding="utf-8")) == []


def groups(provider: Provider) -> list[OptionGroup]:
    return [*option_groups(provider), provider.changing]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_what_a_provider_documents_is_what_it_declares(provider: Provider) -> None:
    for group in groups(provider):
        documented = yaml.safe_load(group.documentation) or {}
        assert documented.keys() == group.spec.keys()
        for name, spec in group.spec.items():
            for key in ("type", "default", "choices", "elements"):
                assert documented[name].get(key) == spec.get(key), (name, key)
            assert documented[name]["description"]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_required_options_and_variables_are_its_own(provider: Provider) -> None:
    own = {name for group in groups(provider) for name in group.spec}
    assert set(provider.required) <= own
    assert set(provider.variables) <= own
    assert own <= set(MEMBER)
    assert set(provider.changing.spec).isdisjoint(MEMBER_INFO)


def test_an_option_of_two_providers_is_one_option() -> None:
    seen: dict[str, Any] = {}
    for provider in PROVIDERS:
        for group in groups(provider):
            for name, spec in group.spec.items():
                assert seen.setdefault(name, spec) is spec, name


def test_an_option_of_another_provider_is_refused_and_not_ignored() -> None:
    with pytest.raises(Refused, match="manager_url is an option of provider=apache, and provider is haproxy"):
        provider_of(params(manager_url="http://lb/balancer-manager"))
    assert provider_of(params(provider="apache", manager_url="http://lb/balancer-manager")).name == "apache"


def test_a_provider_that_works_on_the_node_is_refused_as_a_module() -> None:
    with pytest.raises(Refused, match="provider=health_page runs on a web node"):
        connect(params(provider="health_page"))


def test_an_ability_that_a_provider_does_not_have_is_refused_with_a_sentence() -> None:
    api = HealthPageApi(FakeNode(), Page(URL, FILE, "Shop", 10, 4, "shop.test"))
    for ability, said in ((Cutting, "on_timeout=restore"), (Weights, "has no weights"), (AgentChecks, "no agent")):
        with pytest.raises(Refused, match=rf"^the health page {URL} of web01 .*{said}.*\.$"):
            ability.of(api)


def test_the_provider_decides_where_a_nodes_tasks_run() -> None:
    assert load_balancer_hosts({}, ["lb01", "lb02"], "web01") == ["lb01", "lb02"]
    assert load_balancer_hosts({"provider": "apache"}, ["lb01"], "web01") == ["lb01"]
    assert load_balancer_hosts({"provider": "health_page"}, ["lb01"], "web01") == ["web01"]
    assert load_balancer_hosts({}, [], "web01") == []


@pytest.mark.parametrize("options", [{"provider": "f5"}, "haproxy", None])
def test_a_provider_that_is_not_known_has_no_hosts(options: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="was expected"):
        load_balancer_hosts(options, ["lb01"], "web01")
