# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: ``-- lint: allow <rule-id> <reason>`` on the line before a statement. Private to the collection."""

from __future__ import annotations

import re
from bisect import bisect_left

from .analysis import Script, Unit
from .findings import Finding, Waiver
from .lexer import Comment, Token
from .rules import RULES

_WAIVER = re.compile(r"--\s*lint\s*:\s*(?P<rest>.*)", re.I | re.S)
_LONGEST_CONTROL = 64
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
        marked = [
            (comment, hit)
            for comment in script.scan.comments
            if comment.text.startswith("--") and (hit := _WAIVER.match(comment.text))
        ]
        if not marked:
            return
        starts = [unit for unit in script.units if not unit.in_string]
        makers = {id(unit.statement): unit.root for unit in starts}
        for unit in starts:
            # a waiver before CREATE VIEW and the like holds for the body too
            if unit.statement.module is not None and unit.statement.module.statement is not None:
                self._owners[unit.root] = makers.get(id(unit.statement.module.statement), -1)
        places = [unit.statement.token.start for unit in starts]
        tokens = [token.start for token in script.scan.tokens]
        for comment, hit in marked:
            waiver = self._waiver(comment, hit.group("rest"))
            at = bisect_left(tokens, comment.end)
            if waiver is not None and at < len(tokens):
                self._place(waiver, script.scan.tokens[at], starts, bisect_left(places, tokens[at]))

    def _waiver(self, comment: Comment, text: str) -> Waiver | None:
        """The waiver that a comment gives; None for one that cannot hold."""
        verb, rule, reason = (*text.split(None, 2), "", "", "")[:3]
        if verb.lower() != "allow" or rule not in RULES or not RULES[rule].waivable:
            shown = comment.text.strip()[:80]
            self.invalid.append((comment.start, f"'{shown}' names no rule: write -- lint: allow <rule-id> <reason>"))
            return None
        if not any(character.isalpha() for character in reason):
            self.invalid.append((comment.start, f"the waiver for {rule} gives no reason"))
            return None
        waiver = Waiver(rule, reason.strip(), self.script.file, self.script.lines.position(comment.start)[0])
        self.found.append(waiver)
        return waiver

    def _place(self, waiver: Waiver, first: Token, starts: list[Unit], at: int) -> None:
        """Let a waiver cover the statement that begins with a token, or the line of a token inside a statement."""
        begins_here = at < len(starts) and _begin(starts[at]) <= first.start
        if not begins_here and not (first.key == "BEGIN" and at < len(starts)):
            self._by_line[(waiver.rule, self.script.lines.position(first.start)[0])] = waiver
            return
        self._by_root[(waiver.rule, starts[at].root)] = waiver
        if begins_here:
            # IF ... before the statement that is meant
            last = min(len(starts) - 1, at + _LONGEST_CONTROL)
            while at < last and starts[at].statement.kind in _CONTROL:
                at += 1
            self._by_root[(waiver.rule, starts[at].root)] = waiver

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
