# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about the linter tells of every rule and option what is so."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.cli import parser
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.output.text import finding_lines
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.rules import RULES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "lint.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_the_catalogue() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 6]
    assert rows == [
        f"| `{rule.id}` | {rule.mark} | {rule.title} | {rule.reason} | {rule.instead} |" for rule in RULES.values()
    ]


def test_every_option_is_told() -> None:
    for action in parser()._actions:
        for option in action.option_strings:
            assert option in ("-h", "--help") or option in PAGE, option


def test_the_example_is_what_is_printed() -> None:
    [finding] = check_text("ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL;", file="db/expand/0003_code.sql")
    printed = "\n".join(finding_lines(finding))
    shown = PAGE.split("```\ndb/expand/")[1].split("        -- backfill:")[0]
    assert f"db/expand/{shown}" in printed
