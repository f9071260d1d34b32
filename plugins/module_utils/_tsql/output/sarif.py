# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as SARIF 2.1.0, which code hosts show beside the changed lines."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from ..findings import Finding, Report
from ..rules import RULES

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report) -> str:
    rules = sorted(RULES)
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "zero_downtime.dotnet lint",
                        "rules": [
                            {
                                "id": name,
                                "shortDescription": {"text": RULES[name].title},
                                "fullDescription": {"text": RULES[name].reason},
                                "help": {"text": RULES[name].instead},
                            }
                            for name in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    *(_result(finding, rules.index(finding.rule)) for finding in report.findings),
                    *(_waived(finding, rules.index(finding.rule)) for finding in report.waived),
                ],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _result(finding: Finding, index: int) -> dict[str, Any]:
    text = finding.message + (f". {finding.reason}" if finding.reason else "")
    if finding.advice:
        text += f"\nInstead: {finding.advice}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS.get(finding.severity, "none"),
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.file.replace("\\", "/"))},
                    "region": {
                        "startLine": finding.line,
                        "startColumn": finding.column,
                        "endColumn": finding.column + finding.length,
                    },
                }
            }
        ],
    }


def _waived(finding: Finding, index: int) -> dict[str, Any]:
    return {
        **_result(finding, index),
        "suppressions": [{"kind": "inSource", "justification": finding.waiver}],
    }
