# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages name exists: make targets, playbooks, modules, roles, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import NAMESPACE, ROOT

PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
MAKE = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)
NAMED = re.compile(rf"(?<!ansible_collections\.)\b{re.escape(NAMESPACE)}\.((?:stages\.)?[a-z][a-z0-9_]*)\b")
PLAYBOOK = re.compile(r"\bplaybooks/([a-z0-9_/]+)\.yml\b")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def names() -> set[str]:
    """Everything that can stand behind the collection's name."""
    folders = ["plugins/modules/*.py", "plugins/doc_fragments/*.py", "playbooks/*.yml"]
    found = {path.stem for folder in folders for path in ROOT.glob(folder)}
    found |= {f"stages.{path.stem}" for path in (ROOT / "playbooks/stages").glob("*.yml")}
    return found | {path.name for path in (ROOT / "roles").iterdir()} | {"all", "load_balancer", "mssql", "git", "iis"}


def missing(text: str, folder: Path) -> list[str]:
    """What a page names that is not there."""
    found = [f"make {one or other}" for one, other in MAKE.findall(text) if (one or other) not in targets()]
    found += [f"{NAMESPACE}.{name}" for name in NAMED.findall(text) if name not in names()]
    found += [
        f"playbooks/{name}.yml" for name in PLAYBOOK.findall(text) if not (ROOT / f"playbooks/{name}.yml").is_file()
    ]
    links = [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")]
    return found + [link for link in links if not (folder / link).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    path = ROOT / page
    assert missing(path.read_text(encoding="utf-8"), path.parent) == []


def test_the_readme_begins_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make demo\b", text, re.MULTILINE)
    assert re.search(r"^make test\b", text, re.MULTILINE)


def test_the_index_has_every_page() -> None:
    index = set(LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8")))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - index == {"README.md"}


def test_every_target_of_the_makefile_is_in_its_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)) == targets()


def test_a_page_that_names_what_is_not_there_is_caught() -> None:
    text = (
        f"`make coffee` {NAMESPACE}.no_such_module playbooks/none.yml [page](none.md) "
        f"`make demo` {NAMESPACE}.http_probe"
    )
    assert missing(text, ROOT) == ["make coffee", f"{NAMESPACE}.no_such_module", "playbooks/none.yml", "none.md"]
