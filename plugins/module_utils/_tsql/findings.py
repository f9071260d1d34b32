# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the linter says: findings, advice and waivers. Private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field

ERROR, WARNING, NOTE, OFF = "error", "warning", "note", "off"
SEVERITIES = (ERROR, WARNING, NOTE, OFF)


@dataclass(frozen=True)
class Advice:
    """The safe way for the statement at hand: a sentence, and scripts to copy, each for one phase."""

    text: str
    scripts: tuple[tuple[str, str], ...] = ()

    def render(self) -> str:
        parts = [self.text] if self.text else []
        for phase, sql in self.scripts:
            parts.append(f"-- {phase}:\n{sql.rstrip()}")
        return "\n".join(parts)


@dataclass
class Finding:
    """Something that a script does and should not, or that the linter cannot vouch for."""

    rule: str
    severity: str
    file: str
    line: int
    column: int
    message: str
    reason: str = ""
    advice: str = ""
    scripts: tuple[tuple[str, str], ...] = ()
    phase: str = ""
    source: str = ""
    """The line of the script that it is about."""
    length: int = 1
    """How many characters of that line to mark."""
    table_rows: int | None = None
    waived: bool = False
    waiver: str = ""
    root: int = -1
    """Which statement of the script it belongs to."""

    def as_dict(self) -> dict[str, object]:
        found: dict[str, object] = {
            "rule": self.rule,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "reason": self.reason,
            "advice": self.advice,
            "phase": self.phase,
            "source": self.source,
        }
        if self.table_rows is not None:
            found["table_rows"] = self.table_rows
        return found


@dataclass
class Waiver:
    """``-- lint: allow <rule-id> <reason>``"""

    rule: str
    reason: str
    file: str
    line: int
    used: int = 0

    def as_dict(self) -> dict[str, object]:
        return {"rule": self.rule, "reason": self.reason, "file": self.file, "line": self.line, "findings": self.used}


@dataclass
class Report:
    """What lint found in a set of scripts."""

    findings: list[Finding] = field(default_factory=list)
    waived: list[Finding] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    """Scripts that the journal says were applied before, so that nothing runs them again: not checked."""
    statements: int = 0
    objects: list[dict[str, object]] = field(default_factory=list)
    """Versioned objects, with the releases that use them."""
    live: bool = False
    silent: list[str] = field(default_factory=list)
    """What a release of one's own leaves out, so that a later lint refuses: sentences."""

    def count(self, severity: str) -> int:
        return sum(1 for finding in self.findings if finding.severity == severity)

    @property
    def refused(self) -> bool:
        return any(finding.severity == ERROR for finding in self.findings)
