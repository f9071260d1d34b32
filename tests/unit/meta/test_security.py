# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/security.md claims nothing without naming the test, or saying that there is none."""

from __future__ import annotations

import re

from .conftest import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)`")
UNTESTED = "*not tested*"
HEADS = ("|-", "| part", "| what h")


def claims(page: str) -> list[str]:
    """Each row of a table and each item of a list, with its further lines."""
    rows = [line for line in page.splitlines() if line.startswith("|") and not line.startswith(HEADS)]
    items = re.findall(r"^- .*(?:\n  .*)*", page, re.MULTILINE)
    return rows + items


def unproven(page: str) -> list[str]:
    return [claim for claim in claims(page) if UNTESTED not in claim and not TEST.search(claim)]


def test_each_claim_names_its_test_or_says_that_it_has_none() -> None:
    assert len(claims(PAGE)) > 25
    assert unproven(PAGE) == []
    assert [name for name in TEST.findall(PAGE) if not (ROOT / name).is_file()] == []


def test_a_claim_without_either_is_found() -> None:
    assert unproven("| a node | is honest | |\n- It is safe.\n") == ["| a node | is honest | |", "- It is safe."]
