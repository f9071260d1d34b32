# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule catches what its file says and leaves its near misses alone; what lint advises passes lint."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, OFF
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.rules import RULES
from unit.tsql.rulefiles import Example, check, examples

EXAMPLES = examples()
# Rules whose findings name no script to copy: there is nothing to run instead, only something to leave out or to check.
WITHOUT_SCRIPT = {
    "rebuild-table", "add-persisted", "alter-implicit-null", "alter-null", "change-default", "kill-blockers",
    "index-set-options", "view-star", "schemabinding", "trigger-add", "trigger-quality", "trigger-off",
    "synonym-retarget", "recreate-module", "data-meaning", "database", "cross-database", "unqualified", "unnamed",
    "transaction", "no-transaction", "session", "same-batch", "not-idempotent", "name-length", "table-lock", "wait",
    "deadlock-priority", "own-tables", "dynamic", "unknown", "positional-use", "release-uses", "waiver", "stale-waiver",
    "not-runnable", "runs-later",
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.ident)
def test_example(example: Example) -> None:
    found = [finding for finding in check(example).findings if finding.rule == example.rule]
    if example.caught:
        assert found, [(one.rule, one.message) for one in check(example).findings]
        for finding in found:
            assert 1 <= finding.line <= example.text.count("\n") + 1
            assert finding.message and finding.reason and finding.advice
    else:
        assert found == []


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.caught], ids=lambda example: example.ident)
def test_near_misses_are_never_unknown(example: Example) -> None:
    assert [one.message for one in check(example).findings if one.rule == "unknown"] == []


def test_every_rule_has_its_examples() -> None:
    catches = Counter(example.rule for example in EXAMPLES if example.caught)
    misses = Counter(example.rule for example in EXAMPLES if not example.caught)
    for rule in RULES:
        assert catches[rule] >= 3, rule
        assert misses[rule] >= 2, rule
    assert set(catches) <= set(RULES)


def test_marks_and_phases() -> None:
    for rule in RULES.values():
        for phase in ("expand", "backfill"):
            assert rule.severity(phase) == ("warning" if rule.mark == "W" else ERROR), rule.id
        for phase in ("contract", "undo"):
            if rule.mark == "A":
                assert rule.severity(phase) == ERROR, rule.id
            elif rule.mark == "E":
                assert rule.severity(phase) == ("warning" if rule.blocking else OFF), rule.id


def advised() -> list[tuple[str, str, str]]:
    found: dict[tuple[str, str, str], None] = {}
    for example in EXAMPLES:
        if example.caught:
            for finding in check(example).findings:
                for phase, sql in finding.scripts:
                    found[(finding.rule, phase, sql)] = None
    return list(found)


@pytest.mark.parametrize(("rule", "phase", "sql"), advised(), ids=lambda value: str(value)[:30])
def test_advice_passes_lint(rule: str, phase: str, sql: str) -> None:
    report = check_scripts([("advice.sql", sql)], Options(phase=phase))
    assert [(one.rule, one.message) for one in report.findings if one.severity == ERROR] == []


def test_rules_write_their_advice_out() -> None:
    written = {rule for rule, _phase, _sql in advised()}
    assert {rule for rule in RULES if rule not in written} <= WITHOUT_SCRIPT


def test_advice_for_a_required_column_is_the_three_steps() -> None:
    report = check_scripts([("a.sql", "ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL")], Options())
    [finding] = report.findings
    assert [phase for phase, _sql in finding.scripts] == ["expand", "backfill", "contract"]
    assert "ALTER TABLE dbo.Things ADD Code nvarchar(20) NULL" in finding.advice
    assert "UPDATE TOP (1000) dbo.Things SET Code = N''" in finding.advice
    assert "ALTER COLUMN Code nvarchar(20) NOT NULL" in finding.advice
