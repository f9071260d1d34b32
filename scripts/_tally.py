# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One closing line over the linters' results (RESULTS) and pytest's reports (JUNIT ...)."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main() -> None:
    results, reports = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    linters = [line.split()[1] for line in results.read_text().splitlines()] if results.exists() else ["FAILED"]
    passed, failed, skipped = linters.count("ok"), linters.count("FAILED"), 0
    suites = []
    for report in reports:
        found = list(ET.parse(report).getroot().iter("testsuite")) if report.exists() else []
        # Without a report pytest itself has failed, which is a failure too.
        failed += not found
        suites += found
    for suite in suites:
        total, broken, left_out = (
            int(suite.get("tests", 0)),
            int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
            int(suite.get("skipped", 0)),
        )
        passed, failed, skipped = passed + total - broken - left_out, failed + broken, skipped + left_out
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


if __name__ == "__main__":
    main()
