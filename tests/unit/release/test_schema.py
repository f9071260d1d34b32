# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of release.yml: valid, published, the same as what uses its values, and understood as jsonschema does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.document import Node, Place, parse
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.schema import SCHEMA
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.validate import problems
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import NAMES
from ansible_collections.zero_downtime.dotnet.plugins.modules import http_probe
from hypothesis import given
from hypothesis import strategies as st

from .conftest import LEAST

ROOT = Path(__file__).resolve().parents[3]
# The environment's: address, certificates, secrets.
NOT_THE_RELEASES = {"url", "host", "validate_certs", "ca_path", "secret_headers"}
TYPES = {"str": "string", "int": "integer", "bool": "boolean", "list": "array", "dict": "object"}
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def test_the_schema_is_valid() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_published_file_is_the_schema() -> None:
    text = (ROOT / "docs/release.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(SCHEMA, indent=2) + "\n", "run scripts/release-schema"


def leaves(schema: dict[str, Any], at: str) -> list[tuple[str, dict[str, Any]]]:
    """Each described key of the schema."""
    found = []
    for key, described in schema.get("properties", {}).items():
        found += [(f"{at}{key}", described), *leaves(described, f"{at}{key}.")]
    return found + (leaves(schema["items"], f"{at}[].") if "items" in schema else [])


def test_each_key_has_a_type_and_a_description() -> None:
    keys = leaves(SCHEMA, "")
    assert len(keys) > 25
    for key, described in keys:
        assert described.get("type"), key
        assert str(described.get("description", "")).endswith("."), key


def kinds(schema: dict[str, Any]) -> list[str]:
    return [schema["type"]] if isinstance(schema["type"], str) else schema["type"]


def test_smoke_tests_have_the_options_of_http_probe() -> None:
    described = SCHEMA["properties"]["smoke"]["items"]["properties"]
    options = http_probe.argument_spec()
    assert set(described) - {"path"} == set(options) - NOT_THE_RELEASES
    for name, spec in options.items():
        if name in described:
            assert TYPES[spec.get("type", "str")] == kinds(described[name])[0], name
            if "elements" in spec:
                assert described[name]["items"]["type"] == TYPES[spec["elements"]], name
            assert described[name].get("enum") == spec.get("choices"), name


def test_the_node_role_reads_each_key_of_a_smoke_test() -> None:
    text = (ROOT / "roles/web_node/tasks/start.yml").read_text(encoding="utf-8")
    [verify] = yaml.safe_load(text)
    [task] = [one for one in verify["block"] if one["name"] == "Smoke test"]
    read = set(re.findall(r"\bitem\.([a-z_]+)", str(task)))
    assert read == set(SCHEMA["properties"]["smoke"]["items"]["properties"])


# -- the walker and jsonschema agree

TEXTS = st.one_of(
    st.sampled_from(
        ["", "shop", "2.0.0", "web.zip", "db/expand", "/abs", "../up", "a" * 64, "GET", "dbo.a.b", "x\n", "2."]
    ),
    st.text(max_size=5),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 700), st.floats(-3, 3, width=16), TEXTS)


