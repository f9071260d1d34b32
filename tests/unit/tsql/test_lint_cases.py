# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that were once passed or refused wrongly (cases/lint_cases.json): each is read as a file, as a user's is.

`expect` names the results that are right: `refuse` is an error, `warn` a warning and no error, `pass` neither.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, WARNING
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run

CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "cases" / "lint_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_the_result_that_is_right(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    directory = tmp_path / case["phase"]
    directory.mkdir()
    (directory / "0001.sql").write_text("\n".join(case["sql"]) + "\n", encoding="utf-8")
    report = run(Request([str(directory)], case["phase"]))
    severities = {finding.severity for finding in report.findings}
    result = "refuse" if ERROR in severities else "warn" if WARNING in severities else "pass"
    found = [f"{finding.severity} {finding.rule}: {finding.message}" for finding in report.findings]
    assert result in case["expect"], (case["why"], found)
