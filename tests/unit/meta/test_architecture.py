# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/architecture.md names what is there: each path, each room, and for each row of its table a test."""

from __future__ import annotations

import re

from .conftest import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`\s]+)`")
TOP = (
    "plugins/",
    "roles/",
    "playbooks/",
    "tests/",
    "docs/",
    "scripts/",
    "examples/",
    "meta/",
    "changelogs/",
    ".github/",
)
PLACEHOLDER = re.compile(r"[<>*]|NAME")
ADDED = {"a load balancer provider", "a lint rule", "a phase policy", "a node driver", "a strategy", "a module"}


def paths(text: str) -> list[str]:
    """What a text names as paths from the root of the repository."""
    return [name for name in QUOTED.findall(text) if name.startswith(TOP) and not PLACEHOLDER.search(name)]


def rows(text: str) -> dict[str, list[str]]:
    """The table of what to touch: the other two columns by the first one."""
    table = text.partition("## To add something")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return {first: others for first, *others in cells[2:]}


def untried(text: str) -> list[str]:
    """Rows whose last column names no test that is there."""
    return [
        name
        for name, (_touch, test) in rows(text).items()
        if not any((ROOT / path).is_file() for path in paths(test) if path.startswith("tests/"))
    ]


def test_every_path_is_there() -> None:
    named = paths(PAGE)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_room_is_on_the_page() -> None:
    rooms = [path for path in (ROOT / "plugins/module_utils").iterdir() if path.is_dir() and path.name[:2] != "__"]
    rooms += [path for path in (ROOT / "plugins").iterdir() if path.is_dir() and path.name != "module_utils"]
    rooms += [ROOT / "playbooks", ROOT / "playbooks/stages", ROOT / "tests/lab", ROOT / "tests/unit", ROOT / "examples"]
    named = set(QUOTED.findall(PAGE))
    assert {str(path.relative_to(ROOT)) + "/" for path in rooms if path.name[:2] != "__"} - named == set()
    assert {f"roles/{path.name}" for path in (ROOT / "roles").iterdir()} - named == set()


def test_every_row_has_a_test() -> None:
    assert set(rows(PAGE)) == ADDED
    assert untried(PAGE) == []


def test_what_is_not_there_is_found() -> None:
    page = "## To add something\n\n| to add | touch | tried by |\n|---|---|---|\n"
    page += "| a lint rule | `plugins/modules/none.py` | `tests/unit/none.py` |\n"
    assert untried(page) == ["a lint rule"]
    assert [name for name in paths(page) if not (ROOT / name).exists()] == [
        "plugins/modules/none.py",
        "tests/unit/none.py",
    ]
