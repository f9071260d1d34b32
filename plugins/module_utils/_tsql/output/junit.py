# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML: a test case for each script, failed where an error was found in it."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from ..findings import ERROR, Finding, Report
from .text import finding_lines

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    by_file: dict[str, list[Finding]] = {file: [] for file in report.files}
    for finding in report.findings:
        by_file.setdefault(finding.file, []).append(finding)
    failed = sum(1 for found in by_file.values() if any(one.severity == ERROR for one in found))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(by_file)}" failures="{failed}">',
        f'  <testsuite name="lint" tests="{len(by_file)}" failures="{failed}" errors="0">',
    ]
    for file, found in by_file.items():
        lines.append(f'    <testcase classname="lint" name={_attribute(file)}>')
        errors = [one for one in found if one.severity == ERROR]
        if errors:
            text = "\n".join("\n".join(finding_lines(one)) for one in errors)
            message = "; ".join(f"{one.line}:{one.column} {one.rule}: {one.message}" for one in errors)
            lines.append(
                f"      <failure type={_attribute(errors[0].rule)} "
                f"message={_attribute(message)}>{_text(text)}</failure>"
            )
        others = [one for one in found if one.severity != ERROR]
        if others:
            text = "\n".join("\n".join(finding_lines(one)) for one in others)
            lines.append(f"      <system-out>{_text(text)}</system-out>")
        lines.append("    </testcase>")
    lines += ["  </testsuite>", "</testsuites>"]
    return "\n".join(lines) + "\n"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("?", text))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("?", text))