def shaped(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that are often what a schema wants, and often not."""
    if "properties" in schema:
        known = {key: shaped(one) for key, one in schema["properties"].items()}
        wanted: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=known)
        more = st.dictionaries(st.sampled_from(["versoin", "Version", "x"]), SCALARS, max_size=1)
        wanted = st.builds(lambda one, two: {**one, **two}, wanted, st.one_of(st.just({}), more))
    elif "items" in schema:
        wanted = st.lists(shaped(schema["items"]), max_size=3)
    elif schema["type"] == "object":
        wanted = st.dictionaries(TEXTS, SCALARS, max_size=2)
    else:
        wanted = {"string": TEXTS, "integer": st.integers(-5, 700), "boolean": st.booleans()}[schema["type"]]
    return st.one_of(wanted, wanted, wanted, SCALARS)


def node_of(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: node_of(one) for key, one in value.items()}, Place(1, 1), Place(1, 1))
    if isinstance(value, list):
        return Node([node_of(one) for one in value], Place(1, 1))
    return Node(value, Place(1, 1), source=str(value))


def agree(value: Any, schema: dict[str, Any]) -> bool:
    accepted = not problems(node_of(value), schema)
    assert accepted == jsonschema.Draft7Validator(schema).is_valid(value), value
    return accepted


GOOD = {
    "app": "shop",
    "version": "2.0.0",
    "description": "x",
    "web": {"artifact": "web.zip", "sha256": "0" * 64},
    "database": {"expand": "db/expand"},
    "encoding": "cp1252",
    "modules": "in_place",
    "smoke": [{"path": "/smoke", "status": [200], "headers": {"a": "b"}, "follow_redirects": True, "timeout_s": 0}],
    "uses": ["dbo.a"],
    "supports": {"contract_after": 1},
}


@st.composite
def changed(draw: st.DrawFn, good: Any, schema: dict[str, Any]) -> Any:
    """A valid value, with one part of it drawn again from its schema, or removed."""
    if isinstance(good, dict) and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(good)))
        if draw(st.integers(0, 5)) == 0:
            return {name: one for name, one in good.items() if name != key}
        part = schema["properties"][key] if "properties" in schema else schema["additionalProperties"]
        return {**good, key: draw(changed(good[key], part))}
    if isinstance(good, list) and draw(st.booleans()):
        return [draw(changed(good[0], schema["items"]))]
    return draw(st.one_of(st.just(good), shaped(schema)))


@given(changed(GOOD, SCHEMA))
def test_the_walker_agrees_with_jsonschema(value: Any) -> None:
    agree(value, SCHEMA)


@pytest.mark.parametrize("key", sorted(GOOD))
def test_the_walker_agrees_in_each_part(key: str) -> None:
    """By part, so that both results come up in each."""
    assert set(GOOD) == set(SCHEMA["properties"])
    seen = set()

    @given(changed(GOOD[key], SCHEMA["properties"][key]))
    def compare(value: Any) -> None:
        seen.add(agree(value, SCHEMA["properties"][key]))

    compare()
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["a", "dbo.a", "dbo.Things.Colour", "[my.table]", '"a b".[c]]d]'])
def test_names_that_a_release_may_use(name: str) -> None:
    assert agree([name], SCHEMA["properties"]["uses"])


@pytest.mark.parametrize("name", ["", "a b", ".", "a.", "a..b", "server.db.dbo.a", "[a", "a\n", "dbo.a, dbo.b"])
def test_names_that_are_refused(name: str) -> None:
    assert not agree([name], SCHEMA["properties"]["uses"])


@pytest.mark.parametrize("path", ["db/expand", "sql", "a/b/c d", "..x/y", "x..", "änderungen"])
def test_directories(path: str) -> None:
    assert agree({"expand": path}, SCHEMA["properties"]["database"])


@pytest.mark.parametrize(
    "path",
    ["/db", "..", "../db", "db/..", "db/../..", ".", "./db", "db/.", "db//x", "C:/x", "a\\b", "", "a\x00", "a\n"],
)
def test_directories_that_are_refused(path: str) -> None:
    assert not agree({"expand": path}, SCHEMA["properties"]["database"])


# -- messages

MESSAGES = [
    ("versoin: 1\n", r"^4:1: versoin is not a known key, did you mean version\.$"),
    ("Uses: []\n", r"^4:1: Uses is not a known key, did you mean uses\.$"),
    ("zzz: 1\n", r"^4:1: zzz is not a known key, expected is one of app, version, description, web"),
    ("database: {expnd: a}\n", r"^4:12: database\.expnd is not a known key, did you mean expand\.$"),
    ("database: {expand: ../x}\n", r"^4:20: database\.expand is '\.\./x', expected is a directory inside the release"),
    ("uses: dbo.a\n", r"^4:7: uses is 'dbo\.a', expected is a list\.$"),
    ("uses: {dbo.a: 1}\n", r"^4:7: uses is a mapping, expected is a list\.$"),
    ("uses: [a, {b: c}]\n", r"^4:11: uses\[1\] is a mapping, expected is a text\.$"),
    ("uses:\n", r"^4:6: uses is empty, expected is a list\.$"),
    ("supports: {contract_after: -1}\n", r"^4:28: supports\.contract_after is -1, expected is 0 or more\.$"),
    ("supports: {contract_after: '1'}\n", r"^4:28: supports\.contract_after is '1', expected is a whole number\.$"),
    ("description: 1.10\n", r"^4:14: description is the number 1\.10, expected is a text: put it in quotes\.$"),
    ("description: true\n", r"^4:14: description is true, expected is a text: put it in quotes\.$"),
    ("smoke: [{status: [200]}]\n", r"^4:9: smoke\[0\]\.path is missing\.$"),
    ("smoke: [{path: smoke}]\n", r"^4:16: smoke\[0\]\.path is 'smoke', expected is a path that begins with one /"),
    ("smoke: [{path: /, status: []}]\n", r"^4:27: smoke\[0\]\.status has 0 items, expected are 1 or more\.$"),
    ("smoke: [{path: /, status: [600]}]\n", r"^4:28: smoke\[0\]\.status\[0\] is 600, expected is 599 or less\.$"),
    ("smoke: [{path: /, status: 600}]\n", r"^4:27: smoke\[0\]\.status is 600, expected is 599 or less\.$"),
    ("smoke: [{path: /, status: '2'}]\n", r"^4:27: smoke\[0\]\.status is '2', expected is a list or a whole number\.$"),
    ("smoke: [{path: /, method: PUT}]\n", r"^4:27: smoke\[0\]\.method is 'PUT', expected is GET or HEAD\.$"),
    ("smoke: [{path: /, json: ['']}]\n", r"^4:26: smoke\[0\]\.json\[0\] has 0 characters, expected are 1 or more\.$"),
    ("smoke: [{path: /, follow_redirects: yes}]\n", r"'yes', expected is true or false\.$"),
    ("smoke: [{path: /, secret_headers: {a: b}}]\n", r"secret_headers is not a known key"),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_messages(text: str, message: str) -> None:
    [problem] = problems(parse((LEAST + text).encode(), "f"), SCHEMA)
    assert re.search(message, f"{problem.line}:{problem.column}: {problem.message}")


def test_each_keyword_of_the_schema_has_a_message_in_the_table() -> None:
    """No keyword is without a test of what it refuses."""
    words = {
        "not a known key",
        "is missing",
        "items",
        "or less",
        "or more",
        "GET or HEAD",
        "characters",
        "expected is a list",
    }
    assert all(any(word in message.replace("\\", "") for _text, message in MESSAGES) for word in words)


def test_the_least_and_everything_are_accepted() -> None:
    assert problems(parse(LEAST.encode(), "f"), SCHEMA) == []
    everything = {phase: f"db/{phase}" for phase in NAMES}
    text = f"{LEAST}description: x\nuses: [dbo.a]\nsmoke: [{{path: /x}}]\ndatabase: {json.dumps(everything)}\n"
    assert problems(parse(text.encode(), "f"), SCHEMA) == []
