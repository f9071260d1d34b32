# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands and the release.yml that the pages show are right: modules with options, playbooks, variables, programs.

The pages' make targets, links and names are in test_readme.py.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.splitter import parse_kv
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.manifest import read_manifest

from .conftest import NAMESPACE, ROOT
from .test_variables import documented

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PROGRAMS = (
    "ansible ",
    "ansible-playbook ",
    "ansible-doc ",
    "scripts/",
    "python plugins/",
    "python -m ",
)


def commands(text: str) -> list[list[str]]:
    """The commands of a page's code blocks that this test knows, as words."""
    lines = [line.strip() for _indent, _kind, block in BLOCK.findall(text) for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(PROGRAMS)]


def value_of(words: list[str], switch: str) -> str:
    return words[words.index(switch) + 1] if switch in words else ""


def wrong_module(words: list[str], documentation: dict[str, Any]) -> list[str]:
    """What is wrong with `ansible HOSTS -m MODULE -a OPTIONS`."""
    name = value_of(words, "-m").removeprefix(f"{NAMESPACE}.")
    if name not in documentation:
        return [f"{name} is not a module"]
    options = documentation[name]["doc"]["options"]
    found = []
    for option, value in parse_kv(value_of(words, "-a")).items():
        if option not in options:
            found.append(f"{name} has no option {option}")
        elif options[option].get("choices") and value not in options[option]["choices"]:
            found.append(f"{name}: {option} is not {value}")
    return found


def wrong_playbook(words: list[str], _documentation: dict[str, Any]) -> list[str]:
    """What is wrong with `ansible-playbook PLAYBOOK -e VARIABLE=VALUE`."""
    name = words[1].removeprefix(f"{NAMESPACE}.")
    folder = "playbooks" if name != words[1] else "examples"
    found = [] if (ROOT / folder / f"{name.removesuffix('.yml')}.yml").is_file() else [f"{words[1]} is not a playbook"]
    given = [word.partition("=")[0] for switch, word in zip(words, words[1:]) if switch == "-e"]
    return found + [f"{one} is not a variable" for one in given if one not in documented()]


def wrong_page(words: list[str], documentation: dict[str, Any]) -> list[str]:
    """What is wrong with `ansible-doc [-t role] NAME`."""
    name = words[-1].removeprefix(f"{NAMESPACE}.")
    there = (ROOT / "roles" / name).is_dir() if value_of(words, "-t") == "role" else name in documentation
    return [] if there else [f"{words[-1]} has no page"]


def wrong_program(words: list[str], _documentation: dict[str, Any]) -> list[str]:
    """What is wrong with a program of the repository."""
    if words[1:2] == ["-m"]:
        path = words[2].partition("zero_downtime.dotnet.")[2].replace(".", "/")
    else:
        path = words[1] if words[0] == "python" else words[0]
    return [] if path and (ROOT / path).exists() else [f"{path or words[2]} is not there"]


CHECKS = {
    "ansible": wrong_module,
    "ansible-playbook": wrong_playbook,
    "ansible-doc": wrong_page,
}


def wrong(text: str, documentation: dict[str, Any]) -> list[str]:
    return [
        problem for words in commands(text) for problem in CHECKS.get(words[0], wrong_program)(words, documentation)
    ]


def test_each_command_is_right(documentation: dict[str, Any]) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
    assert sum(len(commands(text)) for text in texts.values()) > 12
    assert {name: found for name, text in texts.items() if (found := wrong(text, documentation))} == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ansible lb -m zero_downtime.dotnet.lb_membre -a x=1", "lb_membre is not a module"),
        ("ansible lb -m zero_downtime.dotnet.lb_member -a 'membr=web01'", "lb_member has no option membr"),
        ("ansible lb -m zero_downtime.dotnet.lb_member -a state=gone", "lb_member: state is not gone"),
        ("ansible-playbook zero_downtime.dotnet.deploy", "zero_downtime.dotnet.deploy is not a playbook"),
        ("ansible-playbook rolling_deploy.yml -e dotnet_relase=x", "dotnet_relase is not a variable"),
        ("ansible-doc -t role zero_downtime.dotnet.none", "zero_downtime.dotnet.none has no page"),
        ("scripts/none x", "scripts/none is not there"),
        ("python plugins/module_utils/_none db/", "plugins/module_utils/_none is not there"),
    ],
)
def test_a_command_that_is_wrong_is_found(line: str, problem: str, documentation: dict[str, Any]) -> None:
    assert wrong(f"```\n{line}  # a comment\n```\n", documentation) == [problem]


def test_each_release_yml_on_a_page_can_be_read(tmp_path: Path) -> None:
    read = 0
    for path in PAGES:
        for _indent, kind, block in BLOCK.findall(path.read_text(encoding="utf-8")):
            if kind == "yaml" and block.startswith("# release.yml"):
                file = tmp_path / "release.yml"
                file.write_text(block)
                assert read_manifest(file).uses
                assert set(yaml.safe_load(block)) >= {"app", "version", "web", "database", "smoke", "uses", "supports"}
                read += 1
    assert read
