# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: ``-- lint: allow <rule-id> <reason>`` on the line before a statement. Private to the collection."""

from __future__ import annotations

import re

from .analysis import Script, Unit
from .findings import Finding, Waiver
from .rules import RULES

_WAIVER = re.compile(r"--\s*lint\s*:\s*(?P<rest>.*)", re.I | re.S)
_CONTROL = frozenset({"IF", "WHILE", "ELSE", "LABEL"})


class Waivers:
    """The waivers of one script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.found: list[Waiver] = []
        self.invalid: list[tuple[int, str]] = []
        self._by_root: dict[tuple[str, int], Waiver] = {}
        self._by_line: dict[tuple[str, int], Waiver] = {}
        self._owners: dict[int, int] = {}
        self._read()

    def _read(self) -> None:
        script = self.script
        comments = [comment for comment in script.scan.comments if comment.text.startswith("--")]
        marked = [(comment, hit) for comment in comments if (hit := _WAIVER.match(comment.text))]
        if not marked:
            return
        starts = [unit for unit in script.units if not unit.in_string]
        makers = {id(unit.statement): unit.root for unit in starts}
        for unit in starts:
            # a waiver before CREATE VIEW and the like holds for the body too
            if unit.statement.module is not None and unit.statement.module.statement is not None:
                self._owners[unit.root] = makers.get(id(unit.statement.module.statement), -1)
        tokens = script.scan.tokens
        at_unit = 0
        at_token = 0
        for comment, hit in marked:
            words = hit.group("rest").split(None, 2)
            rule = words[1] if len(words) > 1 else ""
            reason = words[2].strip() if len(words) > 2 else ""
            if not words or words[0].lower() != "allow" or rule not in RULES or not RULES[rule].waivable:
                self.invalid.append(
                    (
                        comment.start,
                        f"'{comment.text.strip()[:80]}' names no rule: write -- lint: allow <rule-id> <reason>",
                    )
                )
                continue
            if not any(character.isalpha() for character in reason):
                self.invalid.append((comment.start, f"the waiver for {rule} gives no reason"))
                continue
            waiver = Waiver(rule, reason, script.file, script.lines.position(comment.start)[0])
            self.found.append(waiver)
            while at_token < len(tokens) and tokens[at_token].start < comment.end:
                at_token += 1
            if at_token == len(tokens):
                continue
            first = tokens[at_token]
            while (
                at_unit < len(starts)
                and starts[at_unit].statement.token.start < first.start
                and _begin(starts[at_unit]) < first.start
            ):
                at_unit += 1
            following = at_unit
            if following < len(starts) and _begin(starts[following]) <= first.start:
                while (
                    following + 1 < len(starts)
                    and following < at_unit + 64
                    and starts[following].statement.kind in _CONTROL
                ):
                    following += 1
                self._by_root[(rule, starts[following].root)] = waiver
                if following != at_unit:
                    self._by_root[(rule, starts[at_unit].root)] = waiver
            elif first.key == "BEGIN" and following < len(starts):
                self._by_root[(rule, starts[following].root)] = waiver
            else:
                self._by_line[(rule, script.lines.position(first.start)[0])] = waiver

    def waive(self, finding: Finding) -> bool:
        """Whether a waiver covers the finding; it is marked then."""
        waiver = (
            self._by_root.get((finding.rule, finding.root))
            or self._by_line.get((finding.rule, finding.line))
            or self._by_root.get((finding.rule, self._owners.get(finding.root, -1)))
        )
        if waiver is None:
            return False
        waiver.used += 1
        finding.waived = True
        finding.waiver = waiver.reason
        return True

    @property
    def stale(self) -> list[Waiver]:
        return [waiver for waiver in self.found if not waiver.used]


def _begin(unit: Unit) -> int:
    """Where a statement begins, common table expressions included."""
    statement = unit.statement
    tokens = unit.tokens[statement.first : statement.first + 1]
    start = tokens[0].start if tokens else statement.token.start
    return min(start, statement.token.start)
