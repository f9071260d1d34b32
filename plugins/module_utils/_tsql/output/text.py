# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: source line, caret, reason, advice."""

from __future__ import annotations

from ..findings import ERROR, NOTE, WARNING, Finding, Report


def finding_lines(finding: Finding, advice: bool = True) -> list[str]:
    """One finding."""
    lines = [f"{finding.file}:{finding.line}:{finding.column}: {finding.severity}: {finding.message} [{finding.rule}]"]
    source = finding.source.expandtabs(1).rstrip()
    if source and finding.column <= len(source):
        column = finding.column
        if len(source) > 160:
            cut = max(0, column - 60)
            source, column = source[cut : cut + 150], column - cut
        lines.append(f"    {source}")
        lines.append(
            "    " + " " * (column - 1) + "^" + "~" * (min(finding.length, max(1, len(source) - column + 1)) - 1)
        )
    if finding.table_rows is not None:
        lines.append(f"    The table has {finding.table_rows:,} rows.")
    if finding.reason:
        lines.append(f"    why: {finding.reason}")
    if advice and finding.advice:
        first, *rest = finding.advice.splitlines()
        lines.append(f"    instead: {first}")
        lines += [f"        {line}".rstrip() for line in rest]
    return lines


def summary(report: Report) -> str:
    """One sentence."""
    counts = [
        f"{report.count(severity)} {word}{'' if report.count(severity) == 1 else 's'}"
        for severity, word in ((ERROR, "error"), (WARNING, "warning"), (NOTE, "note"))
        if report.count(severity) or severity == ERROR
    ]
    used = sum(1 for waiver in report.waivers if waiver.used)
    waived = f", {len(report.waived)} waived by {used} waiver{'' if used == 1 else 's'}" if report.waived else ""
    scripts = f"{len(report.files)} script{'' if len(report.files) == 1 else 's'}"
    outcome = "REFUSED" if report.refused else "passed"
    return f"{outcome}: {', '.join(counts)} in {scripts} ({report.statements} statements){waived}."


def sentence(report: Report) -> str:
    """Why it was refused, for a single line."""
    errors = [finding for finding in report.findings if finding.severity == ERROR]
    if not errors:
        return summary(report)
    first = errors[0]
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    advice = first.advice.splitlines()[0] if first.advice and not first.advice.startswith("-- ") else ""
    return (
        f"The {first.phase} scripts are refused: {first.file}, line {first.line}, column {first.column}: "
        f"{first.message} ({first.rule}){more}. "
        f"{first.reason} {advice}".rstrip()
        + " Fix the script, or allow it on the line before the statement with "
        f"'-- lint: allow {first.rule} <reason>'. Nothing was touched."
    )


def render(report: Report, advice: bool = True) -> str:
    """Everything."""
    lines: list[str] = []
    for finding in report.findings:
        lines += [*finding_lines(finding, advice), ""]
    for finding in report.waived:
        lines.append(f"{finding.file}:{finding.line}: waived: {finding.message} [{finding.rule}]: {finding.waiver}")
    for one in report.objects:
        used_by = one["used_by"]
        state = (
            f"used by {', '.join(used_by)}" if isinstance(used_by, list) and used_by else "used by no supported release"
        )
        if one["removable"]:
            state += "; may be removed now"
        elif one["removable_after"]:
            state += f"; may be removed after {one['removable_after']} is retired"
        lines.append(f"{one['name']}: {state}")
    lines.append(summary(report))
    return "\n".join(lines) + "\n"
